package moderato.rules.reads_secret_test

import data.moderato.rules.reads_secret
import data.moderato.testing

_call := testing.call({"traits": ["reads-secret"]})

test_denies_what_only_read_covers if {
	messages := reads_secret.deny with input as _call
		with data.agents as testing.agents([{"classes": ["read", "list"], "resources": ["*"]}])
		with moderato.arn_match as testing.arn_match
	some message in messages
	contains(message, "reads a secret on arn:aws:s3:::b/k")
}

test_is_silent_with_a_grant_that_names_it if {
	messages := reads_secret.deny with input as _call
		with data.agents as testing.agents([{"classes": ["read", "reads-secret"], "resources": ["*"]}])
		with moderato.arn_match as testing.arn_match
	messages == set()
}
