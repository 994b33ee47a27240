import { describe, expect, it } from 'vitest'
import { Waiting } from '../../proxy/approvals/waiting.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Decided } from '../../proxy/exchange/exchange.ts'
import { approve, checkApproval, type ApproveDeps } from '../../proxy/stages/approve.ts'
import {
  ACCOUNT,
  decided,
  DELETE_TABLE,
  denialOf,
  json,
  NO,
  replica,
  YES,
  type Scene,
} from '../approvals/calls.ts'
import { settled } from '../../proxy/core/virtual-time.ts'

function stageOf({ approvals, time }: Scene, deps: Partial<ApproveDeps> = {}) {
  return approve({
    approvals,
    ownerOf: () => 'carol@example.org',
    place: (id) => `Look at ${id}.`,
    clock: time,
    hold: undefined,
    ...deps,
  })
}

function holding(scene: Scene, recheck: (exchange: Decided) => void = () => {}, perAgent = 100) {
  const waiting = new Waiting(scene.ledger, scene.time, () => perAgent)
  const hold = { waiting, maxWaitMs: () => 20_000, steadyClock: scene.time, recheck }
  return { waiting, stage: stageOf(scene, { hold }) }
}

/** The one that waits. */
function waitingId({ approvals }: Scene): string {
  const [only, ...others] = approvals.all()
  if (only === undefined || others.length > 0) throw new Error(`${others.length} others wait`)
  return only.id
}

