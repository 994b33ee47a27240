# METADATA
# title: Tasks
# description: |
#   Whether an agent may open a task, and how much of what it asks for it gets: never more than its own grants. What an
#   agent asks for nothing in particular stands under its grants alone.
package moderato.tasks

import data.moderato.lib.agent
import data.moderato.lib.arn

# METADATA
# title: Verdict
# description: Allowed or not, the grants that are left, for how many seconds, and what to tell the agent.
# entrypoint: true
verdict := {
	"allow": false,
	"grants": [],
	"durationSeconds": 0,
	"rules": ["moderato.tasks.refuse"],
	"messages": sort(_refusals),
} if {
	count(_refusals) > 0
} else := {
	"allow": true,
	"grants": _narrowed,
	"durationSeconds": min([input.task.durationSeconds, data.tasks.maxSeconds]),
	"rules": ["moderato.tasks.verdict"],
	"messages": [],
}

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
