# METADATA
# title: Moderato's decision
# description: |
#   Default deny. Every package below moderato.rules is one rule: `permit` speaks for a call, `deny` holds messages
#   against it. A call is allowed if a rule permits it and none denies it, so adding a rule is adding a folder.
# schemas:
#   - input: schema.input
package moderato

# METADATA
# title: Verdict
# description: Whether the call may go on, which rules said so (`package.rule`), and what to tell the agent.
# entrypoint: true
decision := {
	"allow": false,
	"rules": sort([$"moderato.rules.{name}.deny" | some name, _ in _denials]),
	"messages": sort({message | some messages in _denials; some message in messages}),
} if {
	count(_denials) > 0
} else := {
	"allow": true,
	"rules": sort([$"moderato.rules.{name}.permit" | some name in _permitting]),
	"messages": [],
} if {
	count(_permitting) > 0
} else := {
	"allow": false,
	"rules": ["moderato.default_deny"],
	"messages": ["No rule of the policy permits this call."],
}

_permitting contains name if data.moderato.rules[name].permit == true

# Anything but the empty set is a denial: a rule that by mistake says `deny := true` still denies.
_denials[name] := messages if {
	some name
	messages := data.moderato.rules[name].deny
	messages != set()
}
