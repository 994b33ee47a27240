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
	answer.messages == ["Nothing of what the task asks for is granted to this agent."]
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
