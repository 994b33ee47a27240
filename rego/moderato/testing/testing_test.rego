# METADATA
# title: For tests
# description: |
#   OPA itself lacks the host's builtin. Tests put this in its place: the same meaning, from OPA's own glob, with
#   every character but `*` made literal.
package moderato.testing

arn_match(patterns, arn) := true in {glob.match(_literal_but_star(pattern), null, arn) | some pattern in patterns}

# Restricting rules: whatever the case, and a launch template by name may be any.
arn_overlap(patterns, arn) if arn_match([lower(pattern) | some pattern in patterns], lower(arn))

arn_overlap(patterns, arn) if by_other_name(patterns, arn)

by_other_name(patterns, arn) if {
	some pattern in patterns
	contains(pattern, ":launch-template/lt-")
	contains(arn, ":launch-template/")
	not contains(arn, "/lt-")
}

_literal_but_star(pattern) := strings.replace_n(_escapes, pattern)

_escapes[char] := concat("", ["\\", char]) if some char in {"?", "[", "]", "{", "}", "\\", "!", "-", ","}

call(facts) := {
	"agent": {"id": "a"},
	"call": object.union(
		{
			"service": "s3",
			"operation": "GetObject",
			"actions": ["s3:GetObject"],
			"resources": ["arn:aws:s3:::b/k"],
			"count": 1,
			"class": "read",
			"classes": ["read"],
			"traits": [],
			"accessLevel": "Read",
			"region": "us-east-1",
		},
		facts,
	),
	"timeSeconds": 0,
}

agents(grants) := {"a": {"grants": grants}}

test_the_stand_in_takes_all_but_star_literally if {
	arn_match([`a?[b]{c,d}\e*`], `a?[b]{c,d}\e:/f`)
	not arn_match(["a?"], "ab")
	not arn_match(["a{b,c}"], "ab")
	not arn_match([], "a")
}
