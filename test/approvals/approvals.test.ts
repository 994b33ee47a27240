import { describe, expect, it } from 'vitest'
import { grantedOf, objectionTo, statusOf } from '../../proxy/approvals/approval.ts'
import type { Approvals } from '../../proxy/approvals/approvals.ts'
import { needOf } from '../../proxy/approvals/approval-request.ts'
import { approvalOf, ASKED, decided, DELETE_TABLE, NO, replica, YES } from './calls.ts'

const BOB = { ...YES, person: 'bob@example.org' }
const at = (decision: typeof YES | typeof NO | typeof BOB) => ({ ...decision, atMs: 1 })

const KEY = { agentId: 'agent-1', taskId: undefined, digest: 'd1' }

async function asked(approvals: Approvals, change: Partial<typeof ASKED> = {}): Promise<string> {
  const known = await approvals.ask({ ...ASKED, ...change })
  if (known === undefined) throw new Error('there was no room')
  return known.id
}

describe('an approval', () => {
  it('takes as many people as it needs, whatever each repeats', () => {
    const one = approvalOf({ approvers: 2, decisions: [at(YES)] })
    expect(statusOf(one)).toBe('pending')
    expect(statusOf({ ...one, decisions: [at(YES), at(YES)] })).toBe('pending')
    expect(statusOf({ ...one, decisions: [at(YES), at(BOB)] })).toBe('approved')
    expect(statusOf({ ...one, decisions: [at(YES), at(BOB), at(NO)] })).toBe('denied')
  })

  it('grants what all of them agreed to', () => {
    const both = (one: object, other: object) =>
      grantedOf(
        approvalOf({
          decisions: [
            { ...at(YES), ...one },
            { ...at(BOB), ...other },
          ],
        }),
      )
    expect(both({ uses: 3 }, { uses: 5 }).uses).toBe(3)
    expect(both({ skipPace: true }, { skipPace: false }).skipPace).toBe(false)
    expect(both({ skipPace: true }, { skipPace: true }).skipPace).toBe(true)
  })

  it('S18: is not for who answers for the agent, nor for the same person twice', () => {
    const own = approvalOf({ owner: YES.person })
    expect(objectionTo(own, YES)?.error).toBe('own_agent')
    expect(objectionTo(own, NO)).toBeUndefined()
    expect(objectionTo(own, BOB)).toBeUndefined()
    const half = approvalOf({ approvers: 2, decisions: [at(YES)] })
    expect(objectionTo(half, YES)?.error).toBe('same_person')
    // By whichever channel they come.
    expect(objectionTo(half, { ...YES, person: YES.person })?.error).toBe('same_person')
    expect(objectionTo(half, BOB)).toBeUndefined()
  })

  it('can be taken back until it is used, and is not decided again after that', () => {
    const approved = approvalOf({ decisions: [at(YES)] })
    expect(objectionTo(approved, { ...NO, person: 'bob@example.org' })).toBeUndefined()
    expect(objectionTo(approved, BOB)?.error).toBe('already_decided')
    for (const over of [{ used: 1 }, { decisions: [at(NO)] }, { voided: { atMs: 1, why: '' } }])
      for (const decision of [BOB, { ...BOB, approve: false }])
        expect(objectionTo({ ...approved, ...over }, decision)?.error).toBe('already_decided')
  })
})

