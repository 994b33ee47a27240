/** What an agent tries at the signing endpoint of a running proxy (security rule S10). */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parts } from '../agent-api/oracle.ts'
import { BUILDER, READER, type TestAgent } from '../support/agents.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { send, signed } from '../support/raw-http.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import { ask, asking, jsonOf, SIGN_PATH } from '../support/signing-endpoint.ts'

const eks = { type: 'eks-token', cluster: 'dev' }
const get = { type: 's3-url', method: 'GET', bucket: 'own', key: 'public/report.csv' }
const rds = {
  type: 'rds-token',
  host: 'orders.c1a2.us-east-1.rds.amazonaws.com',
  port: 5432,
  user: 'app',
}
const UPSTREAM_SECRET = 'upstream-secret-that-no-agent-has'
const UPSTREAM_TOKEN = 'upstream-session-token-that-no-agent-has'

function agent(name: string, ...grants: TestAgent['grants'][number][]): TestAgent {
  return {
    id: `spiffe://example.org/agent/${name}`,
    accessKeyId: `AKID${name.toUpperCase()}`,
    secretAccessKey: `secret-of-the-test-agent-named-${name}`,
    grants,
  }
}

/** Credentials for one cluster, one folder and one database user; nothing else. */
const HOLDER = agent('holder', {
  classes: ['read', 'credentials', 'opaque'],
  resources: [
    'arn:aws:eks:*:*:cluster/dev',
    'arn:aws:s3:::own/public/*',
    'arn:aws:rds-db:us-east-1:*:dbuser:*/app',
    'arn:aws:rds:us-east-1:*:db:orders',
  ],
})
/** May read everything, and sign nothing for others. */
const ONLY_READS = READER
/** May issue credentials everywhere, and read nothing. */
const ONLY_CREDENTIALS = agent('issuer', { classes: ['credentials'], resources: ['*'] })

const agents = [BUILDER, HOLDER, ONLY_READS, ONLY_CREDENTIALS]
let upstream: RecordingUpstream
let proxy: Proxy

const settings = {
  upstream: {
    credentials: {
      accessKeyId: 'ASIAUPSTREAM',
      secretAccessKey: UPSTREAM_SECRET,
      sessionToken: UPSTREAM_TOKEN,
    },
  },
}

beforeAll(async () => {
  const scene = await openScene({ agents, settings })
  ;({ upstream, proxy } = scene)
  return scene.stop
})
afterEach(() => expect(upstream.arrived).toHaveLength(0))

async function reasonOf(...given: Parameters<typeof ask> extends [Proxy, ...infer Rest] ? Rest : never) {
  const answer = await ask(proxy, ...given)
  expect(Object.keys(answer.json).toSorted()).toEqual(['code', 'message', 'requestId'])
  expect(answer.json['requestId']).toBe(answer.requestId)
  expect(answer.headers['content-type']).toBe('application/json')
  return { status: answer.status, reason: (await proxy.decision(answer.requestId)).reason }
}

describe('what is signed', () => {
  it("is signed with the upstream credentials, never the agent's", async () => {
    const { status, json } = await ask(proxy, eks, { agent: HOLDER })
    expect(status).toBe(200)
    const { place, parameters } = parts(String(json['token']))
    expect(place).toBe('https://sts.us-east-1.amazonaws.com/')
    expect(parameters).toMatchObject({
      'X-Amz-Credential': expect.stringMatching(/^ASIAUPSTREAM\/\d{8}\/us-east-1\/sts\/aws4_request$/),
      'X-Amz-Security-Token': UPSTREAM_TOKEN,
      'X-Amz-Expires': '60',
      'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
    })
  })

  it('takes nothing from the headers of the request', async () => {
    const headers = { 'x-k8s-aws-id': 'prod', 'x-amz-expires': '86400', 'x-forwarded-host': 'evil.test' }
    const { json } = await ask(proxy, eks, { agent: HOLDER, headers })
    const { place, parameters } = parts(String(json['token']))
    expect(place).toBe('https://sts.us-east-1.amazonaws.com/')
    expect(Object.keys(parameters).toSorted()).toEqual([
      'Action',
      'Version',
      'X-Amz-Algorithm',
      'X-Amz-Credential',
      'X-Amz-Date',
      'X-Amz-Expires',
      'X-Amz-Security-Token',
      'X-Amz-Signature',
      'X-Amz-SignedHeaders',
    ])
    expect(parameters['X-Amz-Expires']).toBe('60')
  })

  it('is recorded before it is answered, and says that it was handed on', async () => {
    const { requestId } = await ask(proxy, get, { agent: HOLDER })
    // Not waited for: it is on disk by now.
    const record = proxy.records().find((line) => line.requestId === requestId && line.phase === 'decision')
    expect(record).toMatchObject({
      decision: 'allow',
      agent: HOLDER.id,
      service: 's3',
      operation: 'GetObject',
      class: 'credentials',
      classes: ['read', 'credentials'],
      resources: ['arn:aws:s3:::own/public/report.csv'],
      facts: { handOn: { type: 's3-url', expiresSeconds: 900, narrowed: false } },
    })
    const outcome = await proxy.record((line) => line.phase === 'outcome' && line.requestId === requestId)
    expect(outcome).toMatchObject({ decision: 'allow', reason: 'none' })
  })

  it('is never in the audit, the log or the metrics, nor is a secret in an answer (S8)', async () => {
    const secrets = [UPSTREAM_SECRET, UPSTREAM_TOKEN]
    for (const body of [eks, get, rds]) {
      const { status, json, requestId } = await ask(proxy, body, { agent: HOLDER })
      expect(status).toBe(200)
      expect(JSON.stringify(json)).not.toContain(UPSTREAM_SECRET)
      secrets.push(parts(String(json['token'] ?? json['url'])).parameters['X-Amz-Signature'] ?? '')
      await proxy.record((line) => line.phase === 'outcome' && line.requestId === requestId)
    }
    for (const body of [
      { ...get, key: UPSTREAM_TOKEN },
      { ...eks, cluster: 'prod' },
    ]) {
      const refusal = (await ask(proxy, body, { agent: HOLDER })).body.toString()
      expect(refusal).not.toContain(UPSTREAM_SECRET)
      expect(refusal).not.toContain('X-Amz-')
    }
    const dir = join(proxy.stateDir, 'audit')
    const audit = readdirSync(dir).map((name) => readFileSync(join(dir, name), 'utf8'))
    const metrics = await (await fetch(`${proxy.adminUrl}/metrics`)).text()
    const kept = [...audit, proxy.log(), metrics].join('\n')
    for (const secret of secrets.filter((each) => each !== UPSTREAM_TOKEN)) expect(kept).not.toContain(secret)
    expect(kept).not.toContain('k8s-aws-v1')
    expect(kept).not.toContain('X-Amz-')
  })
})

