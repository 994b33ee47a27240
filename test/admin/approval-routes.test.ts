import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { approvalRoutes } from '../../proxy/admin/approval-routes.ts'
import { callers, sha256 } from '../../proxy/operators/callers.ts'
import { statusOf } from '../../proxy/approvals/approval.ts'
import type { NewApproval } from '../../proxy/approvals/approvals.ts'
import { ASKED, replica } from '../approvals/calls.ts'
import { bearer, listening, TOKEN, type Answer } from './listening.ts'

const SECRET = 'callback-secret-of-at-least-32-characters'
const PEOPLE = [
  { id: 'alice@example.org', slack: 'U0ALICE', tokenSha256: sha256('alice'.repeat(9)).toString('hex') },
  { id: 'bob@example.org', tokenSha256: sha256('bob'.repeat(15)).toString('hex') },
]
const ALICE = { authorization: `Bearer ${'alice'.repeat(9)}` }
const BOB = { authorization: `Bearer ${'bob'.repeat(15)}` }
const JSON_TYPE = { 'content-type': 'application/json' }

async function scene(change: Partial<NewApproval> = {}) {
  const one = await replica()
  const known = await one.approvals.ask({ ...ASKED, owner: 'bob@example.org', ...change })
  const id = known?.id ?? expect.fail('nothing was asked')
  const routes = approvalRoutes({
    approvals: one.approvals,
    clock: one.time,
    maxUses: 10,
    people: () => PEOPLE,
    callbackSecret: SECRET,
  })
  const admin = await listening({ routes, callerOf: callers(TOKEN, PEOPLE) })
  const post = (path: string, body: object, headers: Record<string, string> = ALICE): Promise<Answer> =>
    admin.ask({ method: 'POST', path, headers: { ...headers, ...JSON_TYPE }, body: JSON.stringify(body) })
  const status = () => statusOf(one.approvals.get(id)?.approval ?? expect.fail('it is gone'))
  const told = (answer: Answer) => [answer.status, (JSON.parse(answer.body) as { error?: string }).error]
  return { ...one, ...admin, id, post, status, told }
}

