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
# title: Overlaps
# description: True unless no resource is covered both by one of the patterns and by the other pattern.
overlaps(patterns, pattern) if moderato.patterns_overlap(patterns, pattern) == true
