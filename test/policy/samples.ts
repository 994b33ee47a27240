/** Calls and grants that the policy tests share. */
import type { PolicyInput } from '../../policy/engine.ts'
import type { PolicyGrant } from '../../policy/types.ts'

export const AGENT = 'spiffe://example.org/agent/demo'

export function inputOf(call: Partial<PolicyInput['call']> = {}, agentId = AGENT): PolicyInput {
  return {
    agent: { id: agentId },
    call: {
      service: 's3',
      operation: 'GetObject',
      actions: ['s3:GetObject'],
      resources: ['arn:aws:s3:::data/reports/1.csv'],
      count: 1,
      class: 'read',
      classes: ['read'],
      traits: [],
      accessLevel: 'Read',
      facts: {},
      region: 'eu-central-1',
      ...call,
    },
    timeSeconds: 1_790_000_000,
  }
}

export function dataOf(...grants: readonly PolicyGrant[]) {
  return { agents: { [AGENT]: { grants } } }
}
