import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { Agent } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { pinnedLookup, type ResolveName } from '../../proxy/upstream/address.ts'
import { createUpstream, type UpstreamOptions } from '../../proxy/upstream/pool.ts'
import { missing } from '../support/tools.ts'

const OPTIONS = { connections: 4, connectTimeoutMs: 2000, headersTimeoutMs: 2000, bodyTimeoutMs: 2000 }
/** To this machine: what a test needs and `pinnedLookup` refuses. */
const toLoopback: LookupFunction = (_hostname, { all }, done) =>
  all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)

const resolveToLoopback: ResolveName = (_hostname, done) => done(null, [{ address: '127.0.0.1', family: 4 }])

const open: { close(): unknown }[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const each of open.splice(0)) await each.close()
})

async function listen(server: Server): Promise<number> {
  open.push({ close: () => server.closeAllConnections() }, { close: () => server.close() })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function upstream(over: Partial<UpstreamOptions> = {}): Agent {
  const agent = createUpstream({ ...OPTIONS, ...over })
  open.unshift({ close: () => agent.destroy() })
  return agent
}

const get = (agent: Agent, origin: string) => agent.request({ origin, path: '/a//b/%2F..?x', method: 'GET' })

describe('createUpstream', () => {
  it('relays a redirect to instance metadata and does not follow it', async () => {
    const arrived: string[] = []
    const handler: RequestListener = (request, reply) => {
      arrived.push(request.url ?? '')
      reply.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data/' }).end()
    }
    const port = await listen(createServer(handler))
    const { statusCode, headers, body } = await get(upstream(), `http://127.0.0.1:${port}`)
    await body.dump()
    expect(statusCode).toBe(307)
    expect(headers['location']).toBe('http://169.254.169.254/latest/meta-data/')
    expect(arrived).toEqual(['/a//b/%2F..?x'])
  })

  it('asks no proxy that the environment names', async () => {
    const proxied: string[] = []
    const proxyPort = await listen(
      createServer((request, reply) => reply.end(proxied.push(request.url ?? ''))),
    )
    for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'ALL_PROXY']) {
      vi.stubEnv(name, `http://127.0.0.1:${proxyPort}`)
    }
    vi.stubEnv('NODE_USE_ENV_PROXY', '1')
    const port = await listen(createServer((_request, reply) => reply.end('direct')))
    const { body } = await get(upstream(), `http://127.0.0.1:${port}`)
    expect(await body.text()).toBe('direct')
    expect(proxied).toEqual([])
  })

  it('keeps connections', async () => {
    let connections = 0
    const server = createServer((_request, reply) => reply.end('ok'))
    server.on('connection', () => (connections += 1))
    const origin = `http://127.0.0.1:${await listen(server)}`
    const agent = upstream({ connections: 1 })
    for (let i = 0; i < 3; i += 1) await (await get(agent, origin)).body.text()
    expect(connections).toBe(1)
  })

  it('connects to no address that the lookup refuses', async () => {
    let connections = 0
    const server = createServer((_request, reply) => reply.end('never'))
    server.on('connection', () => (connections += 1))
    const port = await listen(server)
    const agent = upstream({ lookup: pinnedLookup({ allowPrivate: true, resolve: resolveToLoopback }) })
    await expect(get(agent, `http://sqs.us-east-1.amazonaws.com:${port}`)).rejects.toMatchObject({
      reason: 'endpoint_refused',
    })
    expect(connections).toBe(0)
  })

  it('refuses an origin that is an address, which no lookup would see', async () => {
    const port = await listen(createServer((_request, reply) => reply.end('never')))
    const agent = upstream({ lookup: pinnedLookup({ allowPrivate: true }) })
    for (const host of ['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '169.254.169.254']) {
      await expect(get(agent, `http://${host}:${port}`), host).rejects.toMatchObject({
        reason: 'endpoint_refused',
      })
    }
  })

  it('bounds the origins in use', async () => {
    const origin = `http://a.test:${await listen(createServer((_request, reply) => reply.end('ok')))}`
    const agent = upstream({ maxOrigins: 2, lookup: toLoopback })
    await (await get(agent, origin)).body.text()
    await (await get(agent, origin.replace('a.test', 'b.test'))).body.text()
    await expect(get(agent, origin.replace('a.test', 'c.test'))).rejects.toMatchObject({
      code: 'UND_ERR_MAX_ORIGINS_REACHED',
    })
    expect((await get(agent, origin)).statusCode).toBe(200)
  })

  it('ends a wait for an answer that does not come', async () => {
    const port = await listen(createServer(() => undefined))
    const agent = upstream({ headersTimeoutMs: 50 })
    await expect(get(agent, `http://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'UND_ERR_HEADERS_TIMEOUT',
    })
  })
})

function certificate(name: string): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  const made = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '1',
  ]
  execFileSync('openssl', [...made, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' })
  const pair = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  rmSync(folder, { recursive: true })
  return pair
}

async function serve(name: string): Promise<{ port: number; ca: string }> {
  const pair = certificate(name)
  const port = await listen(createTlsServer(pair, (request, reply) => reply.end(request.httpVersion)))
  return { port, ca: pair.cert }
}

const OPENSSL = { name: 'openssl', command: 'openssl', args: ['version'] }

describe.skipIf(missing(OPENSSL))('createUpstream over TLS', () => {
  it('refuses an unknown certificate, even where the environment waives it', async () => {
    const { port } = await serve('sqs.test')
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    await expect(get(upstream({ lookup: toLoopback }), `https://sqs.test:${port}`)).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
  })

  it("refuses another host's certificate", async () => {
    const { port, ca } = await serve('sqs.test')
    const agent = upstream({ lookup: toLoopback, ca })
    await expect(get(agent, `https://s3.test:${port}`)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
  })

  it('speaks HTTP/1.1 to a host that proves its name', async () => {
    const { port, ca } = await serve('sqs.test')
    const { body } = await get(upstream({ lookup: toLoopback, ca }), `https://sqs.test:${port}`)
    expect(await body.text()).toBe('1.1')
  })

  it('speaks HTTP/2 where it is asked for: answers come while the body still goes', async () => {
    const pair = certificate('lex.test')
    const server = createSecureServer(pair, (request, reply) => {
      reply.writeHead(200)
      request.on('data', (chunk: Buffer) => reply.write(`heard ${chunk.toString()}`))
      request.on('end', () => reply.end())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const agent = createUpstream({ ...OPTIONS, lookup: toLoopback, ca: pair.cert }, true)
    open.push({ close: () => agent.destroy() }, { close: () => server.close() })
    const sent = new PassThrough()
    sent.write('one')
    const { body } = await agent.request({
      origin: `https://lex.test:${port}`,
      path: '/',
      method: 'POST',
      body: sent,
    })
    const heard = body[Symbol.asyncIterator]()
    expect(String((await heard.next()).value)).toBe('heard one')
    sent.end('two')
    expect(String((await heard.next()).value)).toBe('heard two')
    expect((await heard.next()).done).toBe(true)
  })
})
