import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Issuer, issuerKey, tokenOf, type IssuerKey, type TokenParts } from '../../support/issuer.ts'
import { TrustDomain, type Issued } from '../../support/trust-domain.ts'
import { WorkloadApi } from '../../support/workload-api.ts'
import { AGENT, opened, reasonOr, RULES, type Opened } from './providers.ts'

const ID = 'spiffe://example.org/agent/one'
const HOUR_MS = 3_600_000

let folder: string
let key: IssuerKey
const open: { close(): Promise<void> }[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moderato-spiffe-'))
  key = await issuerKey('k1')
})
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
  rmSync(folder, { recursive: true, force: true })
})

const document = (keys: readonly IssuerKey[], use: string | undefined = 'jwt-svid') =>
  JSON.stringify({ keys: keys.map(({ jwk }) => ({ ...jwk, use })), spiffe_sequence: 1 })
const jwtProvider = (bundle: object, more: object = {}) => ({
  type: 'spiffe-jwt',
  name: 'mesh',
  trustDomain: 'example.org',
  audience: 'moderato',
  rules: RULES,
  bundle,
  ...more,
})

function openedWith(...providers: object[]): Opened {
  const scene = opened(providers)
  open.push(scene.providers)
  return scene
}

const svid = (sub: string, parts: TokenParts = {}, by = key) =>
  tokenOf(by, undefined, { ...parts, claims: { sub, ...parts.claims } })

describe('JWT-SVIDs', () => {
  it('are those of a trust domain, by the keys of its bundle', async () => {
    const file = join(folder, 'bundle.json')
    writeFileSync(file, document([key]))
    const { outcome, providers } = openedWith(jwtProvider({ file }))
    expect(await outcome(await svid(ID))).toBe(AGENT)
    expect((await providers.ofToken(await svid(ID))).subject).toBe(ID)
    expect(await outcome(await svid('spiffe://other.example/agent/one'))).toBe('identity_unknown_issuer')
    expect(await outcome(await svid('spiffe://example.org'))).toBe('identity_malformed')
    expect(await outcome(await svid('spiffe://example.org/agent/../admin'))).toBe('identity_unknown_issuer')
    expect(await outcome(await svid('someone'))).toBe('identity_unknown_issuer')
    expect(await outcome(await svid(ID, { claims: { aud: 'other' } }))).toBe('identity_audience')
    expect(await outcome(await svid(ID, {}, await issuerKey('k1')))).toBe('identity_signature')
  })

  it('of each trust domain are checked with its own bundle alone', async () => {
    const foreign = await issuerKey('k1')
    const [ours, theirs] = [join(folder, 'ours.json'), join(folder, 'theirs.json')]
    writeFileSync(ours, document([key]))
    writeFileSync(theirs, document([foreign]))
    const federated = jwtProvider({ file: theirs }, { name: 'partner', trustDomain: 'partner.example' })
    const { outcome } = openedWith(jwtProvider({ file: ours }), federated)
    expect(await outcome(await svid('spiffe://partner.example/x', {}, foreign))).toBe(AGENT)
    expect(await outcome(await svid('spiffe://partner.example/x'))).toBe('identity_signature')
    expect(await outcome(await svid(ID, {}, foreign))).toBe('identity_signature')
  })

  it('are not signed with keys of the bundle that are for something else, or say nothing', async () => {
    for (const use of ['x509-svid', 'sig', undefined]) {
      const file = join(folder, `${use}.json`)
      const other = await issuerKey('k2')
      const keys = [
        { ...key.jwk, ...(use === undefined ? {} : { use }) },
        { ...other.jwk, use: 'jwt-svid' },
      ]
      writeFileSync(file, JSON.stringify({ keys }))
      const { outcome } = openedWith(jwtProvider({ file }))
      expect(await outcome(await svid(ID))).toBe('identity_signature')
      expect(await outcome(await svid(ID, {}, other))).toBe(AGENT)
    }
  })

  it('follow a bundle file that changes; a bad one is not believed, and the last good one only for a while', async () => {
    const file = join(folder, 'bundle.json')
    const next = await issuerKey('k2')
    writeFileSync(file, document([key]))
    const { outcome, time, providers } = openedWith(jwtProvider({ file }))
    const fresh = (by: IssuerKey) => svid(ID, { nowMs: time.nowMs() }, by)
    const age = () => providers.keysAsOf().map(([, asOfMs]) => asOfMs)
    expect(age()).toEqual([statSync(file).mtimeMs])
    writeFileSync(file, document([next]))
    expect(await outcome(await fresh(next))).toBe(AGENT)
    expect(await outcome(await fresh(key))).toBe('identity_signature')
    const goodMs = statSync(file).mtimeMs
    writeFileSync(file, 'half a bund')
    expect(await outcome(await fresh(next))).toBe(AGENT)
    expect(age()).toEqual([goodMs])
    await time.advance(HOUR_MS)
    expect(await outcome(await fresh(next))).toBe('identity_unavailable')
    writeFileSync(file, document([key]))
    expect(await outcome(await fresh(key))).toBe(AGENT)
  })

  it('need a bundle file that is good at the start', () => {
    const file = join(folder, 'bundle.json')
    expect(() => opened([jwtProvider({ file })])).toThrow(/no such file/)
    writeFileSync(file, JSON.stringify({ keys: [] }))
    expect(() => opened([jwtProvider({ file })])).toThrow('holds no key that verifies tokens')
  })

  it('by a bundle endpoint, asked again after as long as the bundle says', async () => {
    const issuer = await Issuer.start([])
    open.push({ close: () => issuer.stop() })
    const answer = (keys: readonly IssuerKey[]) => {
      const bundle = { ...(JSON.parse(document(keys)) as object), spiffe_refresh_hint: 120 }
      issuer.instead = (reply) => reply.end(JSON.stringify(bundle))
    }
    answer([key])
    const { outcome, time } = openedWith(jwtProvider({ endpoint: `${issuer.url}/bundle` }))
    const fresh = (by: IssuerKey) => svid(ID, { nowMs: time.nowMs() }, by)
    expect(await outcome(await fresh(key))).toBe(AGENT)
    answer([await issuerKey('k2')])
    await time.advance(119_000)
    expect(await outcome(await fresh(key))).toBe(AGENT)
    await time.advance(1_000)
    expect(await outcome(await fresh(key))).toBe('identity_signature')
    expect(issuer.fetched).toBe(2)
  })
})

