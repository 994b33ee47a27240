/** What a real SDK throws when it cannot be told, or is no longer true, who an agent is. */
import { join } from 'node:path'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../../proxy/core/agent.ts'
import type { DenialReason } from '../../proxy/core/denial/table.ts'
import { sealingKeys } from '../../proxy/identity/sealing-keys.ts'
import { Sessions } from '../../proxy/identity/sessions.ts'
import { BUILDER } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { forged, Issuer, issuerKey, tokenOf, twinOf, type IssuerKey } from '../support/issuer.ts'
import type { Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import { askTasks, type TaskCredentials } from '../support/tasks.ts'
import { BOTO3, missing } from '../support/tools.ts'
import { exchange } from '../support/workload.ts'
import { expectNextStep, refused } from './denial-check.ts'

let upstream: RecordingUpstream
let proxy: Proxy
let key: IssuerKey
let issuer: Issuer
let away: Issuer
beforeAll(async () => {
  key = await issuerKey('k1')
  issuer = await Issuer.start([key])
  away = await Issuer.start([key])
  away.instead = (reply) => reply.writeHead(503).end()
  const rules = [{ match: { sub: 'known' }, agent: BUILDER.id }]
  const providers = [issuer, away].map(({ url }, index) => ({
    type: 'oidc',
    name: `issuer-${index}`,
    issuer: url,
    audience: 'moderato',
    rules,
  }))
  const scene = await openScene({ settings: { identity: { providers } } })
  ;({ upstream, proxy } = scene)
  return scene.stop
})
afterAll(async () => {
  for (const each of [issuer, away]) await each?.stop()
})

const token = (claims: object = {}, by = key, from = issuer) =>
  tokenOf(by, from.url, { claims: { sub: 'known', ...claims } })
const seconds = (from: number) => Math.floor(Date.now() / 1000) + from
let names = 0

/** The SDK asks for credentials with a token, and is refused. */
async function refusedToken(reason: DenialReason, text: string, name?: string, maxAttempts = 1) {
  names += 1
  const { result } = await refused(
    proxy,
    reason,
    () => thrownBy(exchange(proxy.url, text, name ?? `task-${names}`, maxAttempts)),
    { times: maxAttempts },
  )
  expectNextStep(result, reason)
  expect(upstream.arrived).toHaveLength(0)
  return result
}

const NO = { name: 'AccessDenied', status: 403, attempts: 1 }

describe('a token that gives no credentials', () => {
  it('identity_malformed: signed by nobody', async () => {
    const claims = { iss: issuer.url, sub: 'known', aud: 'moderato', exp: seconds(60) }
    expect(await refusedToken('identity_malformed', forged({ alg: 'none' }, claims))).toMatchObject(NO)
  })

  it('identity_unknown_issuer: of somebody else', async () => {
    const text = await token({ iss: 'https://elsewhere.example' })
    expect(await refusedToken('identity_unknown_issuer', text)).toMatchObject(NO)
  })

  it('identity_signature: signed with a key that its issuer has not, or has no more', async () => {
    expect(await refusedToken('identity_signature', await token({}, await issuerKey('k1')))).toMatchObject(NO)
    expect(await refusedToken('identity_signature', await token({}, await issuerKey('k0')))).toMatchObject(NO)
  })

  it('identity_audience: for another service', async () => {
    expect(await refusedToken('identity_audience', await token({ aud: 'sts.amazonaws.com' }))).toMatchObject(
      NO,
    )
  })

  it('identity_expired: over', async () => {
    expect(await refusedToken('identity_expired', await token({ exp: seconds(-60) }))).toMatchObject(NO)
  })

  it('identity_replayed: used for this task before, under whatever signature, or for too many others', async () => {
    const text = await token()
    await exchange(proxy.url, text, 'twice')
    expect(await refusedToken('identity_replayed', text, 'twice')).toMatchObject(NO)
    expect(await refusedToken('identity_replayed', twinOf(text), 'twice')).toMatchObject(NO)
    for (const task of ['of-five-2', 'of-five-3', 'of-five-4', 'of-five-5'])
      await exchange(proxy.url, text, task)
    expect(await refusedToken('identity_replayed', text, 'of-five-6')).toMatchObject(NO)
    expect(await refusedToken('identity_replayed', text, 'twice')).toMatchObject(NO)
    await exchange(proxy.url, await token({ jti: 'fresh' }), 'twice')
  })

  it('identity_replayed: used before, to end the task that it opened', async () => {
    const text = await token({ jti: 'to-open' })
    const { accessKeyId } = await exchange(proxy.url, text, 'ended-by-others')
    expect(accessKeyId).toMatch(/^ASIA/)
    const ask = (method: string, bearer: string) =>
      fetch(`${proxy.url}/.moderato/v1/tasks/ended-by-others`, {
        method,
        headers: { authorization: `Bearer ${bearer}` },
      })
    for (const method of ['DELETE', 'GET']) {
      const refused = await ask(method, text)
      expect(refused.status).toBe(403)
      expect(await refused.text()).toContain('reason identity_replayed')
    }
    const shown = await ask('GET', await token({ jti: 'to-show' }))
    expect(await shown.json()).toMatchObject({ task: { open: true } })
    const ended = await ask('DELETE', await token({ jti: 'to-end' }))
    expect(await ended.json()).toMatchObject({ task: { ended: true } })
  })

  it('policy_denied: for a task of a parent, whose credentials did not sign', async () => {
    const refused = await fetch(`${proxy.url}/.moderato/v1/tasks`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await token({ jti: 'child' })}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ id: 'a-child', parent: 'twice' }),
    })
    expect(refused.status).toBe(403)
    expect(await refused.text()).toContain('sign with the credentials of that parent')
  })

  it('identity_unmapped: of nobody that a rule makes an agent', async () => {
    expect(await refusedToken('identity_unmapped', await token({ sub: 'stranger' }))).toMatchObject(NO)
  })

  it('identity_unavailable: its issuer cannot be reached; the SDK retries by itself', async () => {
    const text = await token({}, key, away)
    const result = await refusedToken('identity_unavailable', text, 'unavailable', 3)
    expect(result).toMatchObject({ name: 'ServiceUnavailable', status: 503, attempts: 3 })
  })
})

