# METADATA
# title: Approvals
# description: |
#   What operators want people to see first: `policy.approvals` of the configuration, as `data.approvals`. A rule of it
#   speaks if all that it names holds of the call. What a call does not name counts as what the rule is about: it is
#   cheaper to ask once too often.
# schemas:
#   - input: schema.input
package moderato.rules.approvals

import data.moderato.lib.approvers
import data.moderato.lib.coverage

# METADATA
# title: Ask
# description: One for each rule that speaks, with what it found.
ask contains {"approvers": rule.approvers, "message": message} if {
	some rule in data.approvals
	classes := {class | some class in rule.classes; class in _classes}
	count(classes) > 0
	moderato.arn_match(rule.agents, input.agent.id) == true
	_has_trait(rule.traits)
	_reaches(rule.minCount)
	names := {name | some name in coverage.resources; _concerns(rule.resources, name)}
	count(names) > 0
	message := $"{approvers.people[rule.approvers]} must approve {concat(", ", sort(classes))} on {coverage.shown(names)}."
}

_classes contains input.call.class

_classes contains class if some class in input.call.classes

_has_trait(traits) if count(traits) == 0

_has_trait(traits) if {
	some trait in traits
	trait in input.call.traits
}

_reaches(least) if input.call.count >= least

_reaches(_) if "unbounded" in input.call.traits

_concerns(_, "*")

_concerns(patterns, name) if {
	name != "*"
	moderato.arn_overlap(patterns, name) == true
}
