# METADATA
# title: Resource patterns
# description: The one place that calls the host's matcher, `moderato.arn_match(patterns, arn)`.
package moderato.lib.arn

# METADATA
# title: Covers
# description: |
#   True if one of the patterns covers the resource. `*` in a pattern stands for any characters, `:` and `/` too.
#   The resource `*` means that it is not known, which only the literal pattern `*` covers.
covers(patterns, resource) if {
	resource == "*"
	"*" in patterns
}

covers(patterns, resource) if {
	resource != "*"
	moderato.arn_match(patterns, resource) == true
}

# METADATA
# title: Concerns
# description: |
#   True if one of the patterns may mean the resource, which may be a pattern itself. What is not known, or is whatever
#   there is, may be anything: it is cheaper to ask once too often.
concerns(_, "*")

concerns(patterns, resource) if {
	resource != "*"
	moderato.arn_overlap(patterns, resource) == true
}