describe('a grant', () => {
  it.each([
    ['another cluster', { ...eks, cluster: 'prod' }],
    ['a cluster whose name goes on', { ...eks, cluster: 'dev2' }],
    ['another key', { ...get, key: 'private/report.csv' }],
    ['another bucket', { ...get, bucket: 'other' }],
    ['a key that looks like the granted folder in percent-encoding', { ...get, key: 'public%2Freport.csv' }],
    ['a key under a bucket of the granted name', { ...get, bucket: 'other', key: 'own/public/report.csv' }],
    ['another database', { ...rds, host: rds.host.replace('orders', 'payroll') }],
    ['another user', { ...rds, user: 'admin' }],
    ['a user whose name begins so', { ...rds, user: 'app2' }],
    ['writing what may be read', { ...get, method: 'PUT', contentLength: 0, sha256: 'e'.repeat(64) }],
    ['a cache', { type: 'elasticache-token', cache: 'sessions', user: 'app' }],
  ])('does not reach %s', async (_, body) => {
    expect(await reasonOf(body, { agent: HOLDER })).toEqual({ status: 403, reason: 'policy_denied' })
  })

  it('must be there for both classes', async () => {
    for (const other of [ONLY_READS, ONLY_CREDENTIALS]) {
      for (const body of [eks, get, rds]) {
        expect(await reasonOf(body, { agent: other })).toEqual({ status: 403, reason: 'policy_denied' })
      }
    }
  })

  it('is needed in observe mode too', async () => {
    const observing = await startProxy({
      upstream: upstream.url,
      agents,
      settings: { ...settings, policy: { mode: 'observe' } },
    })
    const { status, json } = await ask(observing, get, { agent: ONLY_READS })
    await observing.stop()
    expect({ status, code: json['code'] }).toEqual({ status: 403, code: 'AccessDenied' })
  })
})

describe('the pace', () => {
  it('is charged for credentials and for the own class, all or nothing', async () => {
    const slow = { rate: '1/min', burst: 1, maxWait: '0s' }
    const fast = { rate: '1000/s', burst: 1000, maxWait: '0s' }
    for (const classes of [
      { credentials: slow, opaque: fast },
      { credentials: fast, opaque: slow },
    ]) {
      const paced = await startProxy({
        upstream: upstream.url,
        agents,
        settings: { ...settings, pacing: { classes } },
      })
      const first = await ask(paced, rds, { agent: HOLDER })
      const second = await ask(paced, { ...rds, port: 5433 }, { agent: HOLDER })
      await paced.stop()
      expect(first.status).toBe(200)
      expect(second).toMatchObject({ status: 400, json: { code: 'ThrottlingException' } })
      expect(Number(second.headers['retry-after'])).toBeGreaterThan(0)
    }
  })
})

