import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, callers, certificateNames, sha256, SHARED } from '../../proxy/operators/callers.ts'
import { createAdmin } from '../../proxy/admin/server.ts'
import { selfSigned, signedBy } from '../support/certificates.ts'
import { hasTool } from '../support/tools.ts'
import { adminRoute } from '../../proxy/admin/route.ts'

const TOKEN = 't'.repeat(43)
const ALICE = 'a'.repeat(43)
const hashOf = (token: string): string => sha256(token).toString('hex')

function asked(...authorization: string[]): IncomingMessage {
  const headersDistinct = authorization.length === 0 ? {} : { authorization }
  return { headersDistinct, socket: {} } as unknown as IncomingMessage
}

describe('callers', () => {
  const callerOf = callers(TOKEN, [
    { id: 'alice', tokenSha256: hashOf(ALICE) },
    { id: 'bob', certificate: 'CN=bob' },
  ])

  it('knows the shared token as nobody in particular, and a person by their own', () => {
    expect(callerOf(asked(`Bearer ${TOKEN}`))).toBe(SHARED)
    expect(callerOf(asked(`bearer ${ALICE}`))).toEqual({ kind: 'person', subject: 'alice', by: 'token' })
  })

  it('knows nobody by anything else: no token, two, a wrong one, or the hash itself', () => {
    for (const request of [
      asked(),
      asked('Bearer '),
      asked(`Bearer ${ALICE}x`),
      asked(`Bearer ${hashOf(ALICE)}`),
      asked(`Basic ${ALICE}`),
      asked(`Bearer ${ALICE}`, `Bearer ${TOKEN}`),
      asked(`Bearer ${ALICE}, Bearer ${TOKEN}`),
    ]) {
      expect(callerOf(request)).toBeUndefined()
    }
  })

  it('refuses to start where one token is two callers: the shared one would count as a person (S18)', () => {
    expect(() => callers(TOKEN, [{ id: 'alice', tokenSha256: hashOf(TOKEN) }])).toThrow(
      /alice.*somebody else/,
    )
    const twice = ['alice', 'bob'].map((id) => ({ id, tokenSha256: hashOf(ALICE) }))
    expect(() => callers(TOKEN, twice)).toThrow(/bob.*somebody else/)
  })
})

describe('certificateNames', () => {
  it('names subject, URIs and mail addresses, and takes no name out of another', () => {
    expect(
      certificateNames({
        subject: 'O=Example\nCN=alice',
        subjectAltName: 'DNS:a.example, URI:spiffe://example.org/alice, email:alice@example.org',
      }),
    ).toEqual(['O=Example,CN=alice', 'URI:spiffe://example.org/alice', 'email:alice@example.org'])
    const smuggled = String.raw`URI:"http://a.example/\u002c URI:spiffe://example.org/alice"`
    expect(certificateNames({ subject: undefined, subjectAltName: smuggled })).not.toContain(
      'URI:spiffe://example.org/alice',
    )
  })
})

const OPENSSL = hasTool('openssl', ['version'])
if (!OPENSSL) console.warn('SKIPPED: openssl is missing, which makes the certificates of the mTLS tests')

describe.skipIf(!OPENSSL)('a client certificate on the admin listener', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-mtls-'))
  const file = (name: string): string => join(folder, name)
  let port: number
  let close: () => void
  beforeAll(async () => {
    selfSigned(folder, 'ca')
    selfSigned(folder, 'other')
    signedBy(folder, 'ca', 'server', '/CN=moderato', 'IP:127.0.0.1')
    signedBy(folder, 'ca', 'alice', '/O=Example/CN=alice', 'URI:spiffe://example.org/alice')
    signedBy(folder, 'ca', 'robot', '/CN=robot', 'email:robot@example.org')
    signedBy(folder, 'other', 'fake', '/O=Example/CN=alice', 'URI:spiffe://example.org/alice')
    const whoami = adminRoute({
      method: 'GET',
      path: '/v1/whoami',
      needs: 'token',
      summary: 'Who asks.',
      handle: ({ caller }) => caller,
    })
    const server = createAdmin({
      metrics: { text: () => Promise.resolve(''), contentType: 'text/plain' },
      ready: () => ({ ready: true, state: 'serving', mode: 'enforce' }),
      callerOf: callers(TOKEN, [
        { id: 'alice', certificate: 'URI:spiffe://example.org/alice', tokenSha256: hashOf(ALICE) },
      ]),
      allowedHosts: { has: () => true },
      metricsOpen: false,
      routes: [whoami],
      audit: { append: () => {}, commit: () => Promise.resolve() },
      tls: {
        cert: readFileSync(file('server.pem')),
        key: readFileSync(file('server.key')),
        ca: readFileSync(file('ca.pem')),
        requestCert: true,
        rejectUnauthorized: false,
      },
      bug: () => {},
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    close = () => server.close()
  })
  afterAll(() => {
    close?.()
    rmSync(folder, { recursive: true, force: true })
  })

  function whoami(name: string | undefined, headers: Record<string, string> = {}, path = '/v1/whoami') {
    const own =
      name === undefined
        ? {}
        : { cert: readFileSync(file(`${name}.pem`)), key: readFileSync(file(`${name}.key`)) }
    return new Promise<{ status: number | undefined; caller: Caller }>((resolve, reject) => {
      const agent = new Agent({ ca: readFileSync(file('ca.pem')), ...own })
      request({ host: '127.0.0.1', port, path, headers, agent }, (answer) => {
        const parsed = answer.toArray().then((chunks) => JSON.parse(chunks.join('')) as Caller)
        parsed.then((caller) => resolve({ status: answer.statusCode, caller }), reject)
      })
        .on('error', reject)
        .end()
    })
  }

  it('is the person who is configured with a name in it', async () => {
    expect(await whoami('alice')).toEqual({
      status: 200,
      caller: { kind: 'person', subject: 'alice', by: 'certificate' },
    })
  })

  it('without a person is as good as the admin token, and no person', async () => {
    expect((await whoami('robot')).caller).toEqual({ kind: 'token', subject: 'certificate CN=robot' })
  })

  it('of another authority is worth nothing, whatever name it bears', async () => {
    expect((await whoami('fake')).status).toBe(401)
  })

  it('is not needed for health, nor beside a token; a wrong token is refused beside the best certificate', async () => {
    expect((await whoami(undefined, {}, '/healthz')).status).toBe(200)
    expect((await whoami(undefined)).status).toBe(401)
    expect((await whoami(undefined, { authorization: `Bearer ${ALICE}` })).caller.subject).toBe('alice')
    expect((await whoami('alice', { authorization: 'Bearer wrong' })).status).toBe(401)
  })
})
