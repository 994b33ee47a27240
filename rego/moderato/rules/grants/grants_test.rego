package moderato.rules.grants_test

import data.moderato.rules.grants
import data.moderato.testing

test_permits_what_is_covered if {
	grants.permit with input as testing.call({})
		with data.agents as testing.agents([{"classes": ["read"], "resources": ["arn:aws:s3:::b/*"]}])
		with moderato.arn_match as testing.arn_match
}

test_denies_with_the_class_and_the_resource if {
	messages := grants.deny with input as testing.call({"classes": ["read", "write"]})
		with data.agents as testing.agents([{"classes": ["read"], "resources": ["*"]}])
		with moderato.arn_match as testing.arn_match
	messages == {"Class write is not granted on arn:aws:s3:::b/k."}
}

test_an_empty_input_is_not_permitted if {
	not grants.permit with input as {}
}

test_leaves_credentials_secrets_and_unknown_to_their_own_rules if {
	call := testing.call({"class": "unknown", "classes": ["credentials"], "traits": ["reads-secret"]})
	messages := grants.deny with input as call with data.agents as {}
	messages == set()
	not grants.permit with input as call with data.agents as {}
}
