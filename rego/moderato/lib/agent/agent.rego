# METADATA
# title: Agent
# description: |
#   Finds the grants of the agent of the input. Agents from a rule of an identity provider share the rule's grants, under
#   their root. Every other agent has its own.
package moderato.lib.agent

# METADATA
# title: Grants
# description: The agent's grants; undefined if the agent is not configured.
grants := data.agents[object.get(input.agent, "root", input.agent.id)].grants
