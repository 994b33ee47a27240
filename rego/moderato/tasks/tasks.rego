# METADATA
# title: Tasks
# description: |
#   Whether an agent may open a task, and how much of what it asks for it gets: never more than its own grants. What an
#   agent asks for nothing in particular stands under its grants alone. What operators want people to see first is
#   `policy.taskApprovals` of the configuration, as `data.tasks.approvals`.
package moderato.tasks

import data.moderato.lib.agent
import data.moderato.lib.approvers
import data.moderato.lib.arn

# METADATA
# title: Verdict
# description: Allowed or not, the grants that are left, for how many seconds, how many people must approve, and why.
# entrypoint: true
verdict := {
	"allow": false,
	"grants": [],
	"durationSeconds": 0,
	"rules": ["moderato.tasks.refuse"],
	"messages": sort(_refusals),
	"approvals": 0,
} if {
	count(_refusals) > 0
} else := {
	"allow": true,
	"grants": _narrowed,
	"durationSeconds": _seconds,
	"rules": array.concat([name | some name in ["moderato.tasks.ask"]; count(_asks) > 0], ["moderato.tasks.verdict"]),
	"messages": sort({ask.message | some ask in _asks}),
	"approvals": max({0} | {ask.approvers | some ask in _asks}),
}

_seconds := min([input.task.durationSeconds, data.tasks.maxSeconds])

_refusals contains "No agent of this name is configured." if not agent.grants

_refusals contains $"A task needs its {name}." if {
	some name in data.tasks.require
	object.get(input.task, name, "") == ""
}

_refusals contains "Nothing of what the task asks for is granted to this agent." if {
	count(input.task.grants) > 0
	count(_narrowed) == 0
}

_narrowed := [grant |
	some asked in input.task.grants
	some class in asked.classes
	resources := [resource | some resource in asked.resources; _granted(class, resource)]
	count(resources) > 0
	grant := {"classes": [class], "resources": resources}
]

# A pattern covers another if it matches its text: whatever the other's `*` may stand for, its own does too.
_granted(class, resource) if {
	some grant in agent.grants
	class in grant.classes
	arn.covers(grant.resources, resource)
}

# One for each rule that speaks. A task that is opened from another has no more than that one, which people have seen.
_asks contains {"approvers": rule.approvers, "message": message} if {
	not input.task.child
	some rule in data.tasks.approvals
	moderato.arn_match(rule.agents, input.agent.id) == true
	_seconds >= rule.minSeconds
	classes := {class |
		some grant in _wanted
		some class in grant.classes
		class in rule.classes
		some resource in grant.resources
		arn.overlaps(rule.resources, resource)
	}
	count(classes) > 0
	message := $"{approvers.people[rule.approvers]} must approve a task that may do {concat(", ", sort(classes))}."
}

# What the task will be able to do: all that its agent may, if it asks for nothing in particular.
_wanted := _narrowed if {
	count(input.task.grants) > 0
} else := agent.grants
