import { validate } from './validate-openapi.ts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Caller, callers, sha256 } from '../../proxy/operators/callers.ts'
import { openApi } from '../../proxy/admin/openapi.ts'
import { AdminError, adminRoute, type AdminRoute } from '../../proxy/admin/route.ts'
import { bearer, listening, POLICY, TOKEN } from './listening.ts'

const ALICE_TOKEN = 'a'.repeat(43)
const PEOPLE = [{ id: 'alice@example.org', tokenSha256: sha256(ALICE_TOKEN).toString('hex') }]
const alice = { authorization: `Bearer ${ALICE_TOKEN}` }
const json = { 'content-type': 'application/json' }

const Body = z.strictObject({
  kind: z.enum(['all', 'class']),
  reason: z.string().min(1),
  nested: z.strictObject({ n: z.int() }).optional(),
})

function made() {
  const seen: { caller: Caller; body: unknown; params: object; query: unknown }[] = []
  const routes: AdminRoute[] = [
    POLICY,
    adminRoute({
      method: 'POST',
      path: '/v1/things/{id}/parts/{part}',
      needs: 'token',
      summary: 'Changes a part.',
      body: Body,
      handle(request) {
        seen.push(request)
        if (request.params.id === 'gone')
          throw new AdminError(404, 'no_such_thing', 'There is no such thing.')
        if (request.params.id === 'broken') throw new Error('inner secret')
        return { id: request.params.id, kind: request.body.kind }
      },
    }),
    adminRoute({
      method: 'DELETE',
      path: '/v1/things/{id}',
      needs: 'person',
      summary: 'Removes it.',
      handle: (request) => void seen.push(request),
    }),
    adminRoute({
      method: 'GET',
      path: '/v1/things',
      needs: 'token',
      summary: 'Lists them.',
      query: z.strictObject({ state: z.enum(['open', 'shut']).optional() }),
      handle: ({ query }) => query,
    }),
  ]
  return { seen, options: { routes, callerOf: callers(TOKEN, PEOPLE) } }
}

const GOOD = JSON.stringify({ kind: 'all', reason: 'because' })
const post = (path: string, body: string, headers: object = {}) => ({
  method: 'POST',
  path,
  body,
  headers: { ...bearer, ...json, ...headers },
})

