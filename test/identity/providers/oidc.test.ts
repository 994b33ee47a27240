import { createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { exportSPKI, importJWK, type CryptoKey } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { forged, Issuer, issuerKey, tokenOf, type IssuerKey, type TokenParts } from '../../support/issuer.ts'
import { AGENT, opened, RULES, type Opened } from './providers.ts'

let key: IssuerKey
let issuer: Issuer
let scene: Opened
beforeEach(async () => {
  key = await issuerKey('k1')
  issuer = await Issuer.start([key])
  scene = opened([{ ...oidc(issuer), name: 'ci' }])
})
afterEach(async () => {
  await scene.providers.close()
  await issuer.stop()
})

function oidc({ url }: Issuer, more: object = {}): object {
  return { type: 'oidc', issuer: url, audience: 'moderato', rules: RULES, ...more }
}

const token = (parts: TokenParts = {}, by = key) =>
  tokenOf(by, issuer.url, { nowMs: scene.time.nowMs(), ...parts })
const seconds = (ms: number) => Math.floor((scene.time.nowMs() + ms) / 1000)

describe('an OIDC provider', () => {
  it('says whose token it is, and names its use without showing it', async () => {
    const text = await token({ claims: { sub: 'repo:example/app' } })
    const workload = await scene.providers.ofToken(text)
    expect(workload).toMatchObject({
      agentId: AGENT,
      root: AGENT,
      provider: 'ci',
      subject: 'repo:example/app',
      audience: 'moderato',
      token: { hash: expect.stringMatching(/^[0-9a-f]{64}$/), expiresAtMs: seconds(60_000) * 1000 },
    })
  })

  it.each<[string, string, TokenParts | (() => TokenParts)]>([
    ['another audience', 'identity_audience', { claims: { aud: 'somebody-else' } }],
    [
      'others beside us in its audience',
      'identity_audience',
      { claims: { aud: ['moderato', 'somebody-else'] } },
    ],
    ['no audience', 'identity_malformed', { claims: { aud: undefined } }],
    ['an empty list of audiences', 'identity_audience', { claims: { aud: [] } }],
    ['another issuer', 'identity_unknown_issuer', { claims: { iss: 'https://issuer.example' } }],
    ['no issuer', 'identity_unknown_issuer', { claims: { iss: undefined } }],
    ['a time that is over', 'identity_expired', () => ({ claims: { exp: seconds(-31_000) } })],
    ['no end', 'identity_malformed', { claims: { exp: undefined } }],
    ['an end after the last date', 'identity_malformed', { claims: { exp: 1e300 } }],
    ['an end in milliseconds of ages to come', 'identity_malformed', { claims: { exp: 253_402_300_800 } }],
    ['an end before all dates', 'identity_expired', { claims: { exp: -1e300 } }],
    ['a begin after the last date', 'identity_expired', { claims: { nbf: 1e300 } }],
    ['a time that is still to come', 'identity_expired', () => ({ claims: { nbf: seconds(40_000) } })],
    ['no subject', 'identity_malformed', { claims: { sub: undefined } }],
    ['an empty subject', 'identity_malformed', { claims: { sub: '' } }],
    ['a subject that is no text', 'identity_malformed', { claims: { sub: ['someone'] } }],
    ['a key that the issuer has not', 'identity_signature', { header: { kid: 'k9' } }],
    ['another purpose', 'identity_malformed', { header: { typ: 'logout+jwt' } }],
    ['over 20,000 characters', 'identity_malformed', { claims: { huge: 'x'.repeat(20_000) } }],
  ])('refuses a token with %s: %s', async (_what, reason, parts) => {
    expect(await scene.outcome(await token(typeof parts === 'function' ? parts() : parts))).toBe(reason)
  })

  it('takes a list of audiences that is ours alone, and what is within the tolerance of clocks', async () => {
    expect(await scene.outcome(await token({ claims: { aud: ['moderato'] } }))).toBe(AGENT)
    expect(await scene.outcome(await token({ claims: { exp: seconds(-20_000) } }))).toBe(AGENT)
  })

  it('refuses what is signed by nobody, or with the public key as a shared secret, without a fetch', async () => {
    const claims = { iss: issuer.url, sub: 'someone', aud: 'moderato', exp: seconds(60_000) }
    const pem = await exportSPKI((await importJWK(key.jwk, 'ES256')) as CryptoKey)
    const hmac = (text: string) => createHmac('sha256', pem).update(text).digest('base64url')
    for (const alg of ['none', 'None', 'NONE', '']) {
      expect(await scene.outcome(forged({ alg, kid: 'k1' }, claims))).toBe('identity_malformed')
    }
    expect(await scene.outcome(forged({ alg: 'HS256', kid: 'k1' }, claims, hmac))).toBe('identity_malformed')
    expect(await scene.outcome(forged({ alg: 'ES256', kid: 'k1' }, claims))).toBe('identity_signature')
    const embedded = { alg: 'ES256', jwk: key.jwk, kid: 'k9' }
    expect(await scene.outcome(forged(embedded, claims, () => 'A'.repeat(86)))).toBe('identity_signature')
    const critical = { alg: 'ES256', kid: 'k1', crit: ['b64'], b64: false }
    expect(await scene.outcome(forged(critical, claims))).toBe('identity_malformed')
  })

  it.each(['', 'x', 'a.b', 'a.b.c', 'a.b.c.d', '{}.{}.x', '....', 'e30.e30.e30'])(
    'refuses %j, which is no token',
    async (text) => {
      expect(await scene.outcome(text)).toBe('identity_malformed')
      expect(issuer.fetched).toBe(0)
    },
  )

  it('refuses a token that was changed after it was signed, byte by byte', async () => {
    const text = await token()
    const payload = text.indexOf('.') + 1
    for (let at = payload; at < text.length; at += 17) {
      const other = text[at] === 'A' ? 'B' : 'A'
      const outcome = await scene.outcome(text.slice(0, at) + other + text.slice(at + 1))
      expect(outcome).toMatch(/^identity_/)
    }
  })

  it('refuses an old token where its age is limited', async () => {
    const strict = opened([{ ...oidc(issuer, { maxTokenAge: '5m' }), name: 'ci' }], scene.time)
    const text = await token({ claims: { iat: seconds(-400_000), exp: seconds(3_600_000) } })
    expect(await strict.outcome(text)).toBe('identity_expired')
    expect(await strict.outcome(await token({ claims: { iat: undefined } }))).toBe('identity_expired')
    expect(await strict.outcome(await token())).toBe(AGENT)
    await strict.providers.close()
  })

  it('does not take the key of another provider, whatever it is called', async () => {
    const foreign = await issuerKey('k1')
    const other = await Issuer.start([foreign])
    const both = opened(
      [
        { ...oidc(issuer), name: 'ci' },
        { ...oidc(other), name: 'other' },
      ],
      scene.time,
    )
    expect(await both.outcome(await token({}, foreign))).toBe('identity_signature')
    expect(await both.outcome(await tokenOf(foreign, other.url))).toBe(AGENT)
    await both.providers.close()
    await other.stop()
  })
})

describe('the keys of an issuer', () => {
  it('are fetched once, however many tokens wait for them', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => token()))
    expect(new Set(await Promise.all(tokens.map(scene.outcome)))).toEqual(new Set([AGENT]))
    expect(issuer.fetched).toBe(1)
  })

  it('are checked with for a bounded number of tokens at once', async () => {
    const texts = await Promise.all(Array.from({ length: 70 }, () => token()))
    const outcomes = await Promise.all(texts.map(scene.outcome))
    expect(outcomes.filter((each) => each === 'overloaded')).toHaveLength(6)
    expect(outcomes.filter((each) => each === AGENT)).toHaveLength(64)
  })

  it('that are known are not held up by tokens that wait for others', async () => {
    expect(await scene.outcome(await token())).toBe(AGENT)
    await scene.time.advance(30_000)
    const claims = { iss: issuer.url, sub: 'someone', aud: 'moderato', exp: seconds(60_000) }
    const asked = Promise.withResolvers<ServerResponse>()
    issuer.instead = asked.resolve
    const unknown = Array.from({ length: 100 }, (_, index) =>
      scene.outcome(forged({ alg: 'ES256', kid: `x${index}` }, claims)),
    )
    const answer = await asked.promise
    expect(await scene.outcome(await token())).toBe(AGENT)
    answer.writeHead(503).end()
    const outcomes = await Promise.all(unknown)
    expect(outcomes.filter((each) => each === 'overloaded')).toHaveLength(36)
    expect(outcomes.filter((each) => each === 'identity_signature')).toHaveLength(64)
  })

  it('are asked for anew before they are too old, and nobody waits for the answer', async () => {
    expect(await scene.outcome(await token())).toBe(AGENT)
    await scene.time.advance(5 * 60_000)
    const asked = Promise.withResolvers<ServerResponse>()
    issuer.instead = asked.resolve
    expect(await scene.outcome(await token())).toBe(AGENT)
    const answer = await asked.promise
    expect(await scene.outcome(await token())).toBe(AGENT)
    answer.writeHead(503).end()
    expect(issuer.fetched).toBe(2)
  })

  it('change: a new one is found, a retired one is refused, and unknown ones cost one fetch in a while', async () => {
    expect(await scene.outcome(await token())).toBe(AGENT)
    const next = await issuerKey('k2')
    issuer.keys = [next]
    const fresh = await token({}, next)
    expect(await scene.outcome(fresh)).toBe('identity_signature')
    await scene.time.advance(30_000)
    expect(await scene.outcome(fresh)).toBe(AGENT)
    expect(await scene.outcome(await token())).toBe('identity_signature')
    for (let index = 0; index < 20; index += 1)
      expect(await scene.outcome(await token({ header: { kid: `k${index + 10}` } }))).toBe(
        'identity_signature',
      )
    expect(issuer.fetched).toBe(2)
  })

  it('are served for a while when the issuer is away, and no longer', async () => {
    expect(await scene.outcome(await token())).toBe(AGENT)
    issuer.instead = (reply) => reply.writeHead(503).end()
    await scene.time.advance(69 * 60_000)
    expect(await scene.outcome(await token())).toBe(AGENT)
    await scene.time.advance(60_000)
    expect(await scene.outcome(await token())).toBe('identity_unavailable')
    issuer.instead = undefined
    await scene.time.advance(30_000)
    expect(await scene.outcome(await token())).toBe(AGENT)
  })

  it('are fetched anew when the clock was set back', async () => {
    expect(await scene.outcome(await token())).toBe(AGENT)
    const next = await issuerKey('k2')
    issuer.keys = [next]
    scene.time.jump(-86_400_000)
    expect(await scene.outcome(await token({}, next))).toBe(AGENT)
    expect(issuer.fetched).toBe(2)
  })

  it.each<[string, () => void]>([
    ['has an error', () => (issuer.instead = (reply) => reply.writeHead(500).end())],
    [
      'points elsewhere',
      () => (issuer.instead = (reply) => reply.writeHead(302, { location: '/other' }).end()),
    ],
    [
      'says too much',
      () => (issuer.instead = (reply) => reply.end(`{"keys":[],"x":"${'x'.repeat(1 << 20)}"}`)),
    ],
    ['says what is no JSON', () => (issuer.instead = (reply) => reply.end('<html>'))],
    ['has no keys', () => (issuer.keys = [])],
    [
      'has only shared secrets',
      () => (issuer.keys = [{ ...key, jwk: { kty: 'oct', k: 'c2VjcmV0', kid: 'k1' } }]),
    ],
    ['is somebody else', () => (issuer.discovery = { issuer: 'https://issuer.example' })],
    [
      'sends for its keys to plain HTTP',
      () => (issuer.discovery = { jwks_uri: 'http://169.254.169.254/keys' }),
    ],
  ])('cannot be had from one that %s', async (_what, arrange) => {
    arrange()
    expect(await scene.outcome(await token())).toBe('identity_unavailable')
  })
})
