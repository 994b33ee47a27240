# METADATA
# description: |
#   OPA 1.22.2 loses the mock of a builtin, but not of a function, behind a reference whose rule name is a variable:
#   hence arn.covers is replaced here, and the builtin itself in the tests of the rules.
package moderato_test

import data.moderato
import data.moderato.lib.arn
import data.moderato.testing

test_denies_by_default if {
	verdict := moderato.decision with input as testing.call({}) with data.agents as {}
	verdict == {
		"allow": false,
		"rules": ["moderato.rules.grants.deny"],
		"messages": ["Class read is not granted on arn:aws:s3:::b/k."],
		"approvals": 0,
	}
}

test_denies_an_empty_input if {
	verdict := moderato.decision with input as {}
	verdict.allow == false
	verdict.rules == ["moderato.default_deny"]
}

test_allows_what_is_granted if {
	verdict := moderato.decision with input as testing.call({})
		with data.agents as testing.agents([{"classes": ["read"], "resources": ["arn:aws:s3:::b/*"]}])
		with arn.covers as testing.arn_match
	verdict == {"allow": true, "rules": ["moderato.rules.grants.permit"], "messages": [], "approvals": 0}
}

test_one_denial_outweighs_a_permit_and_speaks_alone if {
	verdict := moderato.decision with input as testing.call({"class": "unknown", "classes": ["unknown"]})
		with data.agents as testing.agents([{"classes": ["unknown"], "resources": ["*"]}])
		with arn.covers as testing.arn_match
	verdict.allow == false
	verdict.rules == ["moderato.rules.unknown_operation.deny"]
}

test_denies_if_no_rule_speaks if {
	verdict := moderato.decision with data.moderato.rules as {"a": {"deny": set()}}
	verdict.rules == ["moderato.default_deny"]
	verdict.allow == false
}

test_a_deny_that_is_no_set_denies if {
	verdict := moderato.decision with data.moderato.rules as {"a": {"permit": true}, "b": {"deny": true}}
	verdict == {"allow": false, "rules": ["moderato.rules.b.deny"], "messages": [], "approvals": 0}
}

test_a_permit_that_is_not_true_permits_nothing if {
	verdict := moderato.decision with data.moderato.rules as {"a": {"permit": false}}
	verdict.allow == false
}

_asked(asks) := verdict if {
	rules := object.union({"a": {"permit": true}}, {name: {"ask": ask} | some name, ask in asks})
	verdict := moderato.decision with data.moderato.rules as rules
}

test_the_most_people_that_a_rule_asks_for_must_approve if {
	verdict := _asked({
		"b": {{"approvers": 1, "message": "one"}},
		"c": {{"approvers": 1, "message": "one more"}, {"approvers": 2, "message": "two"}},
	})
	verdict == {
		"allow": true,
		"rules": ["moderato.rules.a.permit", "moderato.rules.b.ask", "moderato.rules.c.ask"],
		"messages": ["one", "one more", "two"],
		"approvals": 2,
	}
}

test_one_ask_takes_one_person if _asked({"b": {{"approvers": 1, "message": "one"}}}).approvals == 1

test_an_ask_of_another_shape_takes_two if {
	every ask in [true, {"x"}, {{"approvers": 0, "message": "m"}}, {{"approvers": 3, "message": "m"}}] {
		_asked({"b": ask}).approvals == 2
	}
}

test_what_is_denied_asks_nobody if {
	verdict := moderato.decision with data.moderato.rules as {
		"a": {"deny": {"no"}},
		"b": {"ask": {{"approvers": 1, "message": "one"}}},
	}
	verdict == {"allow": false, "rules": ["moderato.rules.a.deny"], "messages": ["no"], "approvals": 0}
}