describe('approve', () => {
  it('lets a call on at once that nobody needs to approve', async () => {
    const scene = await replica()
    const exchange = await decided(DELETE_TABLE, {}, 0)
    const call = { ...exchange.call, reads: undefined }
    expect(stageOf(scene)(exchange)).toEqual({ ...exchange, call, approval: undefined })
    expect(scene.approvals.all()).toEqual([])
  })

  it('refuses with the id, the reason, the place and the time, and lets the same call on once it is approved', async () => {
    const scene = await replica()
    const stage = stageOf(scene)
    const denial = await denialOf(async () => stage(await decided(DELETE_TABLE)))
    const id = waitingId(scene)
    expect(denial).toMatchObject({ reason: 'approval_required', approval: id })
    expect(denial.message).toBe(
      `People must. Approval ${id} was asked for: it needs one person. Look at ${id}. It is good for 60 more min.`,
    )
    await scene.time.advance(60_000)
    expect((await denialOf(async () => stage(await decided(DELETE_TABLE)))).message).toContain('still waits')
    await scene.approvals.decide(id, YES)
    const again = await decided(DELETE_TABLE, { signedAtMs: Date.UTC(2026, 2, 4, 5, 9) })
    expect(stage(again)).toMatchObject({ approval: { id, skipPace: false } })
    // Nothing is spent by looking.
    expect(stage(again)).toMatchObject({ approval: { id } })
  })

  it('S17: lets no other call on for it, of this agent or of another', async () => {
    const scene = await replica()
    const stage = stageOf(scene)
    await denialOf(async () => stage(await decided(DELETE_TABLE)))
    await scene.approvals.decide(waitingId(scene), YES)
    const other = await decided(json('DynamoDB_20120810.DeleteTable', { TableName: 'users' }))
    expect((await denialOf(() => stage(other))).reason).toBe('approval_required')
    const same = await decided(DELETE_TABLE)
    const stranger = { ...same, agent: { ...same.agent, id: 'agent-2' } }
    expect((await denialOf(() => stage(stranger))).reason).toBe('approval_required')
    expect(scene.approvals.pending).toBe(2)
  })

  it('tells of the first of two, and lets the call on with the second', async () => {
    const scene = await replica()
    const stage = stageOf(scene)
    const attempt = async () => stage(await decided(DELETE_TABLE, {}, 2))
    expect((await denialOf(attempt)).message).toContain('it needs two people.')
    const id = waitingId(scene)
    await scene.approvals.decide(id, YES)
    expect((await denialOf(attempt)).message).toContain('it needs two people, one has approved.')
    await scene.approvals.decide(id, { ...YES, person: 'bob', skipPace: true })
    expect(await attempt()).toMatchObject({ approval: { id, skipPace: false } })
  })

  it('says who denied and why, in quotes', async () => {
    const scene = await replica()
    const stage = stageOf(scene)
    await denialOf(async () => stage(await decided(DELETE_TABLE)))
    const id = waitingId(scene)
    await scene.approvals.decide(id, { ...NO, reason: 'Orders are "live"\u202e' })
    const denial = await denialOf(async () => stage(await decided(DELETE_TABLE)))
    expect(denial).toMatchObject({ reason: 'approval_denied', approval: id })
    expect(denial.message).toBe(
      `alice@example.org refused approval ${id} and said "Orders are \\"live\\"\\u{202e}".`,
    )
  })

  it('refuses the 21st in words', async () => {
    const scene = await replica({ pendingPerAgent: 2 })
    const stage = stageOf(scene)
    const reasons: string[] = []
    for (const TableName of ['a', 'b', 'c']) {
      const call = await decided(json('DynamoDB_20120810.DeleteTable', { TableName }))
      reasons.push((await denialOf(() => stage(call))).reason)
    }
    expect(reasons).toEqual(['approval_required', 'approval_required', 'approvals_full'])
  })

  it('refuses in words what has no content to approve', async () => {
    const scene = await replica()
    const put = { method: 'PUT', path: '/data/k', body: Buffer.from('content') }
    const unsigned = await decided(put, { service: 's3', payloadHash: 'UNSIGNED-PAYLOAD' })
    expect((await denialOf(() => stageOf(scene)(unsigned))).reason).toBe('unapprovable')
    expect(scene.approvals.all()).toEqual([])
  })

  it('fails closed if the store does', async () => {
    const scene = await replica()
    const broken = {
      since: () => Promise.reject(new Error('gone')),
      write: () => Promise.reject(new Error('gone')),
    }
    Object.assign(scene.store, broken)
    const denial = await denialOf(async () => stageOf(scene)(await decided(DELETE_TABLE)))
    expect(denial.reason).toBe('state_unavailable')
  })

  it('wants people for what an agent changes where somebody demanded that, and not for what it reads', async () => {
    const scene = await replica()
    const stage = stageOf(scene)
    const demand = { agent: 'agent-1', approvers: 2, reason: 'It loops.', by: 'a watcher' } as const
    await scene.approvals.demand(demand, scene.time.nowMs() + 60_000)
    const change = await decided(DELETE_TABLE, {}, 0)
    const denial = await denialOf(() => stage(change))
    expect(denial.message).toContain('It loops.')
    expect(denial.message).toContain('two people')
    const read = await decided(json('DynamoDB_20120810.DescribeTable', { TableName: 'orders' }), {}, 0)
    expect(stage(read)).toMatchObject({ approval: undefined })
    // It asks for no fewer than policy does.
    await scene.approvals.demand({ ...demand, approvers: 1 }, scene.time.nowMs() + 60_000)
    const graver = await decided(DELETE_TABLE, {}, 2)
    expect((await denialOf(() => stage(graver))).message).toContain('two people')
  })

  it('is bound to the task, and keeps what the agent says of it apart from the facts', async () => {
    const scene = await replica()
    const stage = stageOf(scene)
    const inTask = async (id: string): Promise<Decided> => {
      const call = await decided(DELETE_TABLE)
      const task = {
        id,
        intent: 'Approved by Bob',
        justificationHash: undefined,
        ticket: 'T-1',
        roleArn: undefined,
      }
      const session = { id: 's', agentId: 'agent-1', root: 'r', issuedAtMs: 0, expiresAtMs: 0 }
      const agent = {
        ...call.agent,
        root: 'r',
        session: { ...session, task: { ...task, scopes: [], ancestors: [] } },
      }
      return { ...call, agent }
    }
    await denialOf(async () => stage(await inTask('t1')))
    const { approval } = scene.approvals.all()[0] ?? {}
    expect(approval).toMatchObject({
      root: 'r',
      owner: 'carol@example.org',
      task: { id: 't1', says: 'Approved by Bob', ticket: 'T-1' },
    })
    expect(approval?.facts).toMatchObject({
      service: 'dynamodb',
      operation: 'DeleteTable',
      account: ACCOUNT,
      region: 'us-east-1',
      resources: [`arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/orders`],
    })
    expect(JSON.stringify(approval?.facts)).not.toContain('Approved by Bob')
    const id = waitingId(scene)
    await scene.approvals.decide(id, YES)
    expect(await stage(await inTask('t1'))).toMatchObject({ approval: { id } })
    expect((await denialOf(async () => stage(await inTask('t2')))).reason).toBe('approval_required')
    expect((await denialOf(async () => stage(await decided(DELETE_TABLE)))).reason).toBe('approval_required')
  })
})

