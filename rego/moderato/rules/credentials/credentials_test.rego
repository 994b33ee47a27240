package moderato.rules.credentials_test

import data.moderato.rules.credentials
import data.moderato.testing

_call := testing.call({"class": "credentials", "classes": ["credentials"], "resources": ["arn:aws:iam::1:user/u"]})

test_denies_without_a_grant_that_names_the_class if {
	messages := credentials.deny with input as _call
		with data.agents as testing.agents([{"classes": ["read", "write", "permissions"], "resources": ["*"]}])
		with moderato.arn_match as testing.arn_match
	some message in messages
	contains(message, "issues credentials on arn:aws:iam::1:user/u")
}

test_is_silent_with_one if {
	messages := credentials.deny with input as _call
		with data.agents as testing.agents([{"classes": ["credentials"], "resources": ["*"]}])
		with moderato.arn_match as testing.arn_match
	messages == set()
}
