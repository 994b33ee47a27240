import { describe, expect, it } from 'vitest'
import { adminHosts } from '../../proxy/admin/bind.ts'
import { bearer, listening, POLICY, READY, TOKEN } from './listening.ts'

describe('createAdmin', () => {
  it('answers health and readiness without a token', async () => {
    const { ask } = await listening()
    expect(await ask({ path: '/healthz' })).toMatchObject({ status: 200, body: '{"status":"ok"}\n' })
    const ready = await ask({ path: '/readyz?verbose=1' })
    expect([ready.status, JSON.parse(ready.body)]).toEqual([200, READY])
  })

  it('turns readiness to 503 while draining, and names observe mode', async () => {
    const { ask } = await listening({ ready: () => ({ ready: false, state: 'draining', mode: 'observe' }) })
    const ready = await ask({ path: '/readyz' })
    expect([ready.status, JSON.parse(ready.body)]).toEqual([
      503,
      { ready: false, state: 'draining', mode: 'observe' },
    ])
    expect((await ask({ path: '/healthz' })).status).toBe(200)
  })

  it('serves metrics openly, or with the token where configured', async () => {
    const open = await listening()
    expect(await open.ask({ path: '/metrics' })).toMatchObject({
      status: 200,
      body: 'moderato_requests_total 1\n',
    })
    const closed = await listening({ metricsOpen: false })
    expect((await closed.ask({ path: '/metrics' })).status).toBe(401)
    expect((await closed.ask({ path: '/metrics', headers: bearer })).status).toBe(200)
  })

  it('asks for the token on every other path, known or not', async () => {
    const { ask } = await listening()
    for (const path of [
      '/v1/policy',
      '/v1/events',
      '/nope',
      '/healthz/',
      '/HEALTHZ',
      '//healthz',
      '/__proto__',
    ]) {
      const answer = await ask({ path })
      expect([path, answer.status, answer.headers['www-authenticate']]).toEqual([path, 401, 'Bearer'])
    }
    const answer = await ask({ path: '/v1/policy', headers: bearer })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toEqual({ engine: 'opa-wasm', revision: 'abc', mode: 'enforce' })
    for (const path of ['/v1/nope', '/toString'])
      expect((await ask({ path, headers: bearer })).status).toBe(404)
  })

  it('refuses every token but the right one, and one in the URL', async () => {
    const { ask } = await listening()
    const WRONG = [
      '',
      'Bearer',
      'Bearer ',
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Basic ${TOKEN}`,
      TOKEN,
    ]
    for (const authorization of WRONG) {
      expect((await ask({ path: '/v1/policy', headers: { authorization } })).status, authorization).toBe(401)
    }
    expect((await ask({ path: `/v1/policy?token=${TOKEN}` })).status).toBe(401)
    expect((await ask({ path: '/v1/policy', headers: { authorization: `bearer ${TOKEN}` } })).status).toBe(
      200,
    )
  })

  it('refuses agent credentials', async () => {
    const { ask } = await listening()
    const authorization =
      'AWS4-HMAC-SHA256 Credential=AKIDDEMO/20260102/us-east-1/moderato/aws4_request, SignedHeaders=host, Signature=00'
    expect((await ask({ path: '/v1/policy', headers: { authorization } })).status).toBe(401)
  })

  it('answers 421 to a Host that is not its own, open paths included', async () => {
    const { ask, port } = await listening()
    const REBOUND = [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      '127.0.0.1:1',
      `localhost.:${port}`,
      `127.1:${port}`,
    ]
    for (const host of REBOUND) {
      for (const path of ['/healthz', '/metrics', '/v1/policy']) {
        expect((await ask({ path, headers: { ...bearer, host } })).status, `${host}${path}`).toBe(421)
      }
    }
    for (const host of [`localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`]) {
      expect((await ask({ path: '/healthz', headers: { host } })).status, host).toBe(200)
    }
  })

  it('refuses what a page of another site sends, token or not', async () => {
    const { ask, port } = await listening()
    const FOREIGN: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${port}.evil.example` },
      { origin: `http://localhost:${port}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of FOREIGN) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const all = { ...bearer, ...headers, 'content-type': 'application/json' }
        const answer = await ask({ method, path: '/v1/policy', headers: all })
        expect([answer.status, JSON.parse(answer.body)], JSON.stringify(headers)).toMatchObject([
          403,
          { error: 'foreign_origin' },
        ])
      }
    }
    const own = { ...bearer, origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' }
    expect((await ask({ path: '/v1/policy', headers: own })).status).toBe(200)
  })

  it('refuses writes that are not JSON', async () => {
    const { ask } = await listening()
    const TYPES = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=application/json',
    ]
    for (const type of TYPES) {
      const headers = { ...bearer, 'content-type': type }
      expect((await ask({ method: 'POST', path: '/v1/policy', headers, body: '{}' })).status, type).toBe(415)
    }
    expect((await ask({ method: 'POST', path: '/v1/policy', headers: bearer })).status).toBe(415)
    const json = { ...bearer, 'content-type': 'application/json; charset=utf-8' }
    const answer = await ask({ method: 'POST', path: '/v1/policy', headers: json, body: '{}' })
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD'])
  })

  it('sends no CORS header and never the token', async () => {
    const { ask } = await listening()
    for (const path of ['/healthz', '/v1/policy', '/v1/nope']) {
      for (const method of ['GET', 'OPTIONS']) {
        const { headers, body } = await ask({
          method,
          path,
          headers: { ...bearer, 'access-control-request-method': 'POST' },
        })
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
        expect(headers['cache-control']).toBe('no-store')
        expect(JSON.stringify(headers) + body).not.toContain(TOKEN)
      }
    }
  })

  it('answers 500 without details when a route throws, and reports it', async () => {
    const { ask, bugs } = await listening({
      routes: [
        {
          ...POLICY,
          handle() {
            throw new Error('inner secret')
          },
        },
      ],
    })
    const answer = await ask({ path: '/v1/policy', headers: bearer })
    expect([answer.status, answer.body.includes('inner')]).toEqual([500, false])
    expect(bugs).toMatchObject([{ message: 'inner secret' }])
  })

  it('refuses oversized heads', async () => {
    const { ask } = await listening()
    expect((await ask({ path: '/healthz', headers: { 'x-a': 'x'.repeat(9000) } })).status).toBe(431)
  })
})

describe('adminHosts', () => {
  it('names a loopback listener in every usual spelling and another by its own name only', () => {
    expect([...adminHosts('127.0.0.1', 8081)]).toEqual(['127.0.0.1:8081', 'localhost:8081', '[::1]:8081'])
    expect([...adminHosts('10.0.0.7', 8081, ['Moderato.internal:8081'])]).toEqual([
      '10.0.0.7:8081',
      'moderato.internal:8081',
    ])
    expect(adminHosts('fd00::1', 1).has('[fd00::1]:1')).toBe(true)
  })
})
