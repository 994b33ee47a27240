import { describe, expect, it } from 'vitest'
import { agentStore, staticOwners, type StaticOwners } from '../../proxy/identity/agent-store.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Decided, Identified, Received } from '../../proxy/exchange/exchange.ts'
import { reauthorize, type ReauthorizeDeps } from '../../proxy/stages/reauthorize.ts'

const AGENT = { id: 'a', accessKeyId: 'AKIDA', secretAccessKey: 'secret', grants: [] }
const RULES = {}

const NO_SESSIONS = {
  open(): never {
    throw new Denial('unknown_credential', 'no sessions here')
  },
}

function judged(
  owners: StaticOwners,
  deps: Partial<ReauthorizeDeps> = {},
  receivedAtMs = 1000,
  facts: object = {},
): string {
  const agents = agentStore(() => owners, NO_SESSIONS)
  const identify = (exchange: Received): Identified => ({
    ...(exchange as Identified),
    agent: agents.find('AKIDA', undefined).agent,
  })
  const same = (exchange: Decided): Decided => exchange
  const applyBreakglass = (exchange: Decided): Decided => exchange
  const exchange = {
    agent: { id: 'a', root: 'a', accessKeyId: 'AKIDA', session: undefined },
    authorization: { accessKeyId: 'AKIDA' },
    receivedAtMs,
    classedUnder: RULES,
    ...facts,
  } as unknown as Decided
  try {
    reauthorize({
      agents,
      identify,
      checkHolds: same,
      applyBreakglass,
      decide: same,
      operatorRules: () => RULES,
      ...deps,
    })(exchange)
    return 'passes'
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}

describe('reauthorize', () => {
  const before = staticOwners([AGENT])

  it('lets a call on that nothing changed for, or nothing but its grants', () => {
    expect(judged(before)).toBe('passes')
    const regranted = { ...AGENT, grants: [{ classes: ['read' as const], resources: ['*'] }] }
    expect(judged(staticOwners([regranted], { before, nowMs: 2000 }))).toBe('passes')
  })

  it('refuses a call whose key is gone, has another owner, or another secret since it came', () => {
    const after = (change: object) => staticOwners([{ ...AGENT, ...change }], { before, nowMs: 2000 })
    expect(judged(staticOwners([], { before, nowMs: 2000 }))).toBe('unknown_credential')
    expect(judged(after({ id: 'b' }))).toBe('unknown_credential')
    expect(judged(after({ secretAccessKey: 'new' }))).toBe('unknown_credential')
    expect(judged(after({ secretAccessKey: 'new' }), {}, 2000)).toBe('passes')
    // A reload later changes nothing for what came between.
    const later = staticOwners([{ ...AGENT, secretAccessKey: 'new' }], {
      before: after({ secretAccessKey: 'new' }),
      nowMs: 9000,
    })
    expect(judged(later, {}, 2000)).toBe('passes')
  })

  it('refuses what is frozen or denied by now, a freeze first', () => {
    const frozen = (): never => {
      throw new Denial('frozen', '')
    }
    const denied = (): never => {
      throw new Denial('policy_denied', '')
    }
    expect(judged(before, { checkHolds: frozen, decide: denied })).toBe('frozen')
    expect(judged(before, { decide: denied })).toBe('policy_denied')
  })

  it('judges by the break-glass that is open now, and sends back what came under the pace of one that is over', () => {
    const bg = (id: string, pace?: object) => ({ id, classes: [], resources: [], pace })
    const under = (came: object | undefined, now: object | undefined) => {
      const applyBreakglass = (exchange: Decided) => ({ ...exchange, breakglass: now }) as Decided
      const seen: unknown[] = []
      const decide = (exchange: Decided): Decided => {
        seen.push(exchange.breakglass)
        return exchange
      }
      const reason = judged(before, { applyBreakglass, decide }, 1000, { breakglass: came })
      expect(seen).toEqual([now])
      return reason
    }
    expect(under(bg('bg-1'), undefined)).toBe('passes')
    expect(under(undefined, bg('bg-1', {}))).toBe('passes')
    expect(under(bg('bg-1', {}), bg('bg-1', {}))).toBe('passes')
    expect(under(bg('bg-1', {}), undefined)).toBe('breakglass_closed')
    expect(under(bg('bg-1', {}), bg('bg-2', {}))).toBe('breakglass_closed')
  })

  it('sends back what was classed under other rules of operators', () => {
    expect(judged(before, { operatorRules: () => ({}) })).toBe('reconfigured')
  })
})
