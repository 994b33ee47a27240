package moderato.rules.task_scope_test

import data.moderato.rules.task_scope
import data.moderato.testing

within(scopes, facts) := object.union(testing.call(facts), {"task": {"id": "t", "scopes": scopes}})

denials(scopes, facts) := messages if {
	messages := task_scope.deny with input as within(scopes, facts)
		with moderato.arn_match as testing.arn_match
		with moderato.arn_overlap as testing.arn_overlap
}

policy(statements) := [{"statements": statements}]

allow(actions, resources) := {"effect": "Allow", "actions": actions, "resources": resources}

test_an_agent_without_a_task_is_not_its_business if {
	messages := task_scope.deny with input as testing.call({})
	messages == set()
}

test_covers_what_every_scope_covers if {
	denials([{"grants": [{"classes": ["read"], "resources": ["arn:aws:s3:::b/*"]}]}], {}) == set()
	denials([], {}) == set()
}

test_denies_what_one_scope_leaves_out if {
	wide := {"grants": [{"classes": ["read", "write"], "resources": ["*"]}]}
	narrow := {"grants": [{"classes": ["read"], "resources": ["*"]}]}
	messages := denials([wide, narrow], {"classes": ["read", "write"]})
	messages == {"The task does not cover class write on arn:aws:s3:::b/k."}
	denials([wide, {"grants": []}], {}) == {"The task does not cover class read on arn:aws:s3:::b/k."}
}

test_a_session_policy_allows_actions_on_resources if {
	denials(policy([allow(["s3:get*"], ["arn:aws:s3:::b/*"])]), {}) == set()
	denials(policy([allow(["s3:get*"], ["arn:aws:s3:::c/*"])]), {}) == {"The session policy does not allow s3:GetObject on arn:aws:s3:::b/k."}
	denials(policy([allow(["s3:put*"], ["*"])]), {}) == {"The session policy does not allow s3:GetObject on arn:aws:s3:::b/k."}
}

test_a_denial_in_a_session_policy_wins if {
	statements := [allow(["*"], ["*"]), {"effect": "Deny", "actions": ["s3:*"], "resources": ["arn:aws:s3:::b/k"]}]
	count(denials(policy(statements), {})) == 1
	count(denials(policy(statements), {"resources": ["*"]})) == 1
	count(denials(policy(statements), {"resources": ["arn:aws:s3:::b/*"]})) == 1
	denials(policy(statements), {"resources": ["arn:aws:s3:::b/l"]}) == set()
}

test_a_star_that_is_a_part_of_a_name_is_no_other_name if {
	statements := [allow(["*"], ["*"]), {"effect": "Deny", "actions": ["s3:*"], "resources": ["arn:aws:s3:::b/k"]}]
	denials(policy(statements), {"resources": ["arn:aws:s3:::b/${*}"]}) == set()
	denials(policy(statements), {"resources": ["arn:aws:s3:::b/$${*}${$}{${*}}"]}) == set()
	count(denials(policy(statements), {"resources": ["arn:aws:s3:::b/${*}/*"]})) == 1
	count(denials(policy(statements), {"resources": ["arn:aws:s3:::b/${$}{*}"]})) == 1
}

test_a_denial_in_a_session_policy_counts_whatever_the_case if {
	denial := {"effect": "Deny", "actions": ["rds:*"], "resources": ["arn:aws:rds:us-east-1:1:db:prod"]}
	facts := {"actions": ["rds:DeleteDBInstance"], "resources": ["arn:aws:rds:us-east-1:1:db:PROD"]}
	count(denials(policy([allow(["*"], ["*"]), denial]), facts)) == 1
	lower_case := allow(["*"], ["arn:aws:rds:us-east-1:1:db:prod"])
	count(denials(policy([lower_case]), facts)) == 1
}

test_an_action_is_held_against_resources_of_its_service if {
	facts := {
		"actions": ["ec2:RunInstances", "iam:PassRole"],
		"resources": ["arn:aws:ec2:us-east-1:1:instance/*", "arn:aws:iam::1:role/r"],
	}
	split := [allow(["ec2:*"], ["arn:aws:ec2:*"]), allow(["iam:passrole"], ["arn:aws:iam::1:role/r"])]
	denials(policy(split), facts) == set()
	count(denials(policy([allow(["ec2:*"], ["*"])]), facts)) == 1
	foreign := object.union(facts, {"resources": ["arn:aws:iam::1:role/r", "arn:aws:kms:us-east-1:1:key/k"]})
	count(denials(policy(split), foreign)) == 2
}

test_a_call_without_actions_is_outside_of_every_session_policy if {
	count(denials(policy([allow(["*"], ["*"])]), {"actions": []})) == 1
}
