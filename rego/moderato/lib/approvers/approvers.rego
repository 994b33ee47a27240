# METADATA
# title: Approvers
# description: Writes the number of people who must approve in words.
package moderato.lib.approvers

# METADATA
# title: People
# description: Maps the number to the words that start a sentence.
people := {1: "One person", 2: "Two people"}
