package moderato.rules.approvals_test

import data.moderato.rules.approvals
import data.moderato.testing

_rule(facts) := object.union(
	{
		"name": "people-first",
		"classes": ["destructive"],
		"resources": ["*"],
		"agents": ["*"],
		"traits": [],
		"approvers": 1,
		"minCount": 1,
	},
	facts,
)

_delete(facts) := testing.call(object.union({"class": "destructive", "classes": ["destructive"]}, facts))

_asks(rule, call) := asks if {
	asks := approvals.ask with input as call
		with data.approvals as [_rule(rule)]
		with moderato.arn_match as testing.arn_match
		with moderato.arn_overlap as testing.arn_overlap
		with moderato.by_other_name as testing.by_other_name
}

test_asks_for_one_with_what_it_found if {
	_asks({}, _delete({})) == {{
		"approvers": 1,
		"message": "One person must approve destructive on arn:aws:s3:::b/k.",
		"rule": "people-first",
	}}
}

test_asks_for_two if {
	some ask in _asks({"approvers": 2}, _delete({}))
	ask.approvers == 2
	startswith(ask.message, "Two people must approve")
}

test_is_silent_without_rules if {
	asks := approvals.ask with input as _delete({}) with data.approvals as []
	asks == set()
}

test_goes_by_the_label_and_by_the_classes_beside_it if {
	count(_asks({}, testing.call({"class": "destructive", "classes": []}))) == 1
	count(_asks({}, testing.call({"class": "opaque", "classes": ["destructive", "opaque"]}))) == 1
	count(_asks({}, testing.call({}))) == 0
}

test_goes_by_the_resources_any_of_them if {
	rule := {"resources": ["arn:aws:s3:::prod/*"]}
	count(_asks(rule, _delete({}))) == 0
	count(_asks(rule, _delete({"resources": ["arn:aws:s3:::b/k", "arn:aws:s3:::prod/k"]}))) == 1
}

test_a_resource_that_is_not_known_may_be_the_one if {
	rule := {"resources": ["arn:aws:s3:::prod/*"]}
	count(_asks(rule, _delete({"resources": ["*"]}))) == 1
	count(_asks(rule, _delete({"resources": []}))) == 1
	count(_asks(rule, _delete({"traits": ["unbounded"]}))) == 1
}

test_matches_whatever_the_case if {
	rule := {"resources": ["arn:aws:rds:*:*:db:prod-*"]}
	count(_asks(rule, _delete({"resources": ["arn:aws:rds:us-east-1:1:db:PROD-1"]}))) == 1
}

test_says_why_it_applies_under_another_name if {
	rule := {"resources": ["arn:aws:ec2:*:*:launch-template/lt-1"]}
	by_name := _asks(rule, _delete({"resources": ["arn:aws:ec2:us-east-1:1:launch-template/prod"]}))
	some ask in by_name
	endswith(ask.message, "/prod, which is or may be another name of arn:aws:ec2:*:*:launch-template/lt-1.")
	by_id := _asks(rule, _delete({"resources": ["arn:aws:ec2:us-east-1:1:launch-template/lt-1"]}))
	some other in by_id
	not contains(other.message, "another name")
}

test_goes_by_the_agent if {
	count(_asks({"agents": ["a", "b"]}, _delete({}))) == 1
	count(_asks({"agents": ["b*"]}, _delete({}))) == 0
}

test_goes_by_a_trait if {
	count(_asks({"traits": ["irreversible"]}, _delete({}))) == 0
	count(_asks({"traits": ["irreversible"]}, _delete({"traits": ["cascade", "irreversible"]}))) == 1
}

test_goes_by_the_count_and_what_is_unbounded_reaches_any if {
	count(_asks({"minCount": 10}, _delete({"count": 9}))) == 0
	count(_asks({"minCount": 10}, _delete({"count": 10}))) == 1
	count(_asks({"minCount": 10}, _delete({"traits": ["unbounded"]}))) == 1
}
