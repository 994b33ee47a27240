# METADATA
# title: Task scope
# description: |
#   Denies what is outside of the task that the agent works on. A task narrows the agent's own grants and never widens
#   them: every scope of it must cover the call, beside what the grants rule asks. A break-glass that a person opened for
#   the agent reaches beyond its tasks, for what it covers.
# schemas:
#   - input: schema.input
package moderato.rules.task_scope

import data.moderato.lib.arn
import data.moderato.lib.coverage

# METADATA
# title: Deny
# description: What a scope of classes and resource patterns leaves out, and what a session policy does not allow.
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

deny contains "The session policy cannot be held against a call whose IAM action is not known." if {
	some scope in input.task.scopes
	scope.statements
	count(input.call.actions) == 0
	some resource in coverage.resources
	not _lifted(resource)
}

# A session policy speaks of actions, a break-glass of classes: it must cover all of them.
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

# Actions stand in lower case in a session policy, since IAM takes them in any. What is not known, or many, may be
# what is forbidden.
_forbidden(statements, action, resource) if {
	some statement in statements
	statement.effect == "Deny"
	arn.covers(statement.actions, lower(action))
	_touches(statement.resources, resource)
}

_touches(patterns, resource) if arn.covers(patterns, resource)

_touches(_, resource) if contains(resource, "*")

# An action is about the resources of its own service, where the call names some: iam:PassRole about the role.
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
