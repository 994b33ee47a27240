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
# description: Whether the call may go on, which rules said so, and what to tell the agent.
# entrypoint: true
decision := {
	"allow": allow,
	"rules": sort(_speakers),
	"messages": sort(_messages),
}

# METADATA
# title: Allow
# description: Some rule permits and no rule denies.
default allow := false

allow if {
	count(_permitting) > 0
	count(_denials) == 0
}

# METADATA
# title: Rules that spoke
# description: Full names, `package.rule`; of a refusal only those that refused.
_speakers contains $"moderato.rules.{name}.permit" if {
	some name in _permitting
	count(_denials) == 0
}

_speakers contains $"moderato.rules.{name}.deny" if some name, _ in _denials

_speakers contains "moderato.default_deny" if _nothing_spoke

# METADATA
# title: Messages
# description: Why not, and what to do about it.
_messages contains message if {
	some texts in _denials
	some message in texts
}

_messages contains "No rule of the policy permits this call." if _nothing_spoke

_nothing_spoke if {
	count(_permitting) == 0
	count(_denials) == 0
}

_permitting contains name if data.moderato.rules[name].permit

_denials[name] := texts if {
	some name
	texts := data.moderato.rules[name].deny
	count(texts) > 0
}
