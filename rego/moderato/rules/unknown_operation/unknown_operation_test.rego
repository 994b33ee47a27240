package moderato.rules.unknown_operation_test

import data.moderato.rules.unknown_operation
import data.moderato.testing

test_denies_class_unknown_even_if_granted if {
	messages := unknown_operation.deny with input as testing.call({"class": "unknown", "classes": ["unknown"]})
		with data.agents as testing.agents([{"classes": ["unknown"], "resources": ["*"]}])
	some message in messages
	contains(message, "does not know this operation of service s3")
}

test_denies_unknown_among_other_classes if {
	messages := unknown_operation.deny with input as testing.call({"classes": ["read", "unknown"]})
	count(messages) == 1
}

test_is_silent_on_known_operations if {
	messages := unknown_operation.deny with input as testing.call({})
	messages == set()
}
