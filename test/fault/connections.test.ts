/** Connections that end, or never end, in ways that Node's servers do not see by themselves. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { selfSigned } from '../support/certificates.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { dynamodbCall } from '../support/raw-http.ts'
import { stall } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'
import { hasTool } from '../support/tools.ts'

const OPENSSL = hasTool('openssl', ['version'])
if (!OPENSSL) console.warn('SKIPPED: openssl is missing, which makes the certificates of the TLS tests')
const folder = mkdtempSync(join(tmpdir(), 'moderato-connections-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const own = OPENSSL ? selfSigned(folder, 'own') : undefined
const NO_PORTS = { agents: '127.0.0.1:0', admin: '127.0.0.1:0' }
const CHANNELS = [
  ['plain', true, { listen: NO_PORTS }],
  ['TLS', OPENSSL, { listen: { ...NO_PORTS, tls: own } }],
] as const

interface Open {
  readonly session: ClientHttp2Session
  readonly stream: ClientHttp2Stream
}

async function open(proxy: Proxy, operation: string, input: object): Promise<Open> {
  const { headers, body } = await dynamodbCall(proxy.url, operation, input)
  const { host = '', ...fields } = headers
  const session = connectHttp2(proxy.url, own === undefined ? {} : { ca: readFileSync(own.cert) })
  session.on('error', () => undefined)
  onTestFinished(() => session.destroy())
  const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': host, ...fields })
  stream.on('error', () => undefined)
  stream.end(body)
  return { session, stream }
}

describe.each(CHANNELS)('an HTTP/2 client over %s that closes its connection', (_, here, settings) => {
  it.skipIf(!here)('is not served on: its held call is never forwarded', async () => {
    const pacing = { classes: { destructive: { rate: '6/min', burst: 1, maxWait: '20s' } } }
    const { proxy, upstream } = await startScene({ settings: { ...settings, pacing } })
    const first = await open(proxy, 'DeleteTable', { TableName: 'a' })
    await once(first.stream, 'response')
    const second = await open(proxy, 'DeleteTable', { TableName: 'b' })
    await proxy.metricReaches('moderato_pace_queue_depth', { class: 'destructive' }, 1)
    second.session.destroy()
    await proxy.record(({ reason }) => reason === 'client_gone')
    expect(upstream.recorded).toHaveLength(1)
  })

  it.skipIf(!here)('gives its place back, and its call upstream is cut', async () => {
    const { proxy, upstream } = await startScene({
      settings: { ...settings, limits: { inFlightPerAgent: 1 } },
    })
    upstream.answer = stall
    const { session } = await open(proxy, 'ListTables', {})
    await expect.poll(() => upstream.arrived.length).toBe(1)
    session.destroy()
    await proxy.record(({ phase, reason }) => phase === 'outcome' && reason === 'client_gone')
    upstream.answer = (_recorded, reply) => reply.writeHead(200, { 'content-length': '2' }).end('{}')
    const { stream } = await open(proxy, 'ListTables', {})
    const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect(head[':status']).toBe(200)
  })
})

/** An upstream that answers in bytes of its own, behind a proxy. */
async function behind(answer: (socket: Socket) => void): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).once('data', () => answer(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const proxy = await startProxy({ upstream: `http://127.0.0.1:${port}` })
  onTestFinished(async () => {
    await proxy.stop()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return proxy
}

describe('an HTTP/2 client', () => {
  it('sees that an answer was cut off whose length nobody knew', async () => {
    const begun = Promise.withResolvers<Socket>()
    const proxy = await behind((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n')
      begun.resolve(socket)
    })
    const { stream } = await open(proxy, 'ListTables', {})
    const failed = once(stream, 'error')
    await once(stream, 'data')
    const socket = await begun.promise
    socket.end()
    expect(await failed).toMatchObject([{ code: 'ERR_HTTP2_STREAM_ERROR' }])
  })

  it.each([
    ['content-type: a/b\r\ncontent-type: c/d', { 'content-type': 'a/b' }],
    ['etag: "a"\r\netag: "b"', { etag: '"a"' }],
    ['http2-settings: abc', {}],
  ])('gets an answer that says %j', async (fields, expected) => {
    const proxy = await behind((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\ncontent-length: 2\r\n\r\n{}`),
    )
    const { stream } = await open(proxy, 'ListTables', {})
    const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect(head).toMatchObject({ ':status': 200, ...expected })
  })
})

describe('a reason phrase of the upstream that is no ASCII', () => {
  it.each(['Café', '€'])('is left out: %s', async (phrase) => {
    const proxy = await behind((socket) =>
      socket.write(Buffer.from(`HTTP/1.1 200 ${phrase}\r\ncontent-length: 2\r\n\r\n{}`)),
    )
    const { headers, body = '' } = await dynamodbCall(proxy.url, 'ListTables', {})
    const { host: _, ...fields } = headers
    const answer = await fetch(proxy.url, { method: 'POST', headers: fields as Record<string, string>, body })
    expect([answer.status, await answer.text()]).toEqual([200, '{}'])
  })
})

describe('the end of the process', () => {
  it.each(CHANNELS)(
    'waits no longer than drain for %s HTTP/2 clients that read nothing',
    async (_, here, settings) => {
      if (!here) return
      const { proxy, upstream } = await startScene({ settings: { ...settings, drain: '1s' } })
      upstream.answer = (_recorded, reply) => void reply.writeHead(200).end(Buffer.alloc(8 * 1024 * 1024))
      const { stream } = await open(proxy, 'ListTables', {})
      await once(stream, 'response')
      stream.pause()
      proxy.signal('SIGTERM')
      expect(await proxy.ended).toBe(0)
    },
  )

  it.skipIf(!OPENSSL)('waits for nobody who never spoke TLS', async () => {
    const { proxy } = await startScene({
      settings: { listen: { ...NO_PORTS, tls: own }, admin: { tls: own }, drain: '1s' },
    })
    for (const place of [proxy.url, proxy.adminUrl]) {
      const socket = connectTcp(Number(new URL(place).port), '127.0.0.1').on('error', () => undefined)
      onTestFinished(() => void socket.destroy())
      await once(socket, 'connect')
    }
    proxy.signal('SIGTERM')
    expect(await proxy.ended).toBe(0)
  })
})
