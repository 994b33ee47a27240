package moderato.lib.coverage_test

import data.moderato.lib.coverage
import data.moderato.testing

_read_all := [{"classes": ["read"], "resources": ["*"]}]

test_the_label_is_a_need_though_classes_leave_it_out if {
	coverage.needs == {"read", "destructive"} with input as testing.call({"class": "destructive"})
}

test_reads_secret_is_a_need_and_other_traits_are_not if {
	call := testing.call({"traits": ["reads-secret", "cascade"]})
	coverage.needs == {"read", "reads-secret"} with input as call
}

test_a_call_without_resources_touches_star if {
	coverage.resources == {"*"} with input as testing.call({"resources": []})
}

test_an_unbounded_call_touches_star_too if {
	coverage.resources == {"arn:aws:s3:::b/k", "*"} with input as testing.call({"traits": ["unbounded"]})
}

test_each_resource_is_covered_or_not_by_itself if {
	uncovered := coverage.uncovered with input as testing.call({"resources": ["arn:a", "arn:b"]})
		with data.agents as testing.agents([{"classes": ["read"], "resources": ["arn:a"]}])
		with moderato.arn_match as testing.arn_match
	uncovered == {"read": {"arn:b"}}
}

test_two_grants_may_share_the_resources if {
	uncovered := coverage.uncovered with input as testing.call({"resources": ["arn:a", "arn:b"]})
		with data.agents as testing.agents([
			{"classes": ["read"], "resources": ["arn:a"]},
			{"classes": ["read"], "resources": ["arn:b"]},
		])
		with moderato.arn_match as testing.arn_match
	uncovered == {}
}

test_a_graver_grant_does_not_stand_in if {
	uncovered := coverage.uncovered with input as testing.call({})
		with data.agents as testing.agents([{"classes": ["destructive"], "resources": ["*"]}])
		with moderato.arn_match as testing.arn_match
	uncovered == {"read": {"arn:aws:s3:::b/k"}}
}

test_an_agent_has_its_own_grants_only if {
	uncovered := coverage.uncovered with input as testing.call({})
		with data.agents as {"b": {"grants": _read_all}}
		with moderato.arn_match as testing.arn_match
	uncovered == {"read": {"arn:aws:s3:::b/k"}}
}

test_place_names_at_most_three if {
	coverage.place({"a", "b", "c"}) == "a, b, c"
	coverage.place({"d", "c", "b", "a", "e"}) == "a, b, c and 2 more"
}

test_place_explains_star if contains(coverage.place({"*", "a"}), "only the pattern * covers")