describe('a route of the admin API', () => {
  it('takes its parameters, body and caller, and leaves a record first', async () => {
    const { seen, options } = made()
    const { ask, records } = await listening(options)
    const answer = await ask(post('/v1/things/a%2Fb/parts/2', GOOD))
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { id: 'a/b', kind: 'all' }])
    expect(seen).toMatchObject([{ caller: { kind: 'token' }, params: { id: 'a/b', part: '2' } }])
    expect(records).toMatchObject([
      {
        phase: 'admin',
        decision: 'allow',
        admin: {
          subject: 'admin-token',
          by: 'shared',
          does: 'POST /v1/things/a%2Fb/parts/2',
          body: { kind: 'all', reason: 'because' },
        },
        client: { address: '127.0.0.1' },
      },
    ])
  })

  it('refuses what its schema does not know by path, with what may stand there', async () => {
    const { seen, options } = made()
    const { ask, records } = await listening(options)
    const WRONG: [string, string][] = [
      [JSON.stringify({ kind: 'most', reason: 'r' }), '"all"|"class"'],
      [JSON.stringify({ kind: 'all', reason: 'r', who: 1 }), '"who": may be kind, reason, nested'],
      [JSON.stringify({ kind: 'all', reason: 'r', nested: { n: 'x', m: 1 } }), 'nested.n: '],
      [JSON.stringify({ kind: 'all' }), 'reason: '],
      ['[]', '(whole): '],
      ['{', 'not JSON'],
      ['{"kind":"all","reason":"r","kind":"class"}', 'same member twice'],
      ['{"kind":"all","reason":"r","k\\u0069nd":"all"}', 'same member twice'],
      ['{"kind":"all","reason":"r","nested":{"n":1,"n":2}}', 'same member twice'],
      ['', 'kind: '],
    ]
    for (const [body, words] of WRONG) {
      const answer = await ask(post('/v1/things/1/parts/2', body))
      expect(answer.status, body).toBe(400)
      expect((JSON.parse(answer.body) as { message: string }).message).toContain(words)
    }
    expect(seen).toEqual([])
    expect(records.map(({ decision }) => decision)).toEqual(WRONG.map(() => 'deny'))
  })

  it('takes small bodies only, whatever length they declare', async () => {
    const { seen, options } = made()
    const { ask } = await listening(options)
    const large = JSON.stringify({ kind: 'all', reason: 'x'.repeat(65 * 1024) })
    expect((await ask(post('/v1/things/1/parts/2', large))).status).toBe(413)
    expect((await ask(post('/v1/things/1/parts/2', large, { 'transfer-encoding': 'chunked' }))).status).toBe(
      413,
    )
    expect(seen).toEqual([])
  })

  it('takes no body and no query that it does not name', async () => {
    const { options } = made()
    const { ask } = await listening(options)
    expect((await ask({ path: '/v1/policy?verbose=1', headers: bearer })).status).toBe(400)
    expect((await ask({ path: '/v1/things?state=open', headers: bearer })).body).toBe('{"state":"open"}\n')
    for (const query of ['state=ajar', 'state=open&state=open', 'stat=open', '__proto__=1']) {
      expect((await ask({ path: `/v1/things?${query}`, headers: bearer })).status, query).toBe(400)
    }
    const removed = { method: 'DELETE', path: '/v1/things/1', headers: { ...alice, ...json } }
    expect((await ask({ ...removed, body: '{"force":true}' })).status).toBe(400)
    expect(await ask(removed)).toMatchObject({ status: 204, body: '' })
  })

  it('answers 405 with what the path takes, and 404 for a path that there is not', async () => {
    const { options } = made()
    const { ask } = await listening(options)
    const wrong = await ask({ method: 'PUT', path: '/v1/things/1', headers: { ...bearer, ...json } })
    expect([wrong.status, wrong.headers['allow']]).toEqual([405, 'DELETE'])
    const read = await ask({ method: 'POST', path: '/v1/things', headers: { ...bearer, ...json } })
    expect([read.status, read.headers['allow']]).toEqual([405, 'GET, HEAD'])
    for (const path of ['/v1/things/', '/v1/things//parts/2', '/v1/things/1/parts', '/v1/things/%ff/parts/1'])
      expect((await ask(post(path, GOOD))).status, path).toBe(404)
    expect(await ask({ method: 'HEAD', path: '/v1/things', headers: bearer })).toMatchObject({
      status: 200,
      body: '',
    })
  })

  it('needs a person where it says so: the shared token is refused, and that is recorded (S18)', async () => {
    const { seen, options } = made()
    const { ask, records } = await listening(options)
    const remove = (headers: object) =>
      ask({ method: 'DELETE', path: '/v1/things/1', headers: { ...json, ...headers } })
    const refused = await remove(bearer)
    expect([refused.status, JSON.parse(refused.body)]).toMatchObject([403, { error: 'person_required' }])
    expect(seen).toEqual([])
    expect(records).toMatchObject([{ decision: 'deny', reason: 'person_required' }])
    expect((await remove(alice)).status).toBe(204)
    expect(seen).toMatchObject([{ caller: { kind: 'person', subject: 'alice@example.org', by: 'token' } }])
    expect(records[1]).toMatchObject({
      decision: 'allow',
      admin: { subject: 'alice@example.org', by: 'token' },
    })
  })

  it('changes nothing while the change cannot be recorded', async () => {
    const { seen, options } = made()
    const audit = { append: () => {}, commit: () => Promise.reject(new Error('disk full')) }
    const { ask } = await listening({ ...options, audit })
    const answer = await ask(post('/v1/things/1/parts/2', GOOD))
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([503, { error: 'audit_unavailable' }])
    expect(seen).toEqual([])
  })

  it('says why it refused, keeps the inside of a bug to itself, and records both', async () => {
    const { options } = made()
    const { ask, records, bugs } = await listening(options)
    const gone = await ask(post('/v1/things/gone/parts/2', GOOD))
    expect([gone.status, JSON.parse(gone.body)]).toEqual([
      404,
      { error: 'no_such_thing', message: 'There is no such thing.' },
    ])
    const broken = await ask(post('/v1/things/broken/parts/2', GOOD))
    expect([broken.status, broken.body.includes('inner')]).toEqual([500, false])
    expect(bugs).toMatchObject([{ message: 'inner secret' }])
    expect(records.map(({ decision, reason }) => [decision, reason])).toEqual([
      ['allow', undefined],
      ['deny', 'no_such_thing'],
      ['allow', undefined],
      ['error', 'internal'],
    ])
  })

  it('keeps secrets of a body out of the record', async () => {
    const { options } = made()
    const { ask, records } = await listening(options)
    await ask(post('/v1/things/1/parts/2', JSON.stringify({ kind: 'all', reason: 'token=abc123 is out' })))
    expect(JSON.stringify(records)).not.toContain('abc123')
  })
})

describe('openApi', () => {
  it('is a valid description of every route, served to whom has a token', async () => {
    const { options } = made()
    const { ask } = await listening(options)
    expect((await ask({ path: '/openapi.json' })).status).toBe(401)
    const document = JSON.parse((await ask({ path: '/openapi.json', headers: bearer })).body) as Record<
      string,
      unknown
    >
    expect(await validate(document)).toEqual({ valid: true, version: '3.1' })
    expect(document).toEqual(openApi(options.routes))
    expect(document).toMatchObject({
      paths: {
        '/v1/things/{id}': {
          delete: { 'x-moderato-needs': 'person', parameters: [{ name: 'id', in: 'path' }] },
        },
        '/v1/things/{id}/parts/{part}': {
          post: {
            requestBody: {
              content: {
                'application/json': {
                  schema: { required: ['kind', 'reason'], additionalProperties: false },
                },
              },
            },
          },
        },
        '/v1/things': { get: { parameters: [{ name: 'state', in: 'query', required: false }] } },
      },
    })
  })

  it('would not pass if it were wrong', async () => {
    const broken = {
      ...openApi([POLICY]),
      paths: { 'v1/policy': { get: { parameters: [{ in: 'query' }] } } },
    }
    expect(await validate(broken)).toMatchObject({ valid: false })
  })
})
