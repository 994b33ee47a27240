package moderato.lib.agent_test

import data.moderato.lib.agent

agents := {"a": {"grants": ["of a"]}, "ci:a/{repository}": {"grants": ["of the rule"]}}

test_an_agent_of_its_own_has_its_own_grants if {
	agent.grants == ["of a"] with input as {"agent": {"id": "a"}} with data.agents as agents
}

test_an_agent_of_a_rule_has_the_grants_of_its_root if {
	agent.grants == ["of the rule"] with input as {"agent": {"id": "a/b", "root": "ci:a/{repository}"}} with data.agents as agents
}

test_the_id_says_nothing_where_there_is_a_root if {
	not agent.grants with input as {"agent": {"id": "a", "root": "gone"}} with data.agents as agents
}
