import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { connect as connectTls } from 'node:tls'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../proxy/config/load.ts'
import { BUILDER } from '../support/agents.ts'
import { selfSigned } from '../support/certificates.ts'
import { dynamodb } from '../support/clients.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { dynamodbCall } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import { hasTool } from '../support/tools.ts'

const OPENSSL = hasTool('openssl', ['version'])
if (!OPENSSL) console.warn('SKIPPED: openssl is missing, which makes the certificates of the TLS tests')

describe.skipIf(!OPENSSL)('TLS on the agent listener', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-tls-'))
  const own = selfSigned(folder, 'own')
  const client = selfSigned(folder, 'client')
  let upstream: RecordingUpstream
  let proxy: Proxy

  beforeAll(async () => {
    const scene = await openScene({
      settings: { listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0', tls: own } },
    })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
  })
  const ca = () => readFileSync(own.cert)

  it('serves the SDK over HTTP/1.1', async () => {
    expect(proxy.url).toMatch(/^https:/)
    const requestHandler = new NodeHttpHandler({ httpsAgent: new Agent({ ca: ca() }) })
    await dynamodb(proxy.url, BUILDER, { requestHandler }).send(new ListTablesCommand({}))
    expect(upstream.recorded).toHaveLength(1)
  })

  it('serves HTTP/2 to whom asks for it by ALPN', async () => {
    const { headers, body } = await dynamodbCall(proxy.url, 'ListTables', {})
    const { host = '', ...fields } = headers
    const session = connect(proxy.url, { ca: ca() })
    const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': host, ...fields })
    stream.end(body)
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect(answer[':status']).toBe(200)
    expect(session.alpnProtocol).toBe('h2')
    session.destroy()
  })

  it('refuses TLS 1.1, and plain HTTP', async () => {
    const port = Number(new URL(proxy.url).port)
    const old = connectTls({
      port,
      host: '127.0.0.1',
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1.1',
      ca: ca(),
    })
    const [error] = (await once(old, 'error')) as [Error]
    expect(error.message).toMatch(/protocol|version/i)
    const before = upstream.recorded.length
    const plain = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST' })
    expect([plain.status, await plain.text()]).toEqual([400, expect.stringContaining('This port speaks TLS')])
    expect(upstream.recorded.length).toBe(before)
  })

  it('with clientCa takes nobody without a certificate of it', async () => {
    const strict = await startProxy({
      upstream: upstream.url,
      settings: {
        listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0', tls: { ...own, clientCa: client.cert } },
      },
    })
    const statusWith = (certificate: object): Promise<number | string | undefined> =>
      new Promise((resolve) => {
        request(`${strict.url}/`, { ca: ca(), ...certificate }, ({ statusCode }) => resolve(statusCode))
          .on('error', ({ message }) => resolve(message))
          .end()
      })
    expect(await statusWith({ cert: readFileSync(client.cert), key: readFileSync(client.key) })).toBe(403)
    expect(await statusWith({})).toMatch(/certificate required|socket hang up|ECONNRESET/)
    const foreign = { cert: readFileSync(own.cert), key: readFileSync(own.key) }
    expect(await statusWith(foreign)).toMatch(/alert|socket hang up|ECONNRESET/)
    await strict.stop()
  })

  it.each<[string, () => object, RegExp]>([
    ['a file that is not there', () => ({ ...own, cert: 'gone.pem' }), /listen\.tls\.cert: cannot be read/],
    ['a key of another certificate', () => ({ cert: own.cert, key: client.key }), /listen\.tls: .*key/],
    ['no PEM', () => ({ ...own, cert: own.key }), /listen\.tls: /],
    ['a setting that is none', () => ({ ...own, ca: own.cert }), /listen\.tls\.ca: is not a setting/],
  ])('says what is wrong with %s', (_what, tls, message) => {
    const from = { file: 'moderato.yaml', folder, environment: {} }
    expect(() => parseConfig({ listen: { tls: tls() } }, from)).toThrow(message)
  })

  it('finds the files beside the configuration', () => {
    writeFileSync(join(folder, 'beside.pem'), readFileSync(own.cert))
    const from = { file: 'moderato.yaml', folder, environment: {} }
    const { config } = parseConfig({ listen: { tls: { cert: 'beside.pem', key: 'own.key' } } }, from)
    expect(config.listen.tls?.cert).toBe(join(folder, 'beside.pem'))
  })
})
