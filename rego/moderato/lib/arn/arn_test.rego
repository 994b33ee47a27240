package moderato.lib.arn_test

import data.moderato.lib.arn
import data.moderato.testing

test_a_pattern_covers_by_its_wildcard if {
	arn.covers(["arn:aws:s3:::b/*"], "arn:aws:s3:::b/x/y.z") with moderato.arn_match as testing.arn_match
}

test_any_pattern_of_the_list_will_do if {
	arn.covers(["arn:aws:s3:::a", "arn:aws:s3:::b"], "arn:aws:s3:::b") with moderato.arn_match as testing.arn_match
}

test_no_pattern_covers_nothing if {
	not arn.covers([], "arn:aws:s3:::b") with moderato.arn_match as testing.arn_match
}

test_an_unknown_resource_takes_the_literal_star if {
	arn.covers(["*"], "*") with moderato.arn_match as testing.arn_match
	not arn.covers(["**", "*a*", "arn:*"], "*") with moderato.arn_match as testing.arn_match
}
