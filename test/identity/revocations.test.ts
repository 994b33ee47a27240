import { describe, expect, it } from 'vitest'
import type { Session } from '../../proxy/core/agent.ts'
import { Revocations, taskIn } from '../../proxy/identity/revocations.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openLedger } from '../state/open-ledger.ts'

const WHY = { cause: 'operator', by: 'alice', reason: 'leaked' } as const
const HOUR_MS = 3_600_000

async function scene() {
  const [store, time] = [new MemoryLedger(), new VirtualTime()]
  const replica = async () => {
    const ledger = await openLedger(time, { store, timer: time })
    return { ledger, revocations: new Revocations({ ledger, clock: time, maxSessionMs: HOUR_MS }) }
  }
  return { time, one: await replica(), other: await replica() }
}

function sessionAt(
  issuedAtMs: number,
  { id = 's', task = 't', root = 'a', ancestors = [] as readonly string[] } = {},
): Session {
  return {
    id,
    agentId: 'a',
    root,
    task: {
      id: task,
      intent: undefined,
      justificationHash: undefined,
      ticket: undefined,
      roleArn: undefined,
      scopes: [],
      ancestors,
    },
    issuedAtMs,
    expiresAtMs: issuedAtMs + HOUR_MS,
  }
}
const agentOf = (session: Session) => ({
  id: session.agentId,
  root: session.root,
  accessKeyId: 'ASIA',
  session,
})

describe('Revocations', () => {
  it('ends a session here at once, and on another replica with its next poll', async () => {
    const { time, one, other } = await scene()
    const agent = agentOf(sessionAt(time.nowMs()))
    await one.revocations.revoke({ kind: 'session', id: 's' }, WHY)
    expect(() => one.revocations.check(agent)).toThrow(/Task "t" was ended \(operator\): leaked/)
    expect(() => other.revocations.check(agent)).not.toThrow()
    await time.advance(250)
    expect(() => other.revocations.check(agent)).toThrow(expect.objectContaining({ reason: 'revoked' }))
    expect(() => other.revocations.check(agentOf(sessionAt(time.nowMs(), { id: 's2' })))).not.toThrow()
  })

  it('ends what was issued up to then of an agent, a root or everybody, and not what comes after', async () => {
    const { time, one } = await scene()
    const { revocations } = one
    const targets = [{ kind: 'agent', id: 'a' }, { kind: 'root', id: 'r' }, { kind: 'all' }] as const
    for (const target of targets) {
      const before = agentOf(sessionAt(time.nowMs(), { root: 'r' }))
      await revocations.revoke(target, WHY)
      expect(() => revocations.check(before)).toThrow('was ended')
      await time.advance(1_000)
      expect(() => revocations.check(agentOf(sessionAt(time.nowMs(), { root: 'r' })))).not.toThrow()
    }
  })

  it('ends a task for good, with all that was opened from it, and no task of that name of somebody else', async () => {
    const { time, one } = await scene()
    const { revocations } = one
    await revocations.revoke({ kind: 'task', id: taskIn('r', 't') }, WHY)
    await time.advance(1_000)
    const later = time.nowMs()
    expect(() => revocations.check(agentOf(sessionAt(later, { root: 'r' })))).toThrow('was ended')
    const child = sessionAt(later, { root: 'r', task: 'child', ancestors: ['t'] })
    expect(() => revocations.check(agentOf(child))).toThrow('was ended')
    expect(() => revocations.check(agentOf(sessionAt(later, { root: 'q' })))).not.toThrow()
  })

  it('refuses every session while it cannot be known, and no static key', async () => {
    const { time, one } = await scene()
    const agent = agentOf(sessionAt(time.nowMs()))
    one.ledger.close()
    await time.advance(5_001)
    expect(() => one.revocations.check(agent)).toThrow(
      expect.objectContaining({ reason: 'state_unavailable' }),
    )
    expect(() => one.revocations.check({ ...agent, session: undefined })).not.toThrow()
  })

  it('outlives every session that it ends', async () => {
    const { time, one } = await scene()
    const agent = agentOf(sessionAt(time.nowMs()))
    await one.revocations.revoke({ kind: 'agent', id: 'a' }, WHY)
    await time.advance(HOUR_MS)
    expect(one.revocations.isRevoked(agent)).toBe(true)
  })
})
