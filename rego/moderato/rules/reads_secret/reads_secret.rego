# METADATA
# title: Secret reads
# description: |
#   Reading a secret is a read by IAM's access level, and yet hands out what opens other doors: no grant of read or
#   list covers it (rule S13).
package moderato.rules.reads_secret

import data.moderato.lib.coverage

# METADATA
# title: Deny
# description: The trait reads-secret is granted by name only.
deny contains message if {
	names := coverage.uncovered["reads-secret"]
	message := concat(" ", [
		$"This call reads a secret on {coverage.place(names)}, which grants of read and list do not cover:",
		"a grant must name reads-secret among its classes.",
	])
}
