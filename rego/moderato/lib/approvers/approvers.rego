# METADATA
# title: Approvers
# description: Says in words how many people must approve, and which rule asks for them.
package moderato.lib.approvers

# METADATA
# title: People
# description: Maps the number to the words that start a sentence.
people := {1: "One person", 2: "Two people"}

# METADATA
# title: Named
# description: Holds the name of a rule that asks, if it has one.
named(rule) := {"rule": name | name := rule.name}
