# METADATA
# title: Secret reads
# description: |
#   Denies reads of secrets, unless a grant names `reads-secret`. IAM calls them reads, but a secret gives access to other
#   systems: no grant of read or list covers them (rule S13).
package moderato.rules.reads_secret

import data.moderato.lib.coverage

# METADATA
# title: Deny
# description: The trait reads-secret must be granted by name.
deny contains message if {
	names := coverage.uncovered["reads-secret"]
	message := concat(" ", [
		$"This call reads a secret on {coverage.place(names)}, which grants of read and list do not cover:",
		"a grant must name reads-secret among its classes.",
	])
}
