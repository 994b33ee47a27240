/** A claim that ended: what whoever saw a call on its way could do with an answer that asks for a retry (rule S30). */
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ALICE, approvalIn, approvals, PEOPLE } from '../support/approvers.ts'
import { startProxy, UNHURRIED_PACING, type Proxy } from '../support/proxy.ts'
import { dynamodbCall, send, type RawAnswer, type RawRequest } from '../support/raw-http.ts'
import { RecordingUpstream, stall, type Answer } from '../support/recording-upstream.ts'
import { errorIn, successIn } from '../support/retry-upstream.ts'
import { openScene, startScene } from '../support/scene.ts'
import { SHARED_STORES } from '../support/shared-stores.ts'

const says =
  ({ status, headers, body }: ReturnType<typeof errorIn>): Answer =>
  (_recorded, reply) =>
    void reply.writeHead(status, headers).end(body)
const throttled = says(errorIn('json', 400, 'ThrottlingException'))
const success = says(successIn('json'))

const drop = (proxy: Proxy, TableName: string): Promise<RawRequest> =>
  dynamodbCall(proxy.url, 'DeleteTable', { TableName })

const statusesOf = async (answers: readonly Promise<RawAnswer>[]): Promise<number[]> =>
  (await Promise.all(answers)).map(({ status }) => status).toSorted((a, b) => a - b)

