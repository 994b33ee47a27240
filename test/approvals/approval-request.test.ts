import { describe, expect, it } from 'vitest'
import { newApproval } from '../../proxy/approvals/approval-request.ts'
import { decided, DELETE_TABLE } from './calls.ts'

const ONE = { approvers: 1, why: ['People must.'] } as const

describe('newApproval', () => {
  it('keeps parameters in a form that people can read, tags as key=value', async () => {
    const exchange = await decided(DELETE_TABLE)
    const facts = { force: true, cidrs: ['0.0.0.0/0'], tags: { env: ['prod'], team: ['a', 'b'] } }
    const call = { ...exchange.call, facts }
    const { facts: kept } = newApproval({ ...exchange, call }, 'd', ONE, () => undefined)
    expect(kept.parameters).toEqual({ force: true, cidrs: ['0.0.0.0/0'], tags: ['env=prod', 'team=a,b'] })
  })

  it('is bounded, whatever the call names, and says how much it left out', async () => {
    const exchange = await decided(DELETE_TABLE)
    const resources = Array.from({ length: 1000 }, (_, index) => `arn:aws:s3:::b/${'k'.repeat(5000)}${index}`)
    const tags = { [`t${'x'.repeat(9000)}`]: resources }
    const call = { ...exchange.call, resources, facts: { tags } }
    const made = newApproval({ ...exchange, call }, 'd', ONE, () => undefined)
    expect(made.facts.resourceCount).toBe(1000)
    expect(made.facts.resources).toHaveLength(20)
    expect(JSON.stringify(made).length).toBeLessThan(64 * 1024)
  })
})
