import { once } from 'node:events'
import { connect, constants, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2'
import { ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { NodeHttp2Handler } from '@smithy/node-http-handler'
import { afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { BEGIN, data, headers, reset } from '../support/http2-frames.ts'
import { dynamodbCall, RawConnection, send, type RawRequest } from '../support/raw-http.ts'
import { stall, type RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'

let upstream: RecordingUpstream
let proxy: Proxy
let session: ClientHttp2Session | undefined

beforeAll(async () => {
  const scene = await openScene({
    agents: [BUILDER, READER],
    settings: { limits: { streamsPerConnection: 20 } },
  })
  ;({ upstream, proxy } = scene)
  return scene.stop
})
afterEach(() => session?.destroy())

function open(): ClientHttp2Session {
  session = connect(proxy.url)
  session.on('error', () => undefined)
  return session
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** A request of HTTP/1.1 as HTTP/2 says it, with other pseudo-fields or fields if given. */
async function ask(
  over: ClientHttp2Session,
  request: RawRequest,
  change: OutgoingHttpHeaders = {},
): Promise<Answer> {
  const { host = '', ...fields } = request.headers
  const stream = over.request({
    ':method': request.method,
    ':path': request.target,
    ':authority': host,
    ...fields,
    ...change,
  })
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.end(request.body)
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  await once(stream, 'end')
  return { status: Number(headers[':status']), headers, body: Buffer.concat(chunks).toString() }
}

describe('HTTP/2 by prior knowledge, on the port of HTTP/1.1', () => {
  it('serves the SDK, which signs :authority', async () => {
    const client = dynamodb(proxy.url, BUILDER, { requestHandler: new NodeHttp2Handler() })
    await client.send(new PutItemCommand({ TableName: 't', Item: { k: { S: '1' } } }))
    expect(upstream.recorded.at(-1)?.body.toString()).toContain('"TableName":"t"')
    await client.send(new ListTablesCommand({}))
    const denied = dynamodb(proxy.url, READER, { requestHandler: new NodeHttp2Handler() })
    const put = new PutItemCommand({ TableName: 't', Item: { k: { S: '1' } } })
    expect(await thrownBy(denied.send(put))).toMatchObject({ name: 'AccessDeniedException', status: 403 })
    client.destroy()
    denied.destroy()
  })

  it('serves both protocols side by side, and answers alike', async () => {
    const call = await dynamodbCall(proxy.url, 'ListTables', {})
    const over2 = await ask(open(), call)
    const over1 = await send(proxy.url, call)
    expect([over2.status, over1.status]).toEqual([200, 200])
    expect(over2.body).toBe(over1.body.toString())
    expect(over2.headers['x-moderato-decision']).toBe('allow')
    expect(over2.headers['x-amzn-requestid']).toBe('upstream-request')
  })

  it('serves many calls on one connection, and a body in pieces', async () => {
    const over = open()
    const calls = await Promise.all(
      Array.from({ length: 15 }, (_, i) =>
        dynamodbCall(proxy.url, 'PutItem', { TableName: `t${i}`, Item: {} }),
      ),
    )
    const answers = await Promise.all(calls.map((each) => ask(over, each)))
    expect(answers.map(({ status }) => status)).toEqual(Array(15).fill(200))
  })

  it('says what a refusal says over HTTP/1.1', async () => {
    const call = await dynamodbCall(proxy.url, 'DeleteTable', { TableName: 't' }, READER)
    const { status, body } = await ask(open(), call)
    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject({ __type: expect.stringContaining('AccessDenied') })
  })

  it.each<[string, OutgoingHttpHeaders, string]>([
    ['a Host that is not the authority', { host: 'iam.amazonaws.com' }, 'malformed_request'],
    ['another authority than was signed', { ':authority': '127.0.0.1:1' }, 'bad_signature'],
    ['another path', { ':path': '/x' }, 'bad_signature'],
    ['another method', { ':method': 'PUT' }, 'bad_signature'],
    ['a method that is not served', { ':method': 'PURGE' }, 'malformed_request'],
    ['a field that is not signed', { 'x-amz-acl': 'private' }, 'unsigned_header'],
    ['an announcement of trailers', { trailer: 'x-amz-acl' }, 'malformed_request'],
    [
      'a field twice',
      { 'x-amz-target': ['DynamoDB_20120810.ListTables', 'DynamoDB_20120810.ListTables'] },
      'malformed_request',
    ],
  ])('refuses %s', async (_what, change, reason) => {
    const before = upstream.recorded.length
    const call = await dynamodbCall(proxy.url, 'ListTables', {})
    const { status, headers } = await ask(open(), call, change)
    expect(status).toBeGreaterThanOrEqual(400)
    expect((await proxy.decision(String(headers['x-moderato-request-id']))).reason).toBe(reason)
    expect(upstream.recorded.length).toBe(before)
  })

  it('ends one call, and only that, when its stream is reset', async () => {
    const before = upstream.recorded.length
    upstream.answer = stall
    const over = open()
    const { host = '', ...fields } = (await dynamodbCall(proxy.url, 'ListTables', {})).headers
    const call = await dynamodbCall(proxy.url, 'ListTables', { Limit: 1 })
    const stream = over.request({ ':method': 'POST', ':path': '/', ':authority': host, ...fields })
    stream.on('error', () => undefined)
    stream.end('{}')
    await expect.poll(() => upstream.recorded.length).toBe(before + 1)
    const [held] = upstream.arrived.slice(-1)
    stream.close(constants.NGHTTP2_CANCEL)
    await once(held?.socket ?? over, 'close')
    upstream.answer = (_recorded, reply) => reply.end('{}')
    expect((await ask(over, call)).status).toBe(200)
    await proxy.record((line) => line.reason === 'client_gone')
  })

  it('bounds the calls of one connection, and outlives a flood of resets', async () => {
    const over = open()
    if (over.connecting) await once(over, 'connect')
    await expect.poll(() => over.remoteSettings.maxConcurrentStreams).toBe(20)
    expect(over.remoteSettings.maxConcurrentStreams).toBe(20)
    const { host = '', ...fields } = (await dynamodbCall(proxy.url, 'ListTables', {})).headers
    for (let i = 0; i < 3_000 && !over.destroyed; i += 1) {
      const stream = over.request({ ':method': 'POST', ':path': '/', ':authority': host, ...fields })
      stream.on('error', () => undefined)
      stream.close(constants.NGHTTP2_CANCEL)
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    over.destroy()
    const call = await dynamodbCall(proxy.url, 'ListTables', { Limit: 2 })
    expect((await send(proxy.url, call)).status).toBe(200)
    expect(proxy.log()).not.toContain('this is a bug in Moderato')
  })

  it.each([true, false])(
    'records and forgets a call that is reset in the packet that brings it; its hash declared: %s',
    async (declaresHash) => {
      const own = await startProxy({ upstream: upstream.url, agents: [BUILDER] })
      onTestFinished(() => own.stop())
      const call = await dynamodbCall(own.url, 'ListTables', {}, BUILDER, declaresHash)
      const { host = '', ...fields } = call.headers
      const head = { ':method': 'POST', ':path': '/', ':scheme': 'http', ':authority': host, ...fields }
      const connection = await RawConnection.open(own.url)
      connection.write(Buffer.concat([BEGIN, headers(1, head), data(1, '{'), reset(1)]))
      await own.record(({ reason }) => reason === 'client_gone')
      connection.close()
      // A call that never ends would keep it.
      own.signal('SIGTERM')
      expect(await own.ended).toBe(0)
    },
  )

  it('forwards nothing of a field that is malformed, and refuses one that is signed', async () => {
    const call = await dynamodbCall(proxy.url, 'ListTables', {})
    const { host = '', ...fields } = call.headers
    const head = { ':method': 'POST', ':path': '/', ':scheme': 'http', ':authority': host, ...fields }
    const malformed: Record<string, string>[] = [
      { 'x-amz acl': 'canary' },
      { 'x-canary': 'a\nx-amz-acl: canary' },
      { 'x-canary': 'a\0canary' },
      { 'x-canary': '\u0001canary' },
    ]
    for (const field of malformed) {
      const sent = upstream.recorded.length
      const connection = await RawConnection.open(proxy.url)
      connection.write(Buffer.concat([BEGIN, headers(1, { ...head, ...field }), data(1, '{}', true)]))
      await expect.poll(() => upstream.recorded.length).toBe(sent + 1)
      connection.close()
      expect(JSON.stringify(upstream.recorded.at(-1)?.headers)).not.toContain('canary')
    }
    const failures = ['moderato_signature_failures_total', { reason: 'bad_signature' }] as const
    const before = await proxy.metric(...failures)
    const connection = await RawConnection.open(proxy.url)
    const broken = { ...head, 'x-amz-target': 'DynamoDB_20120810.ListTables\0' }
    connection.write(Buffer.concat([BEGIN, headers(1, broken), data(1, '{}', true)]))
    await proxy.metricReaches(...failures, before + 1)
    connection.close()
  })

  it('refuses trailers after a body', async () => {
    const over = open()
    const { host = '', ...fields } = (await dynamodbCall(proxy.url, 'ListTables', { Limit: 3 })).headers
    const stream = over.request(
      { ':method': 'POST', ':path': '/', ':authority': host, ...fields },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-amz-acl': 'private' }))
    stream.end('{"Limit":3}')
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    stream.resume()
    expect(headers[':status']).toBe(400)
  })
})
