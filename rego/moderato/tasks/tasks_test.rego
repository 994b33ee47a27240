package moderato.tasks_test

import data.moderato.tasks
import data.moderato.testing

agents := testing.agents([{"classes": ["read", "write"], "resources": ["arn:aws:s3:::scratch-*"]}])

verdict(task) := answer if {
	answer := tasks.verdict with input as {
		"agent": {"id": "a"},
		"task": object.union({"id": "t", "intent": "i", "grants": [], "durationSeconds": 900}, task),
	}
		with data.agents as agents
		with data.tasks as {"maxSeconds": 3600, "require": ["intent"]}
		with moderato.arn_match as testing.arn_match
}

test_grants_what_the_agent_itself_may if {
	asked := [{"classes": ["write"], "resources": ["arn:aws:s3:::scratch-1/*"]}]
	answer := verdict({"grants": asked})
	answer.allow
	answer.grants == asked
	answer.durationSeconds == 900
}

test_narrows_what_is_more if {
	answer := verdict({
		"grants": [{"classes": ["write", "destructive"], "resources": ["arn:aws:s3:::scratch-1/*", "arn:aws:s3:::prod/*", "*"]}],
		"durationSeconds": 86400,
	})
	answer.grants == [{"classes": ["write"], "resources": ["arn:aws:s3:::scratch-1/*"]}]
	answer.durationSeconds == 3600
}

test_refuses_when_nothing_is_left if {
	answer := verdict({"grants": [{"classes": ["destructive"], "resources": ["*"]}]})
	not answer.allow
	answer.messages == ["This agent has none of the grants that the task asks for."]
}

test_asking_for_nothing_in_particular_is_not_narrowed if {
	answer := verdict({})
	answer.allow
	answer.grants == []
}

test_refuses_without_what_is_required if {
	verdict({"intent": ""}).messages == ["A task needs its intent."]
}

test_refuses_an_agent_that_is_not_configured if {
	answer := tasks.verdict with input as {
		"agent": {"id": "b"},
		"task": {"id": "t", "intent": "i", "grants": [], "durationSeconds": 900},
	}
		with data.agents as agents
		with data.tasks as {"maxSeconds": 3600, "require": []}
	not answer.allow
}

test_an_empty_input_is_refused if {
	answer := tasks.verdict with input as {} with data.agents as agents with data.tasks as {"maxSeconds": 1, "require": []}
	not answer.allow
}

asks(rule, agent_task) := answer if {
	answer := tasks.verdict with input as {
		"agent": {"id": "a"},
		"task": object.union({"id": "t", "intent": "i", "grants": [], "durationSeconds": 900, "child": false}, agent_task),
	}
		with data.agents as agents
		with data.tasks as {"maxSeconds": 3600, "require": [], "approvals": [object.union(
			{"classes": ["write"], "resources": ["*"], "agents": ["*"], "approvers": 1, "minSeconds": 0},
			rule,
		)]}
		with moderato.arn_match as testing.arn_match
		with moderato.patterns_overlap as testing.arn_match
}

write_to(resource) := {"grants": [{"classes": ["write"], "resources": [resource]}]}

test_people_must_approve_what_operators_say if {
	answer := asks({"approvers": 2}, write_to("arn:aws:s3:::scratch-1/k"))
	answer.allow
	answer.approvals == 2
	answer.messages == ["Two people must approve a task that may do write."]
	answer.rules == ["moderato.tasks.ask", "moderato.tasks.verdict"]
}

test_nobody_must_approve_what_the_task_cannot_do if {
	asks({}, {"grants": [{"classes": ["read"], "resources": ["arn:aws:s3:::scratch-1/k"]}]}).approvals == 0
	asks({"resources": ["arn:aws:s3:::scratch-2/*"]}, write_to("arn:aws:s3:::scratch-1/k")).approvals == 0

	# It asks for more than it gets: what it does not get needs nobody.
	asks({"classes": ["destructive"]}, {"grants": [
		{"classes": ["read"], "resources": ["arn:aws:s3:::scratch-1/k"]},
		{"classes": ["destructive"], "resources": ["*"]},
	]}).approvals == 0
}

test_a_task_that_asks_for_nothing_may_do_what_its_agent_may if {
	asks({}, {}).approvals == 1
	asks({"classes": ["destructive"]}, {}).approvals == 0
}

test_a_task_of_a_task_has_no_more_than_that_one if asks({}, {"child": true}).approvals == 0

test_longer_tasks_may_need_people_where_shorter_ones_do_not if {
	asks({"minSeconds": 1800}, {"durationSeconds": 900}).approvals == 0
	asks({"minSeconds": 1800}, {"durationSeconds": 1800}).approvals == 1

	# It gets no more than an hour.
	asks({"minSeconds": 7200}, {"durationSeconds": 7200}).approvals == 0
}

test_rules_are_of_agents if asks({"agents": ["b*"]}, {}).approvals == 0

test_who_is_refused_asks_nobody if {
	answer := asks({}, {"grants": [{"classes": ["destructive"], "resources": ["*"]}]})
	not answer.allow
	answer.approvals == 0
}
