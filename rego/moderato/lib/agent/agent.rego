# METADATA
# title: Agent
# description: |
#   What the agent of the input was granted. Agents that a rule of an identity provider makes have the rule's grants, under
#   their root; every other agent has its own.
package moderato.lib.agent

# METADATA
# title: Grants
# description: Undefined for an agent that is not configured.
grants := data.agents[object.get(input.agent, "root", input.agent.id)].grants
