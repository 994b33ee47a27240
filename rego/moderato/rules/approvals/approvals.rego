# METADATA
# title: Approvals
# description: |
#   Requires approval for the calls that operators configure in `policy.approvals`, here `data.approvals`. A rule applies
#   if all its conditions hold for the call. A resource that the call does not name counts as a match: to ask once too
#   often costs less. Patterns match whatever the case of letters, and whatever other name the call gives to what they
#   name (rule S25).
# schemas:
#   - input: schema.input
package moderato.rules.approvals

import data.moderato.lib.approvers
import data.moderato.lib.coverage

# METADATA
# title: Ask
# description: One object for each rule that applies, with the classes and resources that matched.
ask contains {"approvers": rule.approvers, "message": message} if {
	some rule in data.approvals
	classes := {class | some class in rule.classes; class in _classes}
	count(classes) > 0
	moderato.arn_match(rule.agents, input.agent.id) == true
	_has_trait(rule.traits)
	_reaches(rule.minCount)
	names := {name | some name in coverage.resources; _concerns(rule.resources, name)}
	count(names) > 0
	message := concat("", [
		$"{approvers.people[rule.approvers]} must approve {concat(", ", sort(classes))} on {coverage.shown(names)}.",
		_doubt(rule.resources, names),
	])
}

# Says why the rule applies, if nothing but another name means what the rule names.
_doubt(patterns, names) := message if {
	others := {name | some name in names; name != "*"; moderato.by_other_name(patterns, name) == true}
	count(others) > 0
	count(others) == count(names)
	message := concat(" ", [
		$" {coverage.shown(others)} is or may be another name of what the rule names ({coverage.shown(_set(patterns))}):",
		"Moderato cannot tell them apart, so the rule applies.",
	])
} else := ""

_set(patterns) := {pattern | some pattern in patterns}

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
