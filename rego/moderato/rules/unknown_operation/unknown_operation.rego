# METADATA
# title: Unknown operations
# description: What cannot be named cannot be judged. No grant covers it.
# schemas:
#   - input: schema.input
package moderato.rules.unknown_operation

import data.moderato.lib.coverage

# METADATA
# title: Deny
# description: The class unknown is never granted.
deny contains message if {
	"unknown" in coverage.needs
	message := $"The catalogue does not know this operation of service {input.call.service}, and no grant covers that."
}
