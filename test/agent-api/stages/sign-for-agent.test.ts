import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Session } from '../../../proxy/core/agent.ts'
import { HeaderFields } from '../../../proxy/core/http/headers.ts'
import { signForAgent } from '../../../proxy/agent-api/stages/sign-for-agent.ts'
import { currentCredentials } from '../../../proxy/credentials/source.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'
import { formatAmzDate } from '../../../proxy/sigv4/signing-date.ts'
import { accept, ACCESS_KEY_ID, NOW_MS, received, refusal, SECRET } from '../../sigv4/signing.ts'
import { answered, asked, UPSTREAM } from '../agent-requests.ts'
import { byBotocore, oracleMissing, parts } from '../oracle.ts'

const AMZ_DATE = formatAmzDate(NOW_MS)
const SHA256 = hash('sha256', 'body', 'hex')
const eks = { type: 'eks-token', cluster: 'dev' }
const get = { type: 's3-url', method: 'GET', bucket: 'own', key: 'a b/é+%41.csv' }
const put = { ...get, method: 'PUT', contentLength: 4, sha256: SHA256 }
const wishes = [
  eks,
  { type: 'rds-token', host: 'orders.c1a2.us-east-1.rds.amazonaws.com', port: 5432, user: 'a.b@c-d' },
  { type: 'elasticache-token', cache: 'sessions', user: 'App-1' },
  { type: 'elasticache-token', cache: 'sessions', user: 'app', serverless: true },
  get,
  { ...get, method: 'HEAD' },
]

const endingAt = (expiresAtMs: number): Session => ({
  id: 'session',
  agentId: 'agent',
  root: 'agent',
  task: {
    id: 'a-task',
    intent: 'x',
    justificationHash: undefined,
    ticket: undefined,
    roleArn: undefined,
    scopes: [],
    ancestors: [],
  },
  issuedAtMs: NOW_MS,
  expiresAtMs,
})

async function denialOf(work: Promise<unknown>): Promise<Denial> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown instanceof Denial) return thrown
  throw new Error('it was not refused')
}

const expiringIn = (seconds: number) => () =>
  Promise.resolve({
    ...UPSTREAM,
    sessionToken: 'token+/=',
    expiration: new Date(NOW_MS + seconds * 1000),
  })

if (oracleMissing !== undefined) console.warn(`SKIPPED: tokens against botocore need ${oracleMissing}`)