describe('the Workload API', () => {
  const jwtOf = (...keys: IssuerKey[]) => ({ 'spiffe://example.org': Buffer.from(document(keys, undefined)) })

  it('pushes the keys of JWT-SVIDs, also without saying what they are for', async () => {
    const socket = join(folder, 'api.sock')
    const next = await issuerKey('k2')
    const api = await WorkloadApi.start(socket, { jwt: jwtOf(key), x509: {} })
    open.push({ close: async () => api.stop() })
    const { outcome } = openedWith(jwtProvider({ workloadApi: `unix://${socket}` }))
    await vi.waitFor(async () => expect(await outcome(await svid(ID))).toBe(AGENT), 5_000)
    api.push({ jwt: jwtOf(next), x509: {} })
    await vi.waitFor(async () => expect(await outcome(await svid(ID, {}, next))).toBe(AGENT), 5_000)
    expect(await outcome(await svid(ID))).toBe('identity_signature')
  })

  it('is asked again when it goes away; its last bundle is good for a while', async () => {
    const socket = join(folder, 'api.sock')
    let api = await WorkloadApi.start(socket, { jwt: jwtOf(key), x509: {} })
    const { outcome, time, providers } = openedWith(jwtProvider({ workloadApi: socket }))
    const fresh = () => svid(ID, { nowMs: time.nowMs() })
    expect(providers.keysAsOf()).toEqual([])
    await vi.waitFor(async () => expect(await outcome(await fresh())).toBe(AGENT), 5_000)
    // While the stream is open, it would have brought a change.
    expect(providers.keysAsOf().map(([, asOfMs]) => asOfMs)).toEqual([time.nowMs()])
    api.stop()
    await vi.waitFor(async () => {
      await time.advance(HOUR_MS)
      expect(await outcome(await fresh())).toBe('identity_unavailable')
    }, 5_000)
    rmSync(socket, { force: true })
    api = await WorkloadApi.start(socket, { jwt: jwtOf(key), x509: {} })
    open.push({ close: async () => api.stop() })
    await vi.waitFor(async () => expect(await outcome(await fresh())).toBe(AGENT), 10_000)
  })

  it('vouches for nobody without a bundle of the trust domain, or before it answers', async () => {
    const socket = join(folder, 'api.sock')
    const { outcome } = openedWith(jwtProvider({ workloadApi: socket }))
    expect(await outcome(await svid(ID))).toBe('identity_unavailable')
    const api = await WorkloadApi.start(socket, {
      jwt: { 'spiffe://other.example': Buffer.from(document([key])) },
      x509: {},
    })
    open.push({ close: async () => api.stop() })
    await vi.waitFor(() => expect(api.streams).toBe(1), 10_000)
    expect(await outcome(await svid(ID))).toBe('identity_unavailable')
  })
})

