# METADATA
# title: Break-glass
# description: |
#   Permits a call that the open break-glass of this agent covers: together with the agent's own grants it must cover every
#   class of the call on every resource. For what it covers, the rules grants and task_scope do not deny. The other rules
#   still do.
# schemas:
#   - input: schema.input
package moderato.rules.breakglass

import data.moderato.lib.coverage

# METADATA
# title: Permit
# description: True if the break-glass covers a part of the call, and grants and break-glass together cover all of it.
permit if {
	input.breakglass
	count(coverage.lifted) > 0
	count(coverage.lacking) == 0
}
