import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { openBreakglass } from '../../proxy/breakglass/open.ts'
import { ConfigSchema } from '../../proxy/config/schema/config.ts'
import type { Outcome } from '../../proxy/exchange/outcome.ts'
import type { AuditRecord } from '../../proxy/audit/record.ts'
import { createLog } from '../../proxy/observe/log.ts'
import { createMetrics } from '../../proxy/observe/metrics.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openLedger } from '../state/open-ledger.ts'
import { OPENING } from './opening.ts'

const TEMPLATE = {
  name: 'ci',
  type: 'oidc',
  issuer: 'https://ci.example.org',
  audience: 'moderato',
  rules: [{ agent: 'spiffe://example.org/ci/{repository}', match: { ref: ['main'] } }],
}

async function opened(time: VirtualTime, store = new MemoryLedger(), identity: object = {}) {
  const config = ConfigSchema.parse({ agents: [{ id: 'a' }], identity })
  const ledger = await openLedger(time, { store, timer: time })
  const audited: AuditRecord[] = []
  let logged = ''
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString()
      done()
    },
  })
  const metrics = createMetrics({ services: new Set() })
  const breakglass = openBreakglass({
    rules: () => ({ loaded: { config } }),
    ledger,
    clock: time,
    timer: time,
    audit: { append: (record) => audited.push(record) },
    metrics,
    log: createLog({ destination }),
  })
  return { breakglass, audited, metrics, logged: () => logged }
}

describe('openBreakglass', () => {
  it('leaves who opened and who closed one in the audit log of every replica, and of one that starts under it', async () => {
    const time = new VirtualTime(Date.parse('2026-03-04T10:00:00Z'))
    const store = new MemoryLedger()
    const one = await opened(time, store)
    const other = await opened(time, store)
    const open = await one.breakglass.breakglasses.open(OPENING, 'alice')
    if (open === 'already') throw new Error(open)
    await time.advance(250)
    const late = await opened(time, store)
    await one.breakglass.breakglasses.close(open.id, 'bob')
    await time.advance(250)
    for (const { audited } of [one, other, late])
      expect(audited).toMatchObject([
        {
          phase: 'breakglass',
          breakglass: open.id,
          agent: 'a',
          opened: { state: 'open', openedBy: 'alice' },
        },
        { opened: { state: 'closed', closedBy: 'bob', closedAt: '2026-03-04T10:00:00.250Z' } },
      ])
    expect(one.logged()).toContain('"level":"warn"')
  })

  it('counts and tells what had the mark, whatever became of it, and nothing else', async () => {
    const { breakglass, metrics, logged } = await opened(new VirtualTime(0))
    const exchange = {
      requestId: 'r-1',
      agent: { id: 'a' },
      call: { class: 'destructive', service: 's3', operation: 'DeleteBucket' },
      breakglass: { id: 'bg-1' },
    }
    const outcome = {
      exchange,
      decision: 'deny',
      reason: 'policy_denied',
      durationMs: 1,
    } as unknown as Outcome
    breakglass.finished(outcome)
    breakglass.finished({ ...outcome, exchange: { ...outcome.exchange, breakglass: undefined } })
    expect(logged().trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(logged())).toMatchObject({ level: 'warn', breakglass: 'bg-1', reason: 'policy_denied' })
    expect(await metrics.text()).toContain(
      'moderato_breakglass_calls_total{class="destructive",decision="deny"} 1',
    )
  })

  it('knows the agents of the configuration, and those that a template of a provider may make', async () => {
    const { breakglass } = await opened(new VirtualTime(0), undefined, { providers: [TEMPLATE] })
    expect(['a', 'spiffe://example.org/ci/org/repo'].map(breakglass.isAgent)).toEqual([true, true])
    expect(['b', 'spiffe://example.org/other'].map(breakglass.isAgent)).toEqual([false, false])
  })
})
