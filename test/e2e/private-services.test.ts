/** Services of one's own through the running proxy: signed by an SDK, decided, and signed anew for where they are. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, type TestAgent } from '../support/agents.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { send, signed, type RawAnswer, type RawRequest } from '../support/raw-http.ts'
import { RecordingUpstream, type Recorded } from '../support/recording-upstream.ts'
import { BOTO3, missing } from '../support/tools.ts'

const HOST = 'orders.moderato.internal'
const ARN = 'arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/prod'
const ORDERS = {
  name: 'orders',
  hosts: ['a1b2c3d4e5.execute-api.us-east-1.amazonaws.com', HOST],
  region: 'us-east-1',
  api: 'a1b2c3d4e5/prod',
  operations: [
    { name: 'GetOrder', method: 'GET', path: '/orders/{id}', classes: ['read'] },
    { name: 'CreateOrder', method: 'POST', path: '/orders', classes: ['write'] },
    { name: 'DeleteOrder', method: 'DELETE', path: '/orders/{id}', classes: ['destructive'] },
    { name: 'Push', method: 'POST', path: '/@connections/{id}', classes: ['write'] },
  ],
}
/** May read every order, and delete those of tests. */
const CLERK: TestAgent = {
  id: 'spiffe://example.org/agent/clerk',
  accessKeyId: 'AKIDCLERK',
  secretAccessKey: 'secret-of-the-test-agent-named-clerk',
  grants: [
    { classes: ['read'], resources: [`${ARN}/GET/*`] },
    { classes: ['destructive'], resources: [`${ARN}/DELETE/orders/test-*`] },
  ],
}

let upstream: RecordingUpstream
beforeAll(async () => {
  upstream = await RecordingUpstream.start((_, reply) => reply.end('{"ok":true}'))
})
afterAll(() => upstream.stop())