describe('a claim', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy
  beforeAll(async () => {
    const scene = await openScene()
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  const forwarded = async (work: () => Promise<unknown>): Promise<number> => {
    const before = upstream.arrived.length
    await work()
    return upstream.arrived.length - before
  }
  const copies = (call: RawRequest, count = 10): Promise<RawAnswer>[] =>
    Array.from({ length: count }, () => send(proxy.url, call))

  it('ends with a throttled answer: of many copies that come then, one goes', async () => {
    const call = await drop(proxy, 'once-more')
    upstream.answer = throttled
    expect((await send(proxy.url, call)).status).toBe(400)
    upstream.answer = success
    expect(
      await forwarded(async () =>
        expect(await statusesOf(copies(call))).toEqual([200, ...Array(9).fill(503)]),
      ),
    ).toBe(1)
    expect(
      await forwarded(async () => expect(await statusesOf(copies(call))).toEqual(Array(10).fill(503))),
    ).toBe(0)
  })

  it('ends with each answer that asks for a retry, and each of them lets one copy go', async () => {
    const call = await drop(proxy, 'again-and-again')
    upstream.answer = throttled
    for (let round = 0; round < 3; round += 1) {
      expect(await forwarded(() => statusesOf([send(proxy.url, call)]))).toBe(1)
    }
  })

  it('holds while the call is under way, however long the answer takes', async () => {
    const call = await drop(proxy, 'slow')
    upstream.answer = stall
    const before = upstream.arrived.length
    const ending = new AbortController()
    const first = send(proxy.url, call, ending.signal).catch(() => undefined)
    await expect.poll(() => upstream.arrived.length).toBe(before + 1)
    expect(await statusesOf(copies(call))).toEqual(Array(10).fill(503))
    ending.abort()
    await first
    // Nor does it end because the client left.
    expect(
      await forwarded(async () => expect(await statusesOf(copies(call))).toEqual(Array(10).fill(503))),
    ).toBe(0)
  })

  it('holds while an error is not whole: the status alone asks for nothing', async () => {
    const call = await drop(proxy, 'half')
    upstream.answer = (_recorded, reply) => {
      reply.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' })
      reply.write('{"__type":"ThrottlingException",')
    }
    const before = upstream.arrived.length
    const ending = new AbortController()
    const first = send(proxy.url, call, ending.signal).catch(() => undefined)
    await expect.poll(() => upstream.arrived.length).toBe(before + 1)
    expect(await statusesOf(copies(call, 3))).toEqual([503, 503, 503])
    ending.abort()
    await first
  })

  it.each<[string, Answer]>([
    ['a success', success],
    ['a refusal', says(errorIn('json', 400, 'AccessDeniedException'))],
    ['a resource that is not there', says(errorIn('json', 400, 'ResourceNotFoundException'))],
    ['a clock that is wrong', says(errorIn('json', 400, 'RequestTimeTooSkewed'))],
    [
      'an error that only quotes one',
      (_recorded, reply) =>
        void reply.writeHead(400).end(
          JSON.stringify({
            message: '"__type":"ThrottlingException"',
            __type: 'ValidationException',
            nested: { code: 'Throttling' },
          }),
        ),
    ],
    [
      'a redirect',
      (_recorded, reply) =>
        void reply.writeHead(307, { location: '/' }).end('<Error><Code>SlowDown</Code></Error>'),
    ],
    [
      'a success whose body looks like one',
      (_recorded, reply) => void reply.writeHead(200).end('{"__type":"ThrottlingException"}'),
    ],
  ])('does not end with %s', async (name, answer) => {
    const call = await drop(proxy, name.replaceAll(' ', '-'))
    upstream.answer = answer
    await send(proxy.url, call)
    expect(
      await forwarded(async () => expect(await statusesOf(copies(call, 3))).toEqual([503, 503, 503])),
    ).toBe(0)
  })

  it('is of one call: another one of the same agent stays claimed', async () => {
    const [kept, ended] = [await drop(proxy, 'kept'), await drop(proxy, 'ended')]
    upstream.answer = success
    await send(proxy.url, kept)
    upstream.answer = throttled
    await send(proxy.url, ended)
    expect((await send(proxy.url, kept)).status).toBe(503)
  })
})

describe('a call that never reached the service', () => {
  it('may be made again with the same signature', async () => {
    const { upstream, proxy } = await startScene()
    await upstream.stop()
    const call = await drop(proxy, 'unreachable')
    for (let round = 0; round < 2; round += 1) {
      expect((await send(proxy.url, call)).body.toString()).toContain('reason upstream_unreachable')
    }
  })
})

describe('a retry', () => {
  it('is charged as any call', async () => {
    const pacing = { classes: { destructive: { rate: '1/h', burst: 3, maxWait: '0s' } } }
    const { upstream, proxy } = await startScene({ settings: { pacing } })
    upstream.answer = throttled
    const call = await drop(proxy, 'charged')
    const reasons: string[] = []
    for (let round = 0; round < 5; round += 1) {
      const { body } = await send(proxy.url, call)
      reasons.push(/reason (\w+)/.exec(body.toString())?.[1] ?? 'forwarded')
    }
    expect(reasons).toEqual(['forwarded', 'forwarded', 'forwarded', 'paced', 'paced'])
  })

  it.each([
    ['that was throttled goes under the approval of the call', throttled, 200, undefined],
    [
      'that may have been made needs an approval of its own',
      says(errorIn('json', 500, 'InternalFailure')),
      403,
      'approval_required',
    ],
    [
      'of a transaction in progress needs one of its own',
      says(errorIn('json', 400, 'TransactionInProgressException')),
      403,
      'approval_required',
    ],
  ])('%s', async (_name, answer, status, reason) => {
    const policy = { approvals: [{ classes: ['destructive'] }] }
    const { upstream, proxy } = await startScene({ settings: { admin: { people: PEOPLE }, policy } })
    const asked = await send(proxy.url, await drop(proxy, 'approved'))
    const id = approvalIn(asked.body.toString())
    await approvals(proxy, ALICE, 'approve', id)
    const call = await drop(proxy, 'approved')
    upstream.answer = answer
    await send(proxy.url, call)
    expect(upstream.arrived).toHaveLength(1)
    upstream.answer = success
    const again = await send(proxy.url, call)
    expect([again.status, /reason (\w+)/.exec(again.body.toString())?.[1]]).toEqual([status, reason])
    // One use, whatever came of it: once the service took the call up, nothing is left.
    await send(proxy.url, await drop(proxy, 'approved'))
    expect(upstream.arrived).toHaveLength(status === 200 ? 2 : 1)
  })
})

describe.each(SHARED_STORES)('two replicas on %s', (_name, isMissing, begin) => {
  it.skipIf(isMissing)('let one copy go after an answer that asks for it, wherever it comes', async () => {
    const store = await begin()
    const upstream = await RecordingUpstream.start(throttled)
    const settings = { state: store.state, pacing: UNHURRIED_PACING }
    const replicas = await Promise.all([0, 1].map(() => startProxy({ upstream: upstream.url, settings })))
    onTestFinished(async () => {
      for (const each of replicas) await each.stop()
      await upstream.stop()
      await store.end()
    })
    const [one, other] = replicas as [Proxy, Proxy]
    // The signature is over the host: both replicas are one name to the client.
    const call = await drop(one, 'shared')
    upstream.answer = stall
    const ending = new AbortController()
    const first = send(one.url, call, ending.signal).catch(() => undefined)
    await expect.poll(() => upstream.arrived.length).toBe(1)
    // The other replica learns that it is a copy, by a claim and then early.
    expect(await statusesOf([send(other.url, call)])).toEqual([503])
    expect(await statusesOf([send(other.url, call)])).toEqual([503])
    ending.abort()
    await first

    const next = await drop(one, 'throttled')
    let answer: () => void = () => undefined
    upstream.answer = (recorded, reply) => (answer = () => throttled(recorded, reply))
    const underWay = send(one.url, next)
    await expect.poll(() => upstream.arrived.length).toBe(2)
    expect(await statusesOf([send(other.url, next)])).toEqual([503])
    answer()
    expect((await underWay).status).toBe(400)
    upstream.answer = success
    const all = [other, one, other, one].map(({ url }) => send(url, next))
    expect(await statusesOf(all)).toEqual([200, 503, 503, 503])
    expect(upstream.arrived).toHaveLength(3)
  })
})
