# METADATA
# title: Unknown operations
# description: Denies operations that the catalogue does not know. No grant covers them.
# schemas:
#   - input: schema.input
package moderato.rules.unknown_operation

import data.moderato.lib.coverage

# METADATA
# title: Deny
# description: The class unknown can never be granted.
deny contains message if {
	"unknown" in coverage.needs
	message := $"The catalogue does not know this operation of service {input.call.service}, and no grant can cover it."
}
