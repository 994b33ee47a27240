import { describe, expect, it } from 'vitest'
import type { Approval } from '../../proxy/approvals/approval.ts'
import { spent, unspent } from '../../proxy/approvals/uses.ts'

const KEY = { agentId: 'a', taskId: undefined, digest: 'd' }
const decision = { person: 'p', channel: 'token', approve: true, atMs: 1, uses: 1, skipPace: false } as const
const GIVEN = {
  agent: 'a',
  digest: 'd',
  approvers: 1,
  dependsOn: [],
  decisions: [decision],
  used: 0,
} as unknown as Approval
const USED: Approval = { ...GIVEN, used: 1 }

describe('the use of an approval', () => {
  it('is taken once, and given back once', () => {
    const taken = spent(GIVEN, KEY, 1)
    expect(taken).toEqual(USED)
    expect(spent(USED, KEY, 1)).toBeUndefined()
    expect(unspent(USED, KEY)).toEqual(GIVEN)
    expect(unspent(GIVEN, KEY)).toBeUndefined()
  })

  it.each([{ agentId: 'b' }, { taskId: 't' }, { digest: 'e' }])('is of one call: not of %j', (other) => {
    expect(spent(GIVEN, { ...KEY, ...other }, 1)).toBeUndefined()
    expect(unspent(USED, { ...KEY, ...other })).toBeUndefined()
  })

  it('is not given back where something that the call depends on may have changed unseen', () => {
    expect(unspent({ ...USED, dependsOn: ['arn:aws:ssm:*:*:document/x'] }, KEY)).toBeUndefined()
  })

  it('leaves an approval denied or void that was so meanwhile', () => {
    const voided = { atMs: 2, why: 'w' }
    expect(spent(unspent({ ...USED, voided }, KEY) as Approval, KEY, 1)).toBeUndefined()
    const denied = { ...USED, decisions: [decision, { ...decision, person: 'q', approve: false }] }
    expect(spent(unspent(denied, KEY) as Approval, KEY, 1)).toBeUndefined()
  })
})
