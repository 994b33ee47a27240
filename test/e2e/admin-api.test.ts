import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { validate } from '../admin/validate-openapi.ts'
import { BUILDER } from '../support/agents.ts'
import { ALICE, PEOPLE } from '../support/approvers.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'

interface Operation {
  readonly summary: string
  readonly parameters: readonly { readonly in: string; readonly required: boolean }[]
}

let proxy: Proxy
let document: Record<string, unknown>
let operations: { method: string; path: string; operation: Operation }[]
const token = () => readFileSync(join(proxy.stateDir, 'admin-token'), 'utf8').trim()
const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
  fetch(proxy.adminUrl + path, { method, headers: { 'content-type': 'application/json', ...headers } })

beforeAll(async () => {
  proxy = await startProxy({ upstream: 'http://127.0.0.1:9', settings: { admin: { people: PEOPLE } } })
  const answer = await ask('GET', '/openapi.json', { authorization: `Bearer ${token()}` })
  document = (await answer.json()) as Record<string, unknown>
  const paths = document['paths'] as Record<string, Record<string, Operation>>
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
})
afterAll(() => proxy?.stop())

describe('the admin API of a running proxy', () => {
  it('is described by a valid OpenAPI document', async () => {
    expect(await validate(document)).toEqual({ valid: true, version: '3.1' })
    expect(operations.length).toBeGreaterThanOrEqual(7)
  })

  it('answers no route to whom it does not know, an agent with its own secret among them', async () => {
    const strangers = ['', `Bearer ${BUILDER.secretAccessKey}`, `Bearer ${BUILDER.accessKeyId}`]
    for (const { method, path } of operations) {
      for (const authorization of strangers) {
        const headers = authorization === '' ? {} : { authorization }
        expect((await ask(method, path.replaceAll(/\{\w+\}/g, 'x'), headers)).status, path).toBe(401)
      }
    }
    expect(proxy.records().filter(({ phase }) => phase === 'admin')).toEqual([])
  })

  it('answers every route that only reads and needs nothing more', async () => {
    const plain = operations.filter(
      ({ method, operation }) => method === 'GET' && operation.parameters.every(({ required }) => !required),
    )
    for (const { path } of plain) {
      const answer = await ask('GET', path, { authorization: `Bearer ${token()}` })
      expect([path, answer.status]).toEqual([path, 200])
      expect(await answer.json()).toBeTypeOf('object')
    }
  })

  it('says in the audit log who was refused what', async () => {
    const answer = await ask('POST', '/v1/freeze', { authorization: `Bearer ${token()}` })
    expect(answer.status).toBe(400)
    expect(await proxy.record(({ phase }) => phase === 'admin')).toMatchObject({
      decision: 'deny',
      reason: 'invalid_body',
      admin: { subject: 'admin-token', by: 'shared', does: 'POST /v1/freeze' },
      client: { address: '127.0.0.1' },
    })
  })

  it('leaves one record of a write that was refused, which says so', async () => {
    const id = '0'.repeat(32)
    const reason = { reason: 'an incident', ticket: 'OPS-1' }
    const refusals: readonly (readonly [
      method: string,
      path: string,
      body: object | undefined,
      why: string,
    ])[] = [
      ['POST', `/v1/approvals/${id}/approve`, {}, 'not_found'],
      ['POST', `/v1/approvals/${id}/deny`, {}, 'not_found'],
      ['DELETE', '/v1/approvals/demands/nobody', undefined, 'not_found'],
      ['POST', '/v1/breakglass', { agent: 'nobody', ...reason, for: '5m' }, 'invalid_body'],
      ['POST', '/v1/breakglass/bg-0/confirm', {}, 'no_such_breakglass'],
      ['POST', '/v1/freeze', { services: ['no-such-service'], reason: 'r' }, 'invalid_body'],
      ['POST', '/v1/freeze', { until: '2020-01-01T00:00:00Z', reason: 'r' }, 'invalid_body'],
      ['DELETE', '/v1/freeze/f-0', undefined, 'no_such_freeze'],
      ['DELETE', '/v1/quarantine/nobody', undefined, 'not_quarantined'],
      ['POST', '/v1/sessions/revoke', { task: 'nothing', reason: 'r' }, 'no_such_task'],
    ]
    const before = proxy.records().filter(({ phase }) => phase === 'admin').length
    for (const [method, path, body] of refusals) {
      const answer = await fetch(proxy.adminUrl + path, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ALICE.token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      expect([path, answer.status]).toEqual([path, expect.toSatisfy((status: number) => status >= 400)])
    }
    const records = () =>
      proxy
        .records()
        .filter(({ phase }) => phase === 'admin')
        .slice(before)
    await expect.poll(() => records().length).toBeGreaterThanOrEqual(refusals.length)
    expect(records().map(({ decision, reason: why }) => [decision, why])).toEqual(
      refusals.map(([, , , why]) => ['deny', why]),
    )
  })
})
