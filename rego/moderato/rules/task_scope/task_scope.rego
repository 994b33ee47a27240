# METADATA
# title: Task scope
# description: |
#   Denies calls outside the task that the agent works on. A task narrows the agent's own grants and never widens them:
#   every scope of it must cover the call, in addition to the grants. An open break-glass of the agent is not limited by
#   its tasks, for what it covers.
# schemas:
#   - input: schema.input
package moderato.rules.task_scope

import data.moderato.lib.arn
import data.moderato.lib.coverage

# METADATA
# title: Deny
# description: One message for what a scope of grants does not cover, and for what a session policy does not allow.
deny contains message if {
	some scope in input.task.scopes
	grants := scope.grants
	some need in coverage.needs
	names := {resource |
		some resource in coverage.resources
		not _granted(grants, need, resource)
		not coverage.lifted[need][resource]
	}
	count(names) > 0
	message := $"The task does not cover class {need} on {coverage.place(names)}."
}

deny contains message if {
	some scope in input.task.scopes
	statements := scope.statements
	some action in input.call.actions
	names := {resource |
		some resource in _resources_of(action)
		not _permitted(statements, action, resource)
		not _lifted(resource)
	}
	count(names) > 0
	message := $"The session policy does not allow {action} on {coverage.place(names)}."
}

deny contains "The session policy cannot be checked, because the IAM action of this call is not known." if {
	some scope in input.task.scopes
	scope.statements
	count(input.call.actions) == 0
	some resource in coverage.resources
	not _lifted(resource)
}

# A session policy names actions, a break-glass classes: the break-glass must cover all classes of the call.
_lifted(resource) if {
	count(coverage.needs) > 0
	every need in coverage.needs {
		coverage.lifted[need][resource]
	}
}

_granted(grants, need, resource) if {
	some grant in grants
	need in grant.classes
	arn.covers(grant.resources, resource)
}

_permitted(statements, action, resource) if {
	some statement in statements
	statement.effect == "Allow"
	arn.covers(statement.actions, lower(action))
	arn.covers(statement.resources, resource)
	not _forbidden(statements, action, resource)
}

# Actions of a session policy are in lower case, since IAM accepts any case. A resource that is not known, or stands for
# many, may be a forbidden one. A resource may be forbidden under another name or in another case (rule S25).
_forbidden(statements, action, resource) if {
	some statement in statements
	statement.effect == "Deny"
	arn.covers(statement.actions, lower(action))
	_touches(statement.resources, resource)
}

_touches(patterns, resource) if moderato.arn_overlap(patterns, resource) == true

# A star that is a part of the name is written ${*}.
_touches(_, resource) if contains(replace(resource, "${*}", ""), "*")

# An action is about the resources of its own service if the call names some: iam:PassRole is about the role.
_resources_of(action) := own if {
	own := {resource | some resource in coverage.resources; _service_of(resource) == _prefix_of(action)}
	count(own) > 0
	_all_spoken_for
} else := coverage.resources

_all_spoken_for if {
	prefixes := {_prefix_of(action) | some action in input.call.actions}
	every resource in coverage.resources {
		_service_of(resource) in prefixes
	}
}

_prefix_of(action) := split(action, ":")[0]

_service_of(resource) := split(resource, ":")[2] if startswith(resource, "arn:")
