import { slowdowns } from '../../proxy/state/slowdown.ts'
import { describe, expect, it } from 'vitest'
import { taskIn } from '../../proxy/identity/revocations.ts'
import { Quarantines } from '../../proxy/watch/quarantines.ts'
import type { Demand } from '../../proxy/approvals/required-approvals.ts'
import { carryOut } from '../../proxy/watch/respond.ts'
import type { Drift } from '../../proxy/watch/watch.ts'
import { twoReplicas, type Replica } from '../identity/open-revocations.ts'

const HOUR_MS = 3_600_000

async function scene() {
  const { time, one, other } = await twoReplicas()
  const demands: [Demand, number][] = []
  const responding = ({ ledger, revocations }: Replica) => {
    const quarantines = new Quarantines({ ledger, clock: time })
    const demand = (wanted: Demand, untilMs: number) => (demands.push([wanted, untilMs]), Promise.resolve())
    const ports = {
      quarantines,
      revocations,
      slowdowns: slowdowns(ledger),
      approvals: { demand },
      clock: time,
    }
    return { ledger, ...ports }
  }
  return { time, demands, one: responding(one), other: responding(other) }
}

function drift(over: Partial<Drift>): Drift {
  return {
    detector: 'fanout',
    response: 'mark',
    agent: 'a',
    task: undefined,
    words: 'It did.',
    requestIds: ['r'],
    requests: 1,
    factor: 4,
    forMs: undefined,
    key: 'k',
    things: [],
    moreThings: 0,
    grave: false,
    ...over,
  }
}

const agent = { id: 'a', root: 'a', accessKeyId: 'k', session: undefined }
const call = {} as never

describe('carryOut', () => {
  it('slows an agent for an hour, in the form that pace reads', async () => {
    const { time, one } = await scene()
    await carryOut(drift({ response: 'slow' }), one)
    expect(one.ledger.get('slowdown', 'a')?.value).toEqual({
      factor: 4,
      reason: 'It did.',
      by: 'watcher fanout',
    })
    await time.advance(HOUR_MS)
    expect(one.ledger.get('slowdown', 'a')).toBeUndefined()
  })

  it('never makes an agent faster than somebody else wanted it, nor sooner', async () => {
    const { time, one } = await scene()
    const person = { factor: 10, reason: 'why', by: 'alice' }
    await one.ledger.put('slowdown', 'a', person, { expiresAtMs: time.nowMs() + 3 * HOUR_MS })
    await carryOut(drift({ response: 'slow' }), one)
    expect(one.ledger.get('slowdown', 'a')?.value).toEqual(person)
    await one.ledger.put('slowdown', 'a', person)
    await carryOut(drift({ response: 'slow', factor: 20 }), one)
    expect(one.ledger.get('slowdown', 'a')?.value).toMatchObject({ factor: 20 })
    await time.advance(24 * HOUR_MS)
    expect(one.ledger.get('slowdown', 'a')).toBeDefined()
  })

  it('demands that a person approves what the agent changes', async () => {
    const { time, one, demands } = await scene()
    await carryOut(drift({ response: 'approve', forMs: 60_000 }), one)
    expect(demands).toEqual([
      [{ agent: 'a', approvers: 1, reason: 'It did.', by: 'watcher fanout' }, time.nowMs() + 60_000],
    ])
  })

  it('ends the task that the call was made in, and sessions where there is none', async () => {
    const { one } = await scene()
    const task = { id: 't', root: 'root', intent: undefined, scopes: [], openedAtMs: 0 }
    await carryOut(drift({ response: 'revoke', task }), one)
    expect(one.revocations.isTaskEnded('root', 't')).toBe(true)
    await carryOut(drift({ response: 'revoke' }), one)
    expect(one.ledger.all('revocation').map(({ id, value }) => [id, value])).toEqual([
      [`task:${taskIn('root', 't')}`, expect.objectContaining({ cause: 'drift', by: 'watcher fanout' })],
      ['agent:a', expect.objectContaining({ cause: 'drift' })],
    ])
  })

  it('stops an agent here at once, on another replica with its next poll, until the time is over', async () => {
    const { time, one, other } = await scene()
    await carryOut(drift({ response: 'quarantine', forMs: 60_000 }), one)
    const until = new Date(time.nowMs() + 60_000).toISOString()
    expect(() => one.quarantines.hold({ agent, call })).toThrow(
      `watcher fanout stopped this agent until ${until}: It did.`,
    )
    await time.advance(300)
    expect(() => other.quarantines.hold({ agent, call })).toThrow('It did.')
    expect(() => other.quarantines.hold({ agent: { ...agent, id: 'b' }, call })).not.toThrow()
    await time.advance(60_000)
    expect(() => other.quarantines.hold({ agent, call })).not.toThrow()
  })
})

describe('Quarantines', () => {
  const why = { reason: 'why', by: 'alice' }

  it('never shortens one that is in force, whoever comes second', async () => {
    const { one, other, time } = await scene()
    await one.quarantines.add('a', { ...why, forMs: undefined })
    await time.advance(300)
    await other.quarantines.add('a', { reason: 'shorter', by: 'watcher', forMs: 1_000 })
    expect(one.quarantines.all()).toMatchObject([{ agent: 'a', by: 'alice', untilMs: undefined }])
  })

  it('can be lifted, and made again after that and after its time', async () => {
    const { one, time } = await scene()
    await one.quarantines.add('a', { ...why, forMs: 1_000 })
    expect(await one.quarantines.lift('a')).toMatchObject({ by: 'alice' })
    expect(await one.quarantines.lift('a')).toBeUndefined()
    await one.quarantines.add('a', { ...why, forMs: 1_000 })
    await time.advance(2_000)
    await one.quarantines.add('a', { ...why, forMs: 1_000 })
    expect(one.quarantines.all()).toHaveLength(1)
  })

  it('stops an agent by an entry that it cannot read, too', async () => {
    const { one } = await scene()
    await one.ledger.put('quarantine', 'a', { other: 'form' })
    expect(() => one.quarantines.hold({ agent, call })).toThrow('cannot be read')
  })
})
