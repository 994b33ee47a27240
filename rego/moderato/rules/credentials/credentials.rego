# METADATA
# title: Credentials
# description: |
#   A call that issues credentials is a way around Moderato: what it returns works without it. A grant must name the
#   class, also in observe mode.
package moderato.rules.credentials

import data.moderato.lib.coverage

# METADATA
# title: Deny
# description: The class credentials is granted by name only.
deny contains message if {
	names := coverage.uncovered.credentials
	message := concat(" ", [
		$"This call issues credentials on {coverage.place(names)}, and no grant names class credentials there.",
		"Use the credentials that you have.",
	])
}
