# METADATA
# title: Break-glass
# description: |
#   Permits what a break-glass covers that a person opened for this agent: together with the agent's own grants it must
#   cover every class of the call on every resource. It lifts what the rules grants and task_scope deny, for just what it
#   covers; what the other rules deny stays denied.
# schemas:
#   - input: schema.input
package moderato.rules.breakglass

import data.moderato.lib.coverage

# METADATA
# title: Permit
# description: The break-glass covers some of the call, and a grant or the break-glass all of it.
permit if {
	input.breakglass
	count(coverage.lifted) > 0
	count(coverage.lacking) == 0
}