describe('/v1/approvals', () => {
  it('shows what waits, and one of them, to the admin token too', async () => {
    const { ask, id } = await scene()
    const list = await ask({ path: '/v1/approvals?status=pending', headers: bearer })
    expect(JSON.parse(list.body)).toMatchObject({
      approvals: [{ id, status: 'pending', irreversible: true }],
    })
    const one = await ask({ path: `/v1/approvals/${id}`, headers: bearer })
    expect(JSON.parse(one.body)).toMatchObject({ id, digest: 'd1', expiresAt: expect.any(String) })
    expect((await ask({ path: '/v1/approvals?status=used', headers: bearer })).body).toContain(
      '"approvals":[]',
    )
    expect((await ask({ path: `/v1/approvals/${'0'.repeat(32)}`, headers: bearer })).status).toBe(404)
    expect((await ask({ path: '/v1/approvals' })).status).toBe(401)
  })

  it('S18: decides nothing that is read, so a link that is fetched ahead does no harm', async () => {
    const { ask, id, status } = await scene()
    for (const verb of ['approve', 'deny'])
      for (const method of ['GET', 'HEAD', 'PUT', 'DELETE'])
        expect(
          (await ask({ method, path: `/v1/approvals/${id}/${verb}`, headers: { ...ALICE, ...JSON_TYPE } }))
            .status,
        ).toBe(405)
    await ask({ path: `/v1/approvals/${id}?approve=true`, headers: ALICE })
    await ask({ path: `/v1/approvals/callback?id=${id}&decision=approve`, headers: ALICE })
    expect(status()).toBe('pending')
  })

  it('S18: is decided by a person, never by the shared token, never by who answers for the agent', async () => {
    const { post, id, status, told, records } = await scene()
    const path = `/v1/approvals/${id}/approve`
    expect(told(await post(path, {}, bearer))).toEqual([403, 'person_required'])
    expect(told(await post(path, {}, BOB))).toEqual([403, 'own_agent'])
    expect(status()).toBe('pending')
    expect(JSON.parse((await post(path, { uses: 3, reason: 'Planned.' })).body)).toMatchObject({
      status: 'approved',
    })
    expect(told(await post(path, {}))).toEqual([409, 'already_decided'])
    // A refusal leaves one record, which says that it was refused, and why.
    expect(records.map(({ admin, decision, reason }) => [admin?.subject, decision, reason])).toEqual([
      ['admin-token', 'deny', 'person_required'],
      ['bob@example.org', 'deny', 'own_agent'],
      ['alice@example.org', 'allow', undefined],
      ['alice@example.org', 'deny', 'already_decided'],
    ])
  })

  it('lets an owner deny, and anybody take back what is not used', async () => {
    const { post, id, status } = await scene()
    await post(`/v1/approvals/${id}/approve`, {})
    expect(status()).toBe('approved')
    await post(`/v1/approvals/${id}/deny`, { reason: 'Not today.' }, BOB)
    expect(status()).toBe('denied')
  })

  it('refuses more uses than the configuration allows, and what it does not know', async () => {
    const { post, id, status } = await scene()
    for (const body of [{ uses: 11 }, { uses: 0 }, { uses: 1.5 }, { approve: true }, { skipPace: 'yes' }])
      expect((await post(`/v1/approvals/${id}/approve`, body)).status).toBe(400)
    expect(status()).toBe('pending')
  })

  it('ends a demand', async () => {
    const { approvals, time, ask } = await scene()
    const agent = 'spiffe://example.org/agent/a'
    await approvals.demand({ agent, approvers: 1, reason: 'Loops.', by: 'watcher' }, time.nowMs() + 60_000)
    expect((await ask({ path: '/v1/approvals', headers: bearer })).body).toContain(agent)
    const path = `/v1/approvals/demands/${encodeURIComponent(agent)}`
    const remove = (headers: Record<string, string>) =>
      ask({ method: 'DELETE', path, headers: { ...headers, ...JSON_TYPE } })
    expect((await remove(bearer)).status).toBe(403)
    expect((await remove(ALICE)).status).toBe(204)
    expect((await remove(ALICE)).status).toBe(404)
  })

  it('says that the store does not answer', async () => {
    const { post, id, store, told } = await scene()
    Object.assign(store, { write: () => Promise.reject(new Error('gone')) })
    expect(told(await post(`/v1/approvals/${id}/approve`, {}))).toEqual([503, 'state_unavailable'])
  })
})

