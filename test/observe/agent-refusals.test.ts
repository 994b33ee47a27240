import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuditRecord } from '../../proxy/audit/record.ts'
import { agentRefusals } from '../../proxy/observe/agent-refusals.ts'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

const BURST = 1_000

function setUp() {
  const written: AuditRecord[] = []
  const clock = { nowMs: () => Date.now() }
  const refusals = agentRefusals({
    audit: { append: (record) => void written.push(record) },
    clock,
    steadyClock: clock,
  })
  let requests = 0
  const refuse = (more: Partial<AuditRecord> = {}, root = more.agent ?? 'a') => {
    requests += 1
    refusals.record(root, {
      phase: 'decision',
      requestId: `r${requests}`,
      agent: 'a',
      service: 's3',
      operation: 'DeleteObjects',
      class: 'data-delete',
      decision: 'deny',
      reason: 'policy_denied',
      ...more,
    })
  }
  const ofPhase = (phase: string) => written.filter((each) => each.phase === phase)
  return { written, refusals, refuse, ofPhase }
}

describe('agentRefusals', () => {
  it('records an agent’s refusals one by one up to its burst, then 10 a second', () => {
    const { refuse, ofPhase } = setUp()
    for (let i = 0; i < BURST + 50; i += 1) refuse()
    expect(ofPhase('decision')).toHaveLength(BURST)
    vi.advanceTimersByTime(1000)
    for (let i = 0; i < 50; i += 1) refuse()
    expect(ofPhase('decision')).toHaveLength(BURST + 10)
  })

  it('counts the rest in one record an interval, which says when, what and why', () => {
    const { refuse, ofPhase } = setUp()
    for (let i = 0; i < BURST; i += 1) refuse()
    for (let i = 0; i < 3; i += 1) refuse()
    vi.advanceTimersByTime(9_999)
    for (let i = 0; i < 300; i += 1) refuse({ operation: `X${i}`, class: 'write', reason: 'paced' })
    vi.advanceTimersByTime(1)
    const [record, ...more] = ofPhase('refusals')
    expect(more).toEqual([])
    // 99 had room in the meantime.
    expect(record).toMatchObject({
      agent: 'a',
      refusals: { policy_denied: 3, paced: 201 },
      refused: {
        from: '1970-01-01T00:00:00.000Z',
        until: '1970-01-01T00:00:09.999Z',
        classes: { 'data-delete': 3, write: 201 },
      },
    })
    expect(record?.refused?.requestIds).toHaveLength(10)
    expect(record?.refused?.requestIds[0]).toBe(`r${BURST + 1}`)
    expect(Object.keys(record?.refused?.operations ?? {})).toHaveLength(21)
    expect(record?.refused?.operations['others']).toBe(201 - 19)
  })

  it('goes by bytes: large records leave room for fewer', () => {
    const { refuse, ofPhase } = setUp()
    for (let i = 0; i < 200; i += 1) refuse({ detail: 'x'.repeat(9 * 1024) })
    expect(ofPhase('decision')).toHaveLength(BURST / 10)
    refuse({ agent: 'b', detail: 'x'.repeat(2 * BURST * 1024) })
    refuse({ agent: 'b' })
    expect(ofPhase('decision')).toHaveLength(BURST / 10 + 1)
  })

  it('takes nothing from another agent', () => {
    const { refuse, ofPhase } = setUp()
    for (let i = 0; i < BURST + 1; i += 1) refuse()
    refuse({ agent: 'b' })
    expect(ofPhase('decision').filter(({ agent }) => agent === 'b')).toHaveLength(1)
  })

  it('gives agents of one template one pace, and names each of them and each break-glass', () => {
    const { refusals, refuse, ofPhase } = setUp()
    for (let i = 0; i < BURST; i += 1) refuse({ agent: `t/${i}` }, 't')
    refuse({ agent: 't/1' }, 't')
    refuse({ agent: 't/2', breakglass: 'bg' }, 't')
    refusals.flush()
    expect(ofPhase('decision')).toHaveLength(BURST)
    expect(ofPhase('refusals')).toMatchObject([{ agent: 't/1' }, { agent: 't/2', breakglass: 'bg' }])
  })

  it('leaves none uncounted and few records behind however many agents of a template are refused', () => {
    const { refusals, refuse, ofPhase } = setUp()
    for (let i = 0; i < BURST + 5_000; i += 1) refuse({ agent: `t/${i}` }, 't')
    refusals.flush()
    refusals.flush()
    const counted = ofPhase('refusals').flatMap((each) => Object.values(each.refusals ?? {}))
    expect(counted.reduce((sum, each) => sum + each, 0)).toBe(5_000)
    expect(ofPhase('refusals')).toHaveLength(21)
    expect(ofPhase('refusals').at(-1)?.agent).toBe('t')
  })

  it('keeps a bounded number of paces, and loses no count of one that it forgets', () => {
    const { refuse, ofPhase } = setUp()
    for (let i = 0; i < BURST + 7; i += 1) refuse()
    for (let i = 0; i < 10_000; i += 1) refuse({ agent: `other ${i}` })
    expect(ofPhase('refusals')).toMatchObject([{ agent: 'a', refusals: { policy_denied: 7 } }])
  })
})