describe('a request to sign', () => {
  it('is served once: a copy of it is refused', async () => {
    const request = await asking(proxy, eks, { agent: HOLDER })
    expect((await send(proxy.url, request)).status).toBe(200)
    const again = jsonOf(await send(proxy.url, request))
    expect(again.status).toBe(503)
    expect((await proxy.decision(again.requestId)).reason).toBe('replayed')
  })

  it('is refused if a byte of its body was changed', async () => {
    const request = await asking(proxy, eks, { agent: HOLDER })
    const body = JSON.stringify({ ...eks, cluster: 'deV' })
    const answer = jsonOf(await send(proxy.url, { ...request, body }))
    expect((await proxy.decision(answer.requestId)).reason).toBe('payload_mismatch')
  })

  it.each(['s3', 'sts', 'dynamodb', 'execute-api'])('is refused if signed for %s', async (service) => {
    expect(await reasonOf(eks, { agent: HOLDER, service })).toEqual({
      status: 403,
      reason: 'unsupported_signature',
    })
  })

  it('is refused without a signature, with a header unsigned, and with a foreign session token', async () => {
    const { headers, ...request } = await asking(proxy, eks, { agent: HOLDER })
    const { authorization: _, ...unsigned } = headers
    for (const [given, code] of [
      [unsigned, 'MissingAuthenticationToken'],
      [{ ...headers, 'x-k8s-aws-id': 'prod' }, 'SignatureDoesNotMatch'],
      [{ ...headers, 'x-amz-security-token': UPSTREAM_TOKEN }, 'InvalidClientTokenId'],
    ] as const) {
      expect(jsonOf(await send(proxy.url, { ...request, headers: given })).json['code']).toBe(code)
    }
  })

  it.each([
    ['GET', SIGN_PATH],
    ['PUT', SIGN_PATH],
    ['POST', `${SIGN_PATH}?type=eks-token`],
  ])('is refused as %s %s', async (method, target) => {
    expect(await reasonOf(method === 'GET' ? '' : eks, { method, target })).toEqual({
      status: 400,
      reason: 'malformed_request',
    })
  })
})

describe('a path under /.moderato/', () => {
  it.each([
    '/.moderato',
    '/.moderato/',
    '/.moderato/v1',
    '/.moderato/v1/sign/',
    '/.moderato/v1/sign/x',
    '/.moderato/v2/sign',
    '/.moderato/v1/SIGN',
    '/.moderato/v1/%73ign',
    '/.moderato/v1/task',
    '/.moderato/v1/tasks/',
    '/.moderato/v1/tasks/x/y',
    '/.moderato/v1/tasks/x/complete/z',
    '/.moderato/v1/tasks/%ff',
    '/.moderato/../own/key',
    '/.moderato/v1/..%2f..%2fown',
  ])('is never forwarded, whatever service it is signed for: %s', async (target) => {
    for (const service of ['moderato', 's3', 'dynamodb', 'lambda']) {
      expect(await reasonOf(eks, { service, target })).toEqual({ status: 404, reason: 'unknown_path' })
    }
  })

  it('is not served to strangers either', async () => {
    const answer = jsonOf(await send(proxy.url, { method: 'GET', target: '/.moderato/v1/task', headers: {} }))
    expect(answer).toMatchObject({ status: 404, json: { code: 'ResourceNotFoundException' } })
  })
})

describe('a request that is signed for the service moderato', () => {
  it.each(['/', '/own/key', '//.moderato/v1/sign', '/%2emoderato/v1/sign', '/./.moderato/v1/sign'])(
    'goes nowhere at %s',
    async (target) => {
      const body = JSON.stringify(eks)
      const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
      const request = { method: 'POST', target, headers, body }
      const answer = await send(proxy.url, await signed(proxy.url, request, { service: 'moderato' }))
      expect(answer.status).toBeGreaterThanOrEqual(400)
      const { reason } = await proxy.decision(String(answer.headers['x-moderato-request-id']))
      expect(['unclassified', 'bad_signature', 'malformed_request']).toContain(reason)
    },
  )
})

describe('a role for signing', () => {
  it('that cannot be assumed leaves nothing signed', async () => {
    const sts = await RecordingUpstream.start((_, reply) => reply.writeHead(403).end())
    const roleArn = 'arn:aws:iam::123456789012:role/signing'
    const narrow = await startProxy({
      upstream: sts.url,
      agents,
      settings: { upstream: { ...settings.upstream, signing: { roleArn } } },
    })
    const { status, json, requestId } = await ask(narrow, eks, { agent: HOLDER })
    const decision = await narrow.decision(requestId)
    const outcome = await narrow.record((line) => line.phase === 'outcome' && line.requestId === requestId)
    await narrow.stop()
    const asked = sts.recorded.map(({ body }) => new URLSearchParams(body.toString()).get('Action'))
    await sts.stop()
    expect(new Set(asked)).toEqual(new Set(['AssumeRole']))
    expect({ status, code: json['code'] }).toEqual({ status: 503, code: 'ServiceUnavailable' })
    expect(decision).toMatchObject({ decision: 'allow', facts: { handOn: { narrowed: true } } })
    expect(outcome.reason).toBe('upstream_credentials')
  })
})