describe('a call that is held for its approval', () => {
  it('goes on when somebody on another replica approves it', async () => {
    const scene = await replica()
    const other = await replica({}, scene)
    const { stage } = holding(scene)
    const held = stage(await decided(DELETE_TABLE))
    await scene.time.advance(5_000)
    await other.approvals.decide(waitingId(other), YES)
    await scene.time.advance(250)
    expect(await held).toMatchObject({ approval: { id: waitingId(scene) } })
    expect(scene.time.alarms).toBe(2)
  })

  it('is refused when the longest wait is over, and leaves nothing behind', async () => {
    const scene = await replica()
    const { stage } = holding(scene)
    const held = denialOf(async () => stage(await decided(DELETE_TABLE)))
    await scene.time.advance(20_000)
    expect((await held).reason).toBe('approval_required')
    expect(scene.time.alarms).toBe(1)
  })

  it('is refused when somebody denies it', async () => {
    const scene = await replica()
    const { stage } = holding(scene)
    const held = denialOf(async () => stage(await decided(DELETE_TABLE)))
    await scene.time.advance(1_000)
    await scene.approvals.decide(waitingId(scene), NO)
    expect((await held).reason).toBe('approval_denied')
  })

  it('S4: is judged again at every change, and refused for what has changed for the worse', async () => {
    const scene = await replica()
    let isFrozen = false
    const { stage } = holding(scene, () => {
      if (isFrozen) throw new Denial('policy_denied', 'Frozen.')
    })
    const held = denialOf(async () => stage(await decided(DELETE_TABLE)))
    await scene.time.advance(1_000)
    isFrozen = true
    await scene.ledger.put('freeze', 'all', {})
    expect((await held).message).toBe('Frozen.')
  })

  it('is dropped when its client goes, and answered when the proxy drains', async () => {
    const scene = await replica()
    const { stage, waiting } = holding(scene)
    const leaving = new AbortController()
    const call = await decided(DELETE_TABLE)
    const client = { ...call.client, gone: leaving.signal }
    const gone = denialOf(() => stage({ ...call, client }))
    const stays = denialOf(() => stage(call))
    await settled()
    leaving.abort()
    expect((await gone).reason).toBe('client_gone')
    waiting.drain()
    expect((await stays).reason).toBe('approval_required')
    expect((await denialOf(() => stage(call))).reason).toBe('approval_required')
  })

  it('is one of so many of its agent', async () => {
    const scene = await replica()
    const { stage } = holding(scene, undefined, 1)
    const call = await decided(DELETE_TABLE)
    const first = stage(call)
    await settled()
    expect((await denialOf(() => stage(call))).reason).toBe('approval_required')
    await scene.approvals.decide(waitingId(scene), YES)
    expect(await first).toMatchObject({ approval: {} })
  })
})

describe('checkApproval', () => {
  it('S4: refuses what was approved and is not by now, and what needs people by now', async () => {
    const scene = await replica()
    const stage = stageOf(scene)
    const call = await decided(DELETE_TABLE)
    await denialOf(() => stage(call))
    const id = waitingId(scene)
    await scene.approvals.decide(id, YES)
    const approved = await stage(call)
    const check = (approvals: 0 | 1 | 2) => () =>
      checkApproval(approved, { ...approved.decision, approvals }, scene.approvals)
    expect(check(1)).not.toThrow()
    expect((await denialOf(check(2))).reason).toBe('approval_required')
    await scene.approvals.decide(id, { ...NO, person: 'bob' })
    expect((await denialOf(check(1))).reason).toBe('approval_denied')
    const free = { ...approved, approval: undefined }
    expect(() => checkApproval(free, { ...free.decision, approvals: 0 }, scene.approvals)).not.toThrow()
    expect((await denialOf(() => checkApproval(free, free.decision, scene.approvals))).reason).toBe(
      'approval_required',
    )
  })
})
