# METADATA
# title: Credentials
# description: |
#   Denies calls that issue credentials, unless a grant names the class. Such credentials work without Moderato. This rule
#   is enforced in observe mode, too.
package moderato.rules.credentials

import data.moderato.lib.coverage

# METADATA
# title: Deny
# description: The class credentials must be granted by name.
deny contains message if {
	names := coverage.uncovered.credentials
	message := concat(" ", [
		$"This call issues credentials on {coverage.place(names)}, and no grant names class credentials there.",
		"Use the credentials that you have.",
	])
}