describe('credentials that are good no more', () => {
  const client = ({ accessKeyId, secretAccessKey, sessionToken }: Omit<TaskCredentials, 'expiration'>) =>
    dynamodb(proxy.url, BUILDER, {
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      maxAttempts: 3,
    })
  const list = new ListTablesCommand({})

  it('expired_session: the time of their task is over', async () => {
    // Sealed as the proxy itself would have, two hours ago.
    const keys = sealingKeys(join(proxy.stateDir, 'sealing-keys'))
    const past = Date.now() - 7_200_000
    const task = { intent: undefined, justificationHash: undefined, ticket: undefined, roleArn: undefined }
    const session: Session = {
      id: 'session-1',
      agentId: BUILDER.id,
      root: BUILDER.id,
      task: { id: 'over', scopes: [], ancestors: [], ...task },
      issuedAtMs: past,
      expiresAtMs: past + 3_600_000,
    }
    const credentials = new Sessions({ keys: () => keys, clock: { nowMs: () => past } }).issue(session)
    const { result } = await refused(proxy, 'expired_session', () => thrownBy(client(credentials).send(list)))
    expect(result).toMatchObject({ name: 'ExpiredTokenException', status: 403, attempts: 1 })
    expectNextStep(result, 'expired_session')
  })

  it('revoked: their task was ended', async () => {
    const { json } = await askTasks(proxy, BUILDER, { id: 'ended', intent: 'look around' })
    await client(json.credentials).send(list)
    await askTasks(proxy, BUILDER, undefined, { method: 'DELETE', target: '/.moderato/v1/tasks/ended' })
    const { result } = await refused(proxy, 'revoked', () => thrownBy(client(json.credentials).send(list)))
    expect(result).toMatchObject({ name: 'ExpiredTokenException', status: 403, attempts: 1 })
    expectNextStep(result, 'revoked')
    expect(upstream.recorded).toHaveLength(1)
  })

  it.skipIf(missing(BOTO3))('credentials_withheld: those of AWS are for nobody', async () => {
    const { result } = await refused(proxy, 'credentials_withheld', () =>
      boto3(proxy.url, `result = thrown(client('sts').get_session_token)`),
    )
    expect(result).toMatchObject({ code: 'AccessDenied', status: 403, retries: 0 })
    expectNextStep(result as { message: string }, 'credentials_withheld')
  })
})