describe('sign', () => {
  it.skipIf(oracleMissing !== undefined).each(wishes)(
    'makes what botocore makes: $type $method',
    async (body) => {
      for (const sessionToken of [undefined, 'session+token/==']) {
        const owner = { ...UPSTREAM, sessionToken }
        const { token, url } = await answered(await asked(body), { owner: () => Promise.resolve(owner) })
        const theirs = byBotocore({
          asked: body,
          amzDate: AMZ_DATE,
          region: 'us-east-1',
          key: UPSTREAM.accessKeyId,
          secret: UPSTREAM.secretAccessKey,
          token: sessionToken,
        })
        expect(parts(token ?? url)).toEqual(parts(theirs))
      }
    },
  )

  it('signs the length and the hash of a PUT, and says that they must be sent', async () => {
    // Signed with an agent's key, so that Moderato's own verification can tell.
    const owner = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET }
    const answer = await answered(await asked(put), { owner: () => Promise.resolve(owner) })
    expect(answer).toMatchObject({
      method: 'PUT',
      headers: { 'content-length': '4', 'x-amz-content-sha256': SHA256 },
    })
    const { pathname, search, host } = new URL(answer.url)
    const sent = (headers: Record<string, string>) =>
      received({
        method: 'PUT',
        path: pathname,
        query: search.slice(1),
        headers: Object.entries({ host, ...answer.headers, ...headers }).flat(),
        body: Buffer.from('body'),
      })
    expect((await accept(sent({}))).payload).toEqual({ kind: 'declared', sha256: SHA256 })
    expect(await refusal(sent({ 'content-length': '5' }))).toBe('bad_signature')
    expect(await refusal(sent({ 'x-amz-content-sha256': hash('sha256', 'b', 'hex') }))).toBe('bad_signature')
    expect(await refusal(sent({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }))).toBe('bad_signature')
    expect(await refusal(sent({ 'x-amz-acl': 'public-read' }))).toBe('unsigned_header')
  })

  it('says how long it is good for, which is as long as was asked for', async () => {
    expect(await answered(await asked(eks))).toMatchObject({
      expiresSeconds: 60,
      expiresAt: new Date(NOW_MS + 60_000).toISOString(),
    })
    const { url, expiresSeconds } = await answered(await asked({ ...get, expiresSeconds: 5 }))
    expect(expiresSeconds).toBe(5)
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('5')
  })

  it('is good for no longer than the session that signs', async () => {
    const { url, expiresSeconds } = await answered(await asked(get), { owner: expiringIn(300.9) })
    expect(expiresSeconds).toBe(300)
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('300')
    expect((await answered(await asked(get), { owner: expiringIn(9000) })).expiresSeconds).toBe(900)
    const denial = await denialOf(asked(get).then((each) => answered(each, { owner: expiringIn(0.5) })))
    expect(denial.reason).toBe('upstream_credentials')
  })

  it('is good for no longer than the task of the agent', async () => {
    for (const body of [{ ...get, expiresSeconds: 900 }, { ...put, expiresSeconds: 900 }, ...wishes]) {
      const described = await asked(body)
      const inTask = (leftMs: number) =>
        answered({ ...described, agent: { ...described.agent, session: endingAt(NOW_MS + leftMs) } })
      const { token, url, expiresSeconds, expiresAt } = await inTask(42_900)
      expect(expiresSeconds).toBe(42)
      expect(expiresAt).toBe(new Date(NOW_MS + 42_000).toISOString())
      expect(parts(token ?? url).parameters['X-Amz-Expires']).toBe('42')
      expect((await denialOf(inTask(999))).reason).toBe('expired_session')
    }
  })

  it('counts from the second that it is signed in, not from the call', async () => {
    const later = await answered(await asked(eks), { clock: { nowMs: () => NOW_MS + 30_999 } })
    expect(parts(later.token).parameters['X-Amz-Date']).toBe(formatAmzDate(NOW_MS + 30_000))
    expect(later.expiresAt).toBe(new Date(NOW_MS + 90_000).toISOString())
  })

  it('takes narrowed credentials where they are to be had, and never others', async () => {
    const owner = () =>
      Promise.resolve({ accessKeyId: 'ASIANARROW', secretAccessKey: 's', sessionToken: 't' })
    const { token } = await answered(await asked(eks), { owner })
    expect(parts(token).parameters['X-Amz-Credential']).toMatch(/^ASIANARROW\//)
    const failing = () => Promise.reject(new Denial('upstream_credentials', 'no'))
    const refused = denialOf(asked(eks).then((each) => answered(each, { owner: failing })))
    expect((await refused).reason).toBe('upstream_credentials')
  })

  it('refuses where there are no credentials, and says nothing of why', async () => {
    const current = () => Promise.reject(new Error('profile secret-profile is missing'))
    const denial = await denialOf(
      asked(eks).then((each) => answered(each, { owner: async () => currentCredentials({ current }) })),
    )
    expect(denial.reason).toBe('upstream_credentials')
    expect(denial.message).not.toContain('secret-profile')
  })

  it('signs nothing for a client that is gone, nor what nobody asked for', async () => {
    const described = await asked(eks)
    const gone = { ...described, client: { address: '', gone: AbortSignal.abort() } }
    expect((await denialOf(answered(gone))).reason).toBe('client_gone')
    const { presign: _, ...plain } = described
    // @ts-expect-error who asks for nothing has no request that could be signed
    const nothing = (): unknown => answered(plain)
    expect(nothing).toBeTypeOf('function')
  })

  it('never lets the answer be kept', async () => {
    let head: readonly string[] = []
    const reply = {
      writeHead: (_: number, _message: unknown, fields: string[]) => (head = fields),
      end: () => undefined,
    }
    const stage = signForAgent({
      owner: () => Promise.resolve(UPSTREAM),
      clock: { nowMs: () => NOW_MS },
      answerHeaders: () => ['x-moderato-decision', 'allow'],
    })
    await stage({ ...(await asked(eks)), reply } as unknown as Parameters<typeof stage>[0])
    const fields = new HeaderFields(head)
    expect(fields.one('cache-control')).toBe('no-store')
    expect(fields.one('x-moderato-decision')).toBe('allow')
  })
})
