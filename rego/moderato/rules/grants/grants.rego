# METADATA
# title: Grants
# description: Permits a call whose every class is granted on every resource; denies the others.
package moderato.rules.grants

import data.moderato.lib.coverage

# METADATA
# title: Permit
# description: Everything that the call needs is granted on everything that it touches.
permit if {
	count(coverage.needs) > 0
	count(coverage.uncovered) == 0
}

# METADATA
# title: Deny
# description: |
#   One message for each class that lacks a grant, with the resources that it lacks it on. What is apart has rules of its
#   own, which say it better.
deny contains message if {
	some need, names in coverage.lacking
	not need in coverage.apart
	message := $"Class {need} is not granted on {coverage.place(names)}."
}
