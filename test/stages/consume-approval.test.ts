import { describe, expect, it } from 'vitest'
import { statusOf } from '../../proxy/approvals/approval.ts'
import { InFlightChanges } from '../../proxy/approvals/in-flight-changes.ts'
import type { Decided, Paced } from '../../proxy/exchange/exchange.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { approve } from '../../proxy/stages/approve.ts'
import { consumeApproval } from '../../proxy/stages/consume-approval.ts'
import {
  decided,
  DELETE_TABLE,
  denialOf,
  json,
  paced,
  query,
  replica,
  YES,
  type Scene,
} from '../approvals/calls.ts'

function stagesOf(scene: Scene) {
  const inFlight = new InFlightChanges(scene.approvals)
  const { approvals, time } = scene
  const spent = consumeApproval({ approvals, inFlight })
  const approved = approve({
    approvals,
    ownerOf: () => undefined,
    place: () => '',
    clock: time,
    hold: undefined,
  })
  let requests = 0
  /** As the pipeline does, each call a request of its own. */
  const ready = async (exchange: Decided): Promise<Paced> => {
    const { approval } = await approved({ ...exchange, requestId: `r${requests++}` })
    return { ...paced(exchange, approval), requestId: `r${requests}` }
  }
  return { inFlight, spent, ready }
}

/** The call, approved. */
async function approvedCall(scene: Scene, exchange: Decided, ready: (exchange: Decided) => Promise<Paced>) {
  await denialOf(() => ready(exchange))
  const id = scene.approvals.all().at(-1)?.id ?? ''
  await scene.approvals.decide(id, YES)
  return { id, call: await ready(exchange) }
}

const CLOUDFORMATION = { service: 'cloudformation' }
const EXECUTE = query('Action=ExecuteChangeSet&Version=2010-05-15&StackName=prod&ChangeSetName=cs')
const RECREATE = query(
  'Action=CreateChangeSet&Version=2010-05-15&StackName=prod&ChangeSetName=cs&TemplateURL=https%3A%2F%2Fevil',
)

describe('spend', () => {
  it('passes what reads and needed nobody without a look at the store', async () => {
    const { spent } = stagesOf(await replica())
    const read = paced(
      await decided(json('DynamoDB_20120810.DescribeTable', { TableName: 'o' }), {}, 0),
      undefined,
    )
    expect(spent(read)).toBe(read)
  })

  it('lets an approved call go once and only once', async () => {
    const scene = await replica()
    const { spent, ready } = stagesOf(scene)
    const { call, id } = await approvedCall(scene, await decided(DELETE_TABLE), ready)
    const results = await Promise.allSettled([spent(call), spent(call), spent({ ...call, requestId: 'r9' })])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected'])
    const denial = await denialOf(() => spent(call))
    expect(denial).toMatchObject({ reason: 'approval_required', approval: id })
  })

  it.each<[string, (call: Paced) => Paced]>([
    ['a header', (call) => ({ ...call, headers: new HeaderFields([...call.headers.raw, 'x-amz-a', '1']) })],
    ['the query', (call) => ({ ...call, query: 'a=1' })],
    ['the path', (call) => ({ ...call, path: '/other' })],
    ['the method', (call) => ({ ...call, method: 'PUT' })],
    [
      'the body',
      (call) => ({ ...call, outgoing: { kind: 'buffered', bytes: Buffer.from('{"TableName":"users"}') } }),
    ],
    [
      'the region',
      (call) => ({
        ...call,
        authorization: { ...call.authorization, scope: { ...call.authorization.scope, region: 'eu-west-1' } },
      }),
    ],
  ])(
    'S17: refuses a call whose %s was swapped since it was approved, and spends nothing',
    async (_, swap) => {
      const scene = await replica()
      const { spent, ready } = stagesOf(scene)
      const { call } = await approvedCall(scene, await decided(DELETE_TABLE), ready)
      expect((await denialOf(() => spent(swap(call)))).reason).toBe('approval_required')
      expect(await spent(call)).toBe(call)
    },
  )

  it('refuses where two people are needed by now', async () => {
    const scene = await replica()
    const { spent, ready } = stagesOf(scene)
    const { call } = await approvedCall(scene, await decided(DELETE_TABLE), ready)
    const graver = { ...call, decision: { ...call.decision, approvals: 2 as const } }
    expect((await denialOf(() => spent(graver))).reason).toBe('approval_required')
  })

  it('fails closed if the store does', async () => {
    const scene = await replica()
    const { spent, ready } = stagesOf(scene)
    const { call } = await approvedCall(scene, await decided(DELETE_TABLE), ready)
    Object.assign(scene.store, { write: () => Promise.reject(new Error('gone')) })
    expect((await denialOf(() => spent(call))).reason).toBe('state_unavailable')
  })
})

describe('S17: content that changes between approval and use', () => {
  async function scene() {
    const one = await replica()
    const stages = stagesOf(one)
    const { call, id } = await approvedCall(one, await decided(EXECUTE, CLOUDFORMATION), stages.ready)
    expect(call.call.classes).toContain('opaque')
    const change = { ...paced(await decided(RECREATE, CLOUDFORMATION, 0), undefined), requestId: 'change' }
    const status = () => statusOf(one.approvals.get(id)?.approval ?? expect.fail('it is gone'))
    return { ...one, ...stages, call, change, status }
  }

  it('voids the approval of a change set that is made anew', async () => {
    const { spent, change, call, status } = await scene()
    await spent(change)
    expect(status()).toBe('void')
    expect((await denialOf(() => spent(call))).reason).toBe('approval_required')
  })

  it('is no content of another stack', async () => {
    const { spent, call } = await scene()
    const body = 'Action=CreateChangeSet&Version=2010-05-15&StackName=test&ChangeSetName=cs'
    await spent(paced(await decided(query(body), CLOUDFORMATION, 0), undefined))
    expect(await spent(call)).toBe(call)
  })

  it('holds against a change that began before the approval was asked for and is not over', async () => {
    const { spent, call, change, inFlight, ready, approvals, status } = await scene()
    await spent(change)
    expect(status()).toBe('void')
    // Asked for and given anew while the change is still on its way.
    const { call: again, id } = await approvedCall(
      { approvals } as Scene,
      await decided(EXECUTE, CLOUDFORMATION),
      ready,
    )
    expect(again.approval?.id).not.toBe(call.approval?.id)
    expect((await denialOf(() => spent(again))).reason).toBe('approval_required')
    await inFlight.end('change')
    expect(statusOf(approvals.get(id)?.approval ?? expect.fail('it is gone'))).toBe('void')
  })

  it('is not its own change, however often it may be used', async () => {
    const one = await replica()
    const { spent, ready, inFlight } = stagesOf(one)
    const exchange = await decided(EXECUTE, CLOUDFORMATION)
    await denialOf(() => ready(exchange))
    await one.approvals.decide(one.approvals.all()[0]?.id ?? '', { ...YES, uses: 2 })
    for (let use = 0; use < 2; use++) {
      const call = await ready(exchange)
      await spent(call)
      await inFlight.end(call.requestId)
    }
    expect((await denialOf(() => ready(exchange))).reason).toBe('approval_required')
  })
})
