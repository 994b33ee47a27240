# METADATA
# title: Resource patterns
# description: Calls the host's matcher, `moderato.arn_match(patterns, arn)`, for the grants and scopes of all rules.
package moderato.lib.arn

# METADATA
# title: Covers
# description: |
#   True if one of the patterns covers the resource. In a pattern `*` stands for any characters, also `:` and `/`. A star
#   that is a part of a name is written `${*}` in both.
#   The resource `*` means that the resource is not known. Only the literal pattern `*` covers it.
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
# description: True if a resource can be covered both by one of the patterns and by the other pattern.
overlaps(patterns, pattern) if moderato.patterns_overlap(patterns, pattern) == true
