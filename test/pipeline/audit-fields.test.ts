import { describe, expect, it } from 'vitest'
import type { Forwarded, Resigned } from '../../proxy/exchange/exchange.ts'
import { outcomeFields } from '../../proxy/pipeline/audit-fields.ts'

const recorded = (requestId: string | undefined): string | undefined => {
  const exchange = {
    requestId: 'request-1',
    agent: { id: 'agent-1' },
    call: { service: 's3', operation: 'GetObject' },
    upstream: { status: 200, requestId, errorCode: undefined, durationMs: 1 },
  }
  return outcomeFields(exchange as unknown as Forwarded & Resigned, 'none').upstream?.requestId
}

describe('the upstream request id in an outcome', () => {
  it.each([
    '4442587FB7D0A2F9',
    '5E0ZQ1F7AKBJ6NC0K8Q5C4C4QJVV4KQNSO5AEMVJF66Q9ASUAAJG',
    '9d1f3b0a-6c1e-4f43-8a2b-0123456789ab',
  ])('is kept as AWS wrote it: %s', (id) => expect(recorded(id)).toBe(id))

  it('is left out where the upstream sent none', () => {
    expect(recorded(undefined)).toBeUndefined()
  })

  it.each([
    ['token=canary-secret', 'canary'],
    ['wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz', 'wJalrXUt'],
    ['a1'.repeat(32), 'a1a1a1'],
  ])('is redacted where an upstream sends a secret in it: %s', (id, secret) => {
    expect(recorded(id)).not.toContain(secret)
  })

  it('is bounded whatever its shape', () => {
    expect((recorded('A'.repeat(10_000)) ?? '').length).toBeLessThan(200)
    expect((recorded('x y'.repeat(10_000)) ?? '').length).toBeLessThan(200)
  })
})
