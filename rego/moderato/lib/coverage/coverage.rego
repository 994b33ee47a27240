# METADATA
# title: Coverage
# description: |
#   Compares what the call needs with the agent's grants. For every need and every resource there must be one grant that
#   names the need in `classes` and covers the resource with a pattern (rule S2: a more severe class never replaces the
#   others).
# schemas:
#   - input: schema.input
package moderato.lib.coverage

import data.moderato.lib.agent
import data.moderato.lib.arn

# METADATA
# title: Needs
# description: Every class of the call, and the trait `reads-secret`, which is granted by its own name (rule S13).
needs contains input.call.class

needs contains class if some class in input.call.classes

needs contains "reads-secret" if "reads-secret" in input.call.traits

# METADATA
# title: Resources
# description: |
#   Every resource of the call. `*`, which means any resource, is added if the call names none or reaches more than it
#   names.
resources contains resource if some resource in input.call.resources

resources contains "*" if count(input.call.resources) == 0

resources contains "*" if "unbounded" in input.call.traits

# METADATA
# title: Uncovered
# description: The resources that no grant covers, by need.
uncovered[need] contains resource if {
	some need in needs
	some resource in resources
	not _granted[need][resource]
}

# METADATA
# title: Lifted
# description: |
#   What the open break-glass of this agent covers, by need: on these resources the need requires no grant and no task.
#   It never covers the needs in `apart`.
lifted[need] contains resource if {
	some need in needs
	need in input.breakglass.classes
	not need in apart
	some resource in resources
	arn.covers(input.breakglass.resources, resource)
}

# METADATA
# title: Apart
# description: The needs that have a rule of their own. A grant must name them, and no break-glass covers them.
apart := {"credentials", "reads-secret", "unknown"}

# METADATA
# title: Lacking
# description: The resources that neither a grant nor a break-glass covers, by need.
lacking[need] contains resource if {
	some need, names in uncovered
	some resource in names
	not lifted[need][resource]
}

# METADATA
# title: Place
# description: The resources in words, with at most three names.
place(names) := "* (the call does not name all that it touches, and only the pattern * covers that)" if "*" in names

else := shown(names)

# METADATA
# title: Shown
# description: At most three names.
shown(names) := concat(", ", sort(names)) if count(names) <= 3

else := $"{concat(", ", array.slice(sort(names), 0, 3))} and {count(names) - 3} more"

# The host's matcher is called once for a grant and a resource, however many classes they share.
_granted[need] contains resource if {
	some grant in agent.grants
	named := {need | some need in grant.classes; need in needs}
	count(named) > 0
	some resource in resources
	arn.covers(grant.resources, resource)
	some need in named
}
