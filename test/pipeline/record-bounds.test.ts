import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Furthest } from '../../proxy/exchange/outcome.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { decisionFields } from '../../proxy/pipeline/audit-fields.ts'
import { boundedFacts, boundedList } from '../../proxy/pipeline/record-bounds.ts'

interface Parts {
  readonly resources?: readonly string[]
  readonly actions?: readonly string[]
  readonly unmodelled?: readonly string[]
  readonly facts?: object
}

function recorded(parts: Parts, denial?: Denial) {
  const { resources = [], actions = [], unmodelled = [], facts = {} } = parts
  const call = {
    service: 's3',
    operation: 'DeleteObjects',
    actions,
    resources,
    unmodelled,
    facts,
    count: 1,
    class: 'data-delete',
    classes: ['data-delete'],
    traits: [],
    accessLevel: 'Write',
  }
  const exchange = {
    requestId: 'r1',
    headers: new HeaderFields(['user-agent', 'u'.repeat(10_000)]),
    client: { address: '127.0.0.1' },
    authorization: { scope: { region: 'us-east-1' } },
    agent: { id: 'agent', root: 'agent' },
    payload: { kind: 'unsigned' },
    call,
  } as unknown as Furthest
  return decisionFields(exchange, { nowMs: () => 0 }, 'deny', denial?.reason ?? 'none', denial)
}

const REFUSAL = new Denial('policy_denied', 'd'.repeat(100_000))
const keys = (count: number, length: number) =>
  Array.from({ length: count }, (_, i) => `arn:aws:s3:::bucket/${String(i).padStart(length, 'k')}`)

describe('the record of a refused call', () => {
  it('keeps the first resources, and says how many it left out', () => {
    const record = recorded({ resources: keys(1_000, 10) }, REFUSAL)
    expect(record.resources).toEqual(keys(50, 10))
    expect(record.omitted).toBe(950)
    expect(recorded({ resources: keys(50, 10) }, REFUSAL).omitted).toBeUndefined()
  })

  it('bounds resources by their length too', () => {
    const record = recorded({ resources: keys(50, 1_000) }, REFUSAL)
    expect(record.resources).toHaveLength(4)
    expect(record.omitted).toBe(46)
    expect(recorded({ resources: keys(1, 10_000_000) }, REFUSAL)).toMatchObject({ resources: [], omitted: 1 })
  })

  it('says what else it left out', () => {
    const facts = { force: true, tags: keys(1_000, 100) }
    const parts = { actions: keys(60, 1), unmodelled: keys(70, 1), facts }
    expect(recorded(parts, REFUSAL).facts).toMatchObject({
      parameters: { force: true },
      omitted: { actions: 10, unmodelled: 20, parameters: 1 },
    })
    expect(recorded({ facts: { force: true } }, REFUSAL).facts).not.toHaveProperty(['omitted', 'actions'])
  })

  it('is below 80 KiB whatever is refused, control characters too', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.integer({ min: 1, max: 100_000 }).map((length) => 'k'.repeat(length)),
      fc.integer({ min: 1, max: 5_000 }).map((length) => '\u0001'.repeat(length)),
      fc.integer({ min: 1, max: 5_000 }).map((length) => '\u{1f511}'.repeat(length)),
    )
    const list = fc.array(text, { maxLength: 200 })
    const parts = fc.record({
      resources: list,
      actions: list,
      unmodelled: list,
      facts: fc.record({ tags: list, requestTags: fc.dictionary(text, list), force: fc.boolean() }),
    })
    fc.assert(
      fc.property(parts, (each) => {
        const record = recorded(each, REFUSAL)
        expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThan(80 * 1024)
        expect((record.resources?.length ?? 0) + (record.omitted ?? 0)).toBe(each.resources.length)
      }),
      { numRuns: 50 },
    )
  })
})

describe('the record of an allowed call', () => {
  it('keeps all that the largest DeleteObjects names', () => {
    const record = recorded({ resources: keys(1_000, 1_024), facts: { force: true } })
    expect(record.resources).toHaveLength(1_000)
    expect(record.omitted).toBeUndefined()
  })

  it('is bounded as well', () => {
    const record = recorded({ resources: keys(100_000, 10) })
    expect(record.resources).toHaveLength(5_000)
    expect(record.omitted).toBe(95_000)
  })
})

describe('boundedList', () => {
  it('keeps a beginning that fits, and the longest such', () => {
    const bound = { items: 5, characters: 20 }
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 8 }), { maxLength: 10 }), (list) => {
        const { kept, omitted } = boundedList(list, bound)
        expect(kept).toEqual(list.slice(0, kept.length))
        expect(kept.length + omitted).toBe(list.length)
        const fits = (items: readonly string[]) =>
          items.length <= bound.items && items.join('').length <= bound.characters
        expect(fits(kept)).toBe(true)
        if (omitted > 0) expect(fits(list.slice(0, kept.length + 1))).toBe(false)
      }),
    )
  })
})

describe('boundedFacts', () => {
  it('leaves out a fact that does not fit, and keeps the others', () => {
    const facts = { long: ['x'.repeat(100)], tags: { a: ['b'] }, force: true }
    expect(boundedFacts(facts, 50)).toEqual({ kept: { tags: { a: ['b'] }, force: true }, omitted: 1 })
    expect(boundedFacts(facts, 500).kept).toBe(facts)
  })
})