describe('X.509-SVIDs', () => {
  async function openedFor(bundle: object): Promise<(chain: readonly Issued[]) => Promise<string>> {
    const { cert, key } = await domain.svid('/listener')
    const tls = { cert: join(folder, 'tls.pem'), key: join(folder, 'tls.key') }
    writeFileSync(tls.cert, cert)
    writeFileSync(tls.key, key)
    const provider = { type: 'spiffe-x509', name: 'mesh', trustDomain: 'example.org', rules: RULES, bundle }
    const { providers } = opened([provider], undefined, { listen: { tls } })
    open.push(providers)
    return (chain) =>
      reasonOr(async () => {
        const found = await providers.ofCertificate(chain.map((each) => new X509Certificate(each.cert)))
        expect(found).toMatchObject({ root: AGENT, provider: 'mesh', token: undefined })
        return `${found.agentId} ${found.subject}`
      })
  }

  let domain: TrustDomain
  beforeEach(async () => {
    domain = await TrustDomain.create('example.org')
  })

  it('are those of a trust domain, by the authorities of its bundle', async () => {
    const file = join(folder, 'bundle.json')
    writeFileSync(file, JSON.stringify(domain.bundle()))
    const outcome = await openedFor({ file })
    expect(await outcome([await domain.svid('/agent/one')])).toBe(`${AGENT} ${ID}`)
    const other = await TrustDomain.create('other.example')
    expect(await outcome([await other.svid('/agent/one')])).toBe('identity_unknown_issuer')
    const forged = await other.svid('/agent/one', { uris: [ID] })
    expect(await outcome([forged, other.authority])).toBe('identity_signature')
    expect(await outcome([])).toBe('missing_credential')
  })

  it('by the authorities that the Workload API pushes, in one or several certificates', async () => {
    const socket = join(folder, 'api.sock')
    const next = await TrustDomain.create('example.org')
    const der = [domain, next].map(({ authority }) => Buffer.from(authority.certificate.rawData))
    const bundles = (...certificates: Buffer[]) => ({
      jwt: {},
      x509: { 'spiffe://example.org': Buffer.concat(certificates) },
    })
    const api = await WorkloadApi.start(socket, bundles(...der))
    open.push({ close: async () => api.stop() })
    const outcome = await openedFor({ workloadApi: socket })
    const [old, young] = [await domain.svid('/agent/one'), await next.svid('/agent/one')]
    await vi.waitFor(async () => expect(await outcome([old])).toBe(`${AGENT} ${ID}`), 5_000)
    expect(await outcome([young])).toBe(`${AGENT} ${ID}`)
    api.push(bundles(...der.slice(1)))
    await vi.waitFor(async () => expect(await outcome([old])).toBe('identity_signature'), 5_000)
    expect(await outcome([young])).toBe(`${AGENT} ${ID}`)
  })

  it('are of nobody where no provider takes certificates', async () => {
    const { providers } = openedWith()
    const chain = [new X509Certificate((await domain.svid('/agent/one')).cert)]
    await expect(providers.ofCertificate(chain)).rejects.toMatchObject({ reason: 'missing_credential' })
  })
})
