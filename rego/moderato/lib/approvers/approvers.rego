# METADATA
# title: Approvers
# description: How many people must approve, in words.
package moderato.lib.approvers

# METADATA
# title: People
# description: By how many there are, as a sentence begins.
people := {1: "One person", 2: "Two people"}
