# METADATA
# title: Moderato's decision
# description: |
#   Denies by default. Every package below moderato.rules is one rule: `permit` is true if the rule allows the call, `deny`
#   holds messages that deny it, and `ask` holds objects that require people to approve it: `{"approvers": 1 or 2,
#   "message": why}`, with `"rule": name` where it has one. A call is allowed if a rule permits it and none denies it. To
#   add a rule, add a folder.
# schemas:
#   - input: schema.input
package moderato

# METADATA
# title: Verdict
# description: |
#   Says whether the call is allowed, which rules decided (`package.rule`), what to tell the agent, and how many people
#   must approve the call first.
# entrypoint: true
decision := {
	"allow": false,
	"rules": sort([$"moderato.rules.{name}.deny" | some name, _ in _denials]),
	"messages": sort({message | some messages in _denials; some message in messages}),
	"approvals": 0,
} if {
	count(_denials) > 0
} else := object.union(_asking, {
	"allow": true,
	"rules": sort(array.concat(
		[$"moderato.rules.{name}.permit" | some name in _permitting],
		[$"moderato.rules.{name}.ask" | some name, _ in _asks],
	)),
	"messages": sort({ask.message | some asks in _asks; some ask in asks}),
	"approvals": max({0} | {_approvers(asks) | some asks in _asks}),
}) if {
	count(_permitting) > 0
} else := {
	"allow": false,
	"rules": ["moderato.default_deny"],
	"messages": ["No rule of the policy permits this call."],
	"approvals": 0,
}

# The names of the rules that ask for people, if they have names.
_asking := {"asks": names |
	names := sort({ask.rule | some asks in _asks; some ask in asks})
	count(names) > 0
}

_permitting contains name if data.moderato.rules[name].permit == true

# Anything except the empty set is a denial: a rule that says `deny := true` by mistake still denies.
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

# One person is enough only if every ask says 1. Any other value, also a wrong one, requires two.
_approvers(asks) := 1 if {
	every ask in asks { ask.approvers == 1 }
} else := 2
