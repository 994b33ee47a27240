# METADATA
# title: Tasks
# description: |
#   Decides whether an agent may open a task, and with which of the requested grants: never more than its own. A task that
#   requests no grants is limited only by the agent's own. Operators configure in `policy.taskApprovals`, here
#   `data.tasks.approvals`, which tasks people must approve.
package moderato.tasks

import data.moderato.lib.agent
import data.moderato.lib.approvers
import data.moderato.lib.arn

# METADATA
# title: Verdict
# description: Says whether the task is allowed, with which grants, for how many seconds, how many people must approve, and why.
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
} else := object.union(_asking, {
	"allow": true,
	"grants": _narrowed,
	"durationSeconds": _seconds,
	"rules": array.concat([name | some name in ["moderato.tasks.ask"]; count(_asks) > 0], ["moderato.tasks.verdict"]),
	"messages": sort({ask.message | some ask in _asks}),
	"approvals": max({0} | {ask.approvers | some ask in _asks}),
})

# The names of the rules that ask for people, if they have names.
_asking := {"asks": names |
	names := sort({ask.rule | some ask in _asks})
	count(names) > 0
}

_seconds := min([input.task.durationSeconds, data.tasks.maxSeconds])

_refusals contains "No agent of this name is configured." if not agent.grants

_refusals contains $"A task needs its {name}." if {
	some name in data.tasks.require
	object.get(input.task, name, "") == ""
}

_refusals contains "This agent has none of the grants that the task asks for." if {
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

# A pattern covers another if it matches its text: its own `*` then matches all that the other's `*` can match.
_granted(class, resource) if {
	some grant in agent.grants
	class in grant.classes
	arn.covers(grant.resources, resource)
}

# One object for each rule that applies. A task that is opened from another has no more than that task, which people saw.
_asks contains object.union({"approvers": rule.approvers, "message": message}, approvers.named(rule)) if {
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

# The grants of the task; if it requests none, all grants of its agent.
_wanted := _narrowed if {
	count(input.task.grants) > 0
} else := agent.grants