describe('S18: the callback', () => {
  async function callbacks(change: Partial<NewApproval> = {}) {
    const one = await scene(change)
    const body = {
      timestamp: Math.floor(one.time.nowMs() / 1000),
      nonce: 'nonce-0123456789',
      id: one.id,
      digest: 'd1',
      decision: 'approve',
      person: 'U0ALICE',
    }
    const send = (text: string, signature: string, headers: Record<string, string> = {}) =>
      one.ask({
        method: 'POST',
        path: '/v1/approvals/callback',
        headers: { ...JSON_TYPE, 'x-moderato-signature': signature, ...headers },
        body: text,
      })
    const mac = (text: string, secret = SECRET) =>
      `v1=${createHmac('sha256', secret).update(text).digest('hex')}`
    const pass = (given: object, secret?: string) => {
      const text = JSON.stringify(given)
      return send(text, mac(text, secret))
    }
    return { ...one, body, send, mac, pass }
  }

  it('counts as the one person, whatever they are called there', async () => {
    const { pass, body, approvals, id, status, records } = await callbacks()
    expect((await pass(body)).status).toBe(200)
    expect(status()).toBe('approved')
    expect(approvals.get(id)?.approval.decisions).toMatchObject([
      { person: 'alice@example.org', channel: 'callback' },
    ])
    expect(records).toMatchObject([
      { phase: 'admin', admin: { subject: 'alice@example.org', by: 'callback' } },
    ])
  })

  it('is one person by two channels', async () => {
    const { pass, post, body, id, status, told } = await callbacks({ approvers: 2 })
    await post(`/v1/approvals/${id}/approve`, {})
    expect(told(await pass(body))).toEqual([403, 'same_person'])
    expect(status()).toBe('pending')
    expect(told(await pass({ ...body, person: 'bob@example.org', nonce: 'nonce-9876543210' }))).toEqual([
      403,
      'own_agent',
    ])
  })

  it('is taken once', async () => {
    const { pass, body, told, approvals } = await callbacks()
    const second = await approvals.ask({ ...ASKED, digest: 'd2' })
    await pass(body)
    expect(told(await pass(body))).toEqual([409, 'replayed'])
    expect(told(await pass({ ...body, id: second?.id, digest: 'd2' }))).toEqual([409, 'replayed'])
    expect((await pass({ ...body, id: second?.id, digest: 'd2', nonce: 'nonce-9876543210' })).status).toBe(
      200,
    )
  })

  it('is good for five minutes, in either direction', async () => {
    const { pass, body, time, told } = await callbacks()
    const nowSeconds = Math.floor(time.nowMs() / 1000)
    for (const timestamp of [nowSeconds - 301, nowSeconds + 302])
      expect(told(await pass({ ...body, timestamp }))).toEqual([401, 'stale'])
    expect((await pass({ ...body, timestamp: nowSeconds - 299 })).status).toBe(200)
  })

  it.each(['timestamp', 'nonce', 'id', 'digest', 'decision', 'person'] as const)(
    'is refused if its %s was edited',
    async (member) => {
      const { body, send, mac, status, told, records } = await callbacks()
      const edited = JSON.stringify({
        ...body,
        [member]: member === 'timestamp' ? body.timestamp + 1 : `x${body[member]}`,
      })
      expect(told(await send(edited, mac(JSON.stringify(body))))).toEqual([401, 'bad_signature'])
      expect(status()).toBe('pending')
      // Nobody is known, so nothing is recorded.
      expect(records).toEqual([])
    },
  )

  it('is refused with another key, no signature, or a token in its place', async () => {
    const { body, send, pass, mac, status, told } = await callbacks()
    const text = JSON.stringify(body)
    expect(told(await pass(body, 'another-secret-of-at-least-32-characters'))).toEqual([401, 'bad_signature'])
    for (const signature of [
      '',
      'v1=',
      mac(text).slice(0, -1),
      mac(text).toUpperCase(),
      `${mac(text)}, ${mac(text)}`,
    ])
      expect(told(await send(text, signature))).toEqual([401, 'bad_signature'])
    expect(told(await send(text, '', ALICE))).toEqual([401, 'bad_signature'])
    expect(told(await send(text, mac(`${text} `)))).toEqual([401, 'bad_signature'])
    expect(status()).toBe('pending')
  })

  it('names the call that it is about, and somebody who is known', async () => {
    const { body, pass, status, told } = await callbacks()
    expect(told(await pass({ ...body, digest: 'd2' }))).toEqual([409, 'other_call'])
    expect(told(await pass({ ...body, person: 'U0MALLORY' }))).toEqual([403, 'unknown_person'])
    expect(told(await pass({ ...body, nonce: 'nonce-00000000000', id: '0'.repeat(32) }))).toEqual([
      404,
      'not_found',
    ])
    expect(status()).toBe('pending')
  })

  it('takes nothing where no secret is configured', async () => {
    const { approvals, time } = await replica()
    const routes = approvalRoutes({
      approvals,
      clock: time,
      maxUses: 1,
      people: () => PEOPLE,
      callbackSecret: undefined,
    })
    const { ask } = await listening({ routes })
    const answer = await ask({
      method: 'POST',
      path: '/v1/approvals/callback',
      headers: { ...bearer, ...JSON_TYPE },
      body: '{}',
    })
    expect(answer.status).toBe(405)
  })
})
