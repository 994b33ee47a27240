# METADATA
# title: Grants
# description: Permits a call if every class of it is granted on every resource; denies it otherwise.
package moderato.rules.grants

import data.moderato.lib.coverage

# METADATA
# title: Permit
# description: True if everything that the call needs is granted on everything that it touches.
permit if {
	count(coverage.needs) > 0
	count(coverage.uncovered) == 0
}

# METADATA
# title: Deny
# description: |
#   One message for each class without a grant, with the resources without one. The needs in `apart` have rules of their
#   own with better messages.
deny contains message if {
	some need, names in coverage.lacking
	not need in coverage.apart
	message := $"Class {need} is not granted on {coverage.place(names)}."
}
