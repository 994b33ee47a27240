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
# description: One object for each rule that applies, with its name and the classes and resources that matched.
ask contains object.union({"approvers": rule.approvers, "message": message}, approvers.named(rule)) if {
	some rule in data.approvals
	classes := {class | some class in rule.classes; class in _classes}
	count(classes) > 0
	moderato.arn_match(rule.agents, input.agent.id) == true
	_has_trait(rule.traits)
	_reaches(rule.minCount)
	names := {name | some name in coverage.resources; _concerns(rule.resources, name)}
	count(names) > 0
	message := $"{approvers.people[rule.approvers]} must approve {concat(", ", sort(classes))} on {coverage.shown(names)}{_otherwise(rule.resources, names)}."
}

# Says why the rule applies, if nothing but another name means what the rule names.
_otherwise(patterns, names) := $", which is or may be another name of {coverage.shown(meant)}" if {
	every name in names { moderato.by_other_name(patterns, name) == true }
	meant := {pattern | some pattern in patterns; some name in names; moderato.by_other_name([pattern], name) == true}
} else := ""

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
