# METADATA
# title: Moderato's decision
# description: |
#   Default deny. Every package below moderato.rules is one rule: `permit` speaks for a call, `deny` holds messages
#   against it, and `ask` holds objects that want people to approve it: `{"approvers": 1 or 2, "message": why}`. A call
#   is allowed if a rule permits it and none denies it, so adding a rule is adding a folder.
# schemas:
#   - input: schema.input
package moderato

# METADATA
# title: Verdict
# description: |
#   Whether the call may go on, which rules said so (`package.rule`), what to tell the agent, and how many people must
#   approve it first.
# entrypoint: true
decision := {
	"allow": false,
	"rules": sort([$"moderato.rules.{name}.deny" | some name, _ in _denials]),
	"messages": sort({message | some messages in _denials; some message in messages}),
	"approvals": 0,
} if {
	count(_denials) > 0
} else := {
	"allow": true,
	"rules": sort(array.concat(
		[$"moderato.rules.{name}.permit" | some name in _permitting],
		[$"moderato.rules.{name}.ask" | some name, _ in _asks],
	)),
	"messages": sort({ask.message | some asks in _asks; some ask in asks}),
	"approvals": max({0} | {_approvers(asks) | some asks in _asks}),
} if {
	count(_permitting) > 0
} else := {
	"allow": false,
	"rules": ["moderato.default_deny"],
	"messages": ["No rule of the policy permits this call."],
	"approvals": 0,
}

_permitting contains name if data.moderato.rules[name].permit == true

# Anything but the empty set is a denial: a rule that by mistake says `deny := true` still denies.
_denials[name] := messages if {
	some name
	messages := data.moderato.rules[name].deny
	messages != set()
}

_asks[name] := asks if {
	some name
	asks := data.moderato.rules[name].ask
	asks != set()
}

# One person only where every ask says so: whatever else a rule asks by mistake takes two.
_approvers(asks) := 1 if {
	every ask in asks { ask.approvers == 1 }
} else := 2