interface Given {
  readonly agent?: TestAgent
  readonly service?: string
  readonly region?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

function request(proxy: Proxy, method: string, target: string, given: Given = {}): Promise<RawRequest> {
  const { agent = BUILDER, service = 'execute-api', region = 'us-east-1', headers = {}, body } = given
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  return signed(
    proxy.url,
    {
      method,
      target,
      headers: { host: HOST, ...length, ...headers },
      ...(body === undefined ? {} : { body }),
    },
    { agent, service, region },
  )
}

async function call(proxy: Proxy, method: string, target: string, given?: Given): Promise<RawAnswer> {
  return send(proxy.url, await request(proxy, method, target, given))
}

function recordOf(proxy: Proxy, { headers }: RawAnswer) {
  return proxy.decision(String(headers['x-moderato-request-id']))
}

/** The one request that reached the upstream meanwhile. */
async function forwarded(calling: () => Promise<RawAnswer>): Promise<Recorded> {
  const before = upstream.recorded.length
  expect((await calling()).status).toBe(200)
  expect(upstream.recorded).toHaveLength(before + 1)
  return upstream.recorded.at(-1) as Recorded
}

describe('a private service', () => {
  let proxy: Proxy
  beforeAll(async () => {
    proxy = await startProxy({
      upstream: upstream.url,
      agents: [BUILDER, CLERK],
      settings: { upstream: { accountId: '111122223333' }, catalogue: { services: [ORDERS] } },
    })
  })
  afterAll(() => proxy?.stop())

  it('is forwarded as it came, signed with our key, and recorded as what it is', async () => {
    const body = '{"item":"pen"}'
    const {
      method,
      target,
      headers,
      body: sent,
    } = await forwarded(() =>
      call(proxy, 'POST', '/prod/orders', { headers: { 'content-type': 'application/json' }, body }),
    )
    expect([method, target, sent.toString()]).toEqual(['POST', '/prod/orders', body])
    expect(headers['authorization']).toMatch(
      /Credential=AKIAUPSTREAM\/\d{8}\/us-east-1\/execute-api\/aws4_request/,
    )
    const record = await proxy.record(({ operation }) => operation === 'CreateOrder')
    expect(record).toMatchObject({
      service: 'execute-api',
      actions: ['execute-api:Invoke'],
      resources: [`${ARN}/POST/orders`],
      class: 'write',
      decision: 'allow',
    })
    expect(await proxy.metric('moderato_requests_total', { service: 'execute-api', class: 'write' })).toBe(1)
  })

  it('is granted by the path that is called', async () => {
    const as = { agent: CLERK }
    await forwarded(() => call(proxy, 'GET', '/prod/orders/17', as))
    await forwarded(() => call(proxy, 'DELETE', '/prod/orders/test-1', as))
    const refused = await call(proxy, 'DELETE', '/prod/orders/17', as)
    expect(refused.status).toBe(403)
    expect(refused.body.toString()).toContain(`${ARN}/DELETE/orders/17`)
  })

  it.skipIf(missing(BOTO3))('takes what boto3 posts to a connection', async () => {
    const result = await boto3(
      `http://${HOST}:${new URL(proxy.url).port}/prod`,
      `
import socket
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve('127.0.0.1', *rest, **more)
answer = client('apigatewaymanagementapi').post_to_connection(ConnectionId='Abc=', Data=b'hello')
result = answer['ResponseMetadata']['HTTPStatusCode']
`,
    )
    expect(result).toBe(200)
    expect(await proxy.record(({ operation }) => operation === 'Push')).toMatchObject({
      actions: ['execute-api:ManageConnections'],
      resources: [`${ARN}/POST/@connections/Abc=`],
    })
  })

  it.each<[string, string, string, Given?]>([
    ['a doubled slash', 'GET', '/prod//orders/17'],
    ['an encoded slash', 'GET', '/prod/orders/x%2F17'],
    ['dot segments', 'GET', '/prod/orders/x/../17'],
    ['dot segments to another stage', 'GET', '/prod/../test/orders/17'],
    ['encoded dot segments', 'GET', '/prod/orders/%2e%2e'],
    ['a slash at the end', 'GET', '/prod/orders/17/'],
    ['another stage', 'GET', '/test/orders/17'],
    ['another method', 'PUT', '/prod/orders/17'],
    ['a method override', 'GET', '/prod/orders/17', { headers: { 'x-http-method-override': 'DELETE' } }],
    ['a method in the query', 'GET', '/prod/orders/17?_method=DELETE'],
    ['another API by a header', 'GET', '/prod/orders/17', { headers: { 'x-apigw-api-id': 'zzzz' } }],
    ['another host', 'GET', '/prod/orders/17', { headers: { host: 'customers.moderato.internal' } }],
    ['no host but ours', 'GET', '/prod/orders/17', { headers: { host: '127.0.0.1' } }],
    ['another service in the scope', 'GET', '/prod/orders/17', { service: 'lambda' }],
    ['another region in the scope', 'GET', '/prod/orders/17', { region: 'eu-west-1' }],
  ])('does not forward %s', async (_, method, target, given) => {
    const before = upstream.recorded.length
    const answer = await call(proxy, method, target, given)
    expect(answer.status).toBe(403)
    expect(await recordOf(proxy, answer)).toMatchObject({ reason: 'unclassified', class: 'unknown' })
    expect(upstream.recorded).toHaveLength(before)
  })

  it('refuses a query key that is not described on a change', async () => {
    const answer = await call(proxy, 'DELETE', '/prod/orders/17?cascade=true')
    expect(answer.status).toBe(403)
    expect((await recordOf(proxy, answer)).reason).toBe('unmodelled')
  })

  it('refuses a host that is not the one that was signed, or not signed at all', async () => {
    const before = upstream.recorded.length
    const elsewhere = await request(proxy, 'GET', '/prod/orders/17', {
      headers: { host: 'moderato.internal' },
    })
    const moved = await send(proxy.url, { ...elsewhere, headers: { ...elsewhere.headers, host: HOST } })
    expect(moved.body.toString()).toContain('reason bad_signature')
    const whole = await request(proxy, 'GET', '/prod/orders/17')
    const authorization =
      whole.headers['authorization']?.replace('SignedHeaders=host;', 'SignedHeaders=') ?? ''
    const unsigned = await send(proxy.url, { ...whole, headers: { ...whole.headers, authorization } })
    expect(unsigned.body.toString()).toContain('The header host is not signed')
    expect(upstream.recorded).toHaveLength(before)
  })
})

describe('a private service with an origin of its own', () => {
  it('is called there, while nothing else may be', async () => {
    const services = [{ ...ORDERS, origin: upstream.url }]
    const proxy = await startProxy({ settings: { catalogue: { services } } })
    const { headers } = await forwarded(() => call(proxy, 'GET', '/prod/orders/17'))
    expect(headers['host']).toBe(new URL(upstream.url).host)
    await proxy.stop()
  })
})
