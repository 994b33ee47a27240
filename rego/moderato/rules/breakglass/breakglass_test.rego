package moderato.rules.breakglass_test

import data.moderato.lib.coverage
import data.moderato.rules.breakglass
import data.moderato.rules.credentials
import data.moderato.rules.grants
import data.moderato.rules.reads_secret
import data.moderato.rules.task_scope
import data.moderato.rules.unknown_operation
import data.moderato.testing

_opened := {"id": "bg-1", "classes": ["read", "destructive"], "resources": ["arn:aws:s3:::b/*"]}

_under(glass, facts) := object.union(testing.call(facts), {"breakglass": glass})

_permits(glass, facts, held) if {
	breakglass.permit with input as _under(glass, facts)
		with data.agents as testing.agents(held)
		with moderato.arn_match as testing.arn_match
}

_denials(glass, facts, held) := messages if {
	messages := grants.deny with input as _under(glass, facts)
		with data.agents as testing.agents(held)
		with moderato.arn_match as testing.arn_match
}

_delete := {"class": "destructive", "classes": ["destructive"]}

test_permits_what_it_covers_without_a_grant if {
	_permits(_opened, _delete, [])
	_denials(_opened, _delete, []) == set()
}

test_permits_for_an_agent_that_has_no_entry if {
	breakglass.permit with input as _under(_opened, _delete)
		with data.agents as {}
		with moderato.arn_match as testing.arn_match
}

test_permits_nothing_while_none_is_open if {
	not breakglass.permit with input as testing.call(_delete)
		with data.agents as testing.agents([{"classes": ["destructive"], "resources": ["*"]}])
		with moderato.arn_match as testing.arn_match
}

test_another_class_gains_nothing if {
	facts := {"class": "permissions", "classes": ["permissions"]}
	not _permits(_opened, facts, [])
	_denials(_opened, facts, []) == {"Class permissions is not granted on arn:aws:s3:::b/k."}
}

test_another_resource_gains_nothing if {
	facts := object.union(_delete, {"resources": ["arn:aws:s3:::b/k", "arn:aws:s3:::c/k"]})
	not _permits(_opened, facts, [])
	_denials(_opened, facts, []) == {"Class destructive is not granted on arn:aws:s3:::c/k."}
}

test_what_is_not_known_or_unbounded_takes_the_literal_star if {
	not _permits(_opened, object.union(_delete, {"resources": ["*"]}), [])
	not _permits(_opened, object.union(_delete, {"resources": []}), [])
	not _permits(_opened, object.union(_delete, {"traits": ["unbounded"]}), [])
	_permits(object.union(_opened, {"resources": ["*"]}), object.union(_delete, {"traits": ["unbounded"]}), [])
}

test_grants_and_break_glass_add_up if {
	facts := {"class": "destructive", "classes": ["write", "destructive"]}
	not _permits(_opened, facts, [])
	_permits(_opened, facts, [{"classes": ["write"], "resources": ["*"]}])
}

test_is_silent_where_grants_alone_permit if {
	not _permits(_opened, {"class": "write", "classes": ["write"]}, [{"classes": ["write"], "resources": ["*"]}])
}

_wide := {"id": "bg-1", "classes": ["read", "credentials", "reads-secret", "unknown"], "resources": ["*"]}

test_never_covers_credentials_secrets_and_what_is_unknown if {
	call := _under(_wide, {"class": "unknown", "classes": ["credentials"], "traits": ["reads-secret"]})
	coverage.lifted == {} with input as call with moderato.arn_match as testing.arn_match
	lacking := coverage.lacking with input as call with data.agents as {} with moderato.arn_match as testing.arn_match
	object.keys(lacking) == {"unknown", "credentials", "reads-secret"}
	issuing := credentials.deny with input as call with data.agents as {} with moderato.arn_match as testing.arn_match
	reading := reads_secret.deny with input as call with data.agents as {} with moderato.arn_match as testing.arn_match
	nameless := unknown_operation.deny with input as call with data.agents as {} with moderato.arn_match as testing.arn_match
	[count(issuing), count(reading), count(nameless)] == [1, 1, 1]
}

test_a_secret_read_stays_denied_though_its_read_is_covered if {
	call := _under(_opened, {"traits": ["reads-secret"]})
	not breakglass.permit with input as call with data.agents as {} with moderato.arn_match as testing.arn_match
	messages := reads_secret.deny with input as call with data.agents as {} with moderato.arn_match as testing.arn_match
	count(messages) == 1
}

_in_task(scopes, facts) := messages if {
	call := object.union(_under(_opened, facts), {"task": {"id": "t", "scopes": scopes}})
	messages := task_scope.deny with input as call with moderato.arn_match as testing.arn_match
}

test_reaches_beyond_the_task_for_what_it_covers_and_no_further if {
	scopes := [{"grants": [{"classes": ["list"], "resources": ["*"]}]}]
	_in_task(scopes, _delete) == set()
	elsewhere := object.union(_delete, {"resources": ["arn:aws:s3:::c/k"]})
	_in_task(scopes, elsewhere) == {"The task does not cover class destructive on arn:aws:s3:::c/k."}
	mixed := {"class": "destructive", "classes": ["write", "destructive"]}
	_in_task(scopes, mixed) == {"The task does not cover class write on arn:aws:s3:::b/k."}
}

test_reaches_beyond_a_session_policy_only_with_every_class if {
	scopes := [{"statements": [{"effect": "Allow", "actions": ["s3:list*"], "resources": ["*"]}]}]
	_in_task(scopes, _delete) == set()
	_in_task(scopes, object.union(_delete, {"actions": []})) == set()
	count(_in_task(scopes, {"class": "destructive", "classes": ["write", "destructive"]})) == 1
	count(_in_task(scopes, object.union(_delete, {"resources": ["arn:aws:s3:::c/k"]}))) == 1
}