describe('Approvals', () => {
  it('names each with 128 random bits, and the same one for the same call', async () => {
    const { approvals, events } = await replica()
    const id = await asked(approvals)
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(await asked(approvals)).toBe(id)
    expect(await asked(approvals, { digest: 'd2' })).not.toBe(id)
    expect(await asked(approvals, { agent: 'agent-2' })).not.toBe(id)
    expect(events.map(({ kind }) => kind)).toEqual(['asked', 'asked', 'asked'])
    expect(approvals.pending).toBe(3)
  })

  it('lets one of two replicas that race for one use have it', async () => {
    const one = await replica()
    const other = await replica({}, one)
    const id = await asked(one.approvals)
    await one.approvals.decide(id, YES)
    await one.time.advance(250)
    const spend = ({ approvals }: typeof one) => approvals.spend(id, KEY, 1)
    const won = await Promise.all([spend(one), spend(other), spend(one), spend(other)])
    expect(won.filter(Boolean)).toHaveLength(1)
    await one.time.advance(250)
    expect([one, other].map(({ approvals }) => approvals.get(id)?.approval.used)).toEqual([1, 1])
  })

  it('gives as many uses as were granted, over all replicas', async () => {
    const one = await replica()
    const other = await replica({}, one)
    const id = await asked(one.approvals)
    await one.approvals.decide(id, { ...YES, uses: 3 })
    await one.time.advance(250)
    const all = await Promise.all(
      [one, other, one, other, one, other].map(({ approvals }) => approvals.spend(id, KEY, 1)),
    )
    expect(all.filter(Boolean)).toHaveLength(3)
  })

  it.each([
    ['another agent', { agentId: 'agent-2' }, 1],
    ['another call', { digest: 'd2' }, 1],
    ['another task', { taskId: 't1' }, 1],
    ['a call that needs more people by now', {}, 2],
  ] as const)('has no use for %s', async (_, change, approvers) => {
    const { approvals } = await replica()
    const id = await asked(approvals)
    await approvals.decide(id, YES)
    expect(await approvals.spend(id, { ...KEY, ...change }, approvers)).toBe(false)
    expect(await approvals.spend(id, KEY, 1)).toBe(true)
  })

  it('ends by itself: undecided, and approved and not used', async () => {
    const { approvals, time } = await replica()
    const pending = await asked(approvals)
    const approved = await asked(approvals, { digest: 'd2' })
    await time.advance(3_599_000)
    await approvals.decide(approved, YES)
    await time.advance(1_000)
    expect(approvals.get(pending)).toBeUndefined()
    await expect(approvals.decide(pending, YES)).rejects.toMatchObject({ error: 'not_found' })
    expect(approvals.get(approved)).toBeDefined()
    await time.advance(3_599_000)
    expect(await approvals.spend(approved, { ...KEY, digest: 'd2' }, 1)).toBe(false)
    expect(approvals.all()).toEqual([])
  })

  it('refuses the 21st undecided one of a root identity, however many are asked for at once', async () => {
    const { approvals, time } = await replica()
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        approvals.ask({ ...ASKED, agent: `a${index}`, digest: `d${index}` }),
      ),
    )
    expect(all.filter((each) => each !== undefined)).toHaveLength(20)
    expect(await approvals.ask({ ...ASKED, root: 'another', digest: 'x' })).toBeDefined()
    // A decided one makes room, a void one does not: or an agent could ask without end by voiding its own.
    await approvals.decide(all[0]?.id ?? '', NO)
    expect(await approvals.ask({ ...ASKED, digest: 'room' })).toBeDefined()
    expect(await approvals.ask({ ...ASKED, digest: 'none' })).toBeUndefined()
    await time.advance(3_600_000)
    expect(await approvals.ask({ ...ASKED, digest: 'none' })).toBeDefined()
  })

  it('is denied rather than approved where two were asked for on two replicas at once', async () => {
    const one = await replica()
    const other = await replica({}, one)
    const [a, b] = await Promise.all([asked(one.approvals), asked(other.approvals)])
    await one.time.advance(250)
    await one.approvals.decide(a, YES)
    if (a !== b) {
      expect(one.approvals.find(KEY, 1)?.id).toBe(a)
      await one.approvals.decide(b, NO)
    }
    expect(statusOf(one.approvals.find(KEY, 1)?.approval ?? approvalOf())).toBe(
      a === b ? 'approved' : 'denied',
    )
  })

  it('takes a second person where policy wants two by now', async () => {
    const { approvals } = await replica()
    const id = await asked(approvals)
    await approvals.decide(id, YES)
    expect(await asked(approvals, { approvers: 2, why: ['Two must.'] })).toBe(id)
    expect(statusOf(approvals.get(id)?.approval ?? approvalOf())).toBe('pending')
    await expect(approvals.decide(id, YES)).rejects.toMatchObject({ error: 'same_person' })
    await approvals.decide(id, BOB)
    expect(await approvals.spend(id, KEY, 2)).toBe(true)
  })

  it('lets two people decide at once on two replicas, and counts both', async () => {
    const one = await replica()
    const other = await replica({}, one)
    const id = await asked(one.approvals, { approvers: 2 })
    await one.time.advance(250)
    await Promise.all([one.approvals.decide(id, YES), other.approvals.decide(id, BOB)])
    await one.time.advance(250)
    expect(statusOf(one.approvals.get(id)?.approval ?? approvalOf())).toBe('approved')
  })

  it('voids what depends on something that changed, and nothing else', async () => {
    const { approvals, events } = await replica()
    const stack = 'arn:aws:cloudformation:us-east-1:1:stack/prod/*'
    const depends = await asked(approvals, { digest: 'd1', dependsOn: [stack] })
    const other = await asked(approvals, { digest: 'd2', dependsOn: [stack.replace('prod', 'test')] })
    const plain = await asked(approvals, { digest: 'd3' })
    await approvals.decide(depends, YES)
    const change = { service: 'cloudformation', resources: [stack] }
    // Its own call is no change of what it depends on.
    await approvals.voidTouched(change, 'own', 'd1')
    expect(statusOf(approvals.get(depends)?.approval ?? approvalOf())).toBe('approved')
    await approvals.voidTouched(change, 'changed')
    const statuses = [depends, other, plain].map((id) =>
      statusOf(approvals.get(id)?.approval ?? approvalOf()),
    )
    expect(statuses).toEqual(['void', 'pending', 'pending'])
    expect(await approvals.spend(depends, KEY, 1)).toBe(false)
    expect(events.at(-1)).toMatchObject({ kind: 'voided', known: { id: depends } })
    // The call may be asked for anew.
    expect(await asked(approvals, { digest: 'd1', dependsOn: [stack] })).not.toBe(depends)
  })

  it('keeps a demand on all that an agent changes, on every replica, until its time is over', async () => {
    const one = await replica()
    const other = await replica({}, one)
    const demand = {
      agent: 'a',
      approvers: 2,
      reason: 'It deletes and creates in a loop.',
      by: 'delete-recreate',
    } as const
    await one.approvals.demand(demand, one.time.nowMs() + 10_000)
    await one.time.advance(250)
    expect(other.approvals.demandOn('a')).toEqual({ ...demand, isUnreadable: false })
    expect(other.approvals.demandOn('b')).toBeUndefined()
    expect(other.approvals.all()).toEqual([])
    await one.approvals.demand(demand, one.time.nowMs() + 60_000)
    await one.time.advance(30_000)
    expect(one.approvals.demandOn('a')).toEqual({ ...demand, isUnreadable: false })
    await other.approvals.withdrawDemand('a')
    await one.time.advance(250)
    expect(one.approvals.demandOn('a')).toBeUndefined()
  })

  it('takes what it cannot read for no approval, nor for one that was asked for, and says so to who would decide it', async () => {
    const { approvals, ledger, time } = await replica()
    const id = await asked(approvals)
    await approvals.decide(id, YES)
    const given = ledger.get('approval', id)
    const later = { ...(given?.value as object), onlyOn: 'mondays' }
    await ledger.put('approval', id, later, { expiresAtMs: time.nowMs() + 60_000 })
    await ledger.put('approval', 'f'.repeat(32), { version: 2 })
    await ledger.put('approval', 'unknown', 1)
    expect([approvals.all(), approvals.find(KEY, 1), await approvals.spend(id, KEY, 1)]).toEqual([
      [],
      undefined,
      false,
    ])
    expect(approvals.unreadable().map((each) => each.id)).toEqual([id, 'f'.repeat(32)])
    await expect(approvals.decide(id, NO)).rejects.toMatchObject({ error: 'unreadable' })
    await expect(approvals.decide('e'.repeat(32), NO)).rejects.toMatchObject({ error: 'not_found' })
    expect((await approvals.ask(ASKED))?.id).not.toBe(id)
  })

  it('takes a nonce for used whose entry it cannot read', async () => {
    const { approvals, ledger } = await replica()
    await ledger.put('approval', 'nonce:later', { takenBy: 'a later version' })
    expect(await approvals.takeNonce('later', 60_000)).toBe(false)
    expect(await approvals.takeNonce('fresh', 60_000)).toBe(true)
    expect(await approvals.takeNonce('fresh', 60_000)).toBe(false)
  })

  it('wants two people where it cannot read a demand, whatever else is demanded of the root', async () => {
    const { approvals, ledger, time } = await replica()
    await approvals.demand({ agent: 'root', approvers: 1, reason: 'r', by: 'b' }, time.nowMs() + 60_000)
    await ledger.put('approval', 'demand:a', { agent: 'a', approvers: 3 })
    expect(approvals.demandOn('a')).toMatchObject({ agent: 'a', approvers: 2, isUnreadable: true })
    const exchange = await decided(DELETE_TABLE, {}, 0)
    const agent = { ...exchange.agent, id: 'a', root: 'root' }
    expect(needOf({ ...exchange, agent }, approvals).approvers).toBe(2)
    await approvals.withdrawDemand('a')
    expect(needOf({ ...exchange, agent }, approvals)).toMatchObject({ approvers: 1, why: ['r'] })
  })
})
