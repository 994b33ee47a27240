import { describe, expect, it } from 'vitest'
import { listening } from './listening.ts'

describe('the console', () => {
  it('is static files under a policy that runs nothing but them', async () => {
    const { ask } = await listening()
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/console.js', 'text/javascript; charset=utf-8'],
      ['/console.css', 'text/css; charset=utf-8'],
    ] as const) {
      const { status, headers, body } = await ask({ path })
      expect([status, headers['content-type']], path).toEqual([200, type])
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
      const csp = String(headers['content-security-policy'])
      expect(csp).toContain("default-src 'none'; script-src 'self'")
      expect(csp).not.toMatch(/unsafe|data:|\*|https?:/)
      expect(body).not.toMatch(/ on[a-z]+=|<script>|style="|innerHTML|https?:\/\//)
    }
    expect((await ask({ path: '/console.html' })).status).toBe(401)
    expect(
      (await ask({ method: 'POST', path: '/', headers: { 'content-type': 'application/json' } })).status,
    ).toBe(405)
  })

  it('S6: opens by a link from elsewhere; nothing else does, and no page of elsewhere can frame or fetch it', async () => {
    const { ask } = await listening()
    const visit = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    }
    expect((await ask({ path: '/', headers: visit })).status).toBe(200)
    expect((await ask({ path: '/', headers: { ...visit, 'sec-fetch-dest': 'iframe' } })).status).toBe(403)
    expect((await ask({ path: '/', headers: { ...visit, 'sec-fetch-mode': 'cors' } })).status).toBe(403)
    expect((await ask({ path: '/', headers: { ...visit, host: 'evil.example' } })).status).toBe(421)
    expect((await ask({ path: '/v1/approvals', headers: visit })).status).toBe(403)
    expect((await ask({ path: '/console.js', headers: visit })).status).toBe(403)
  })
})
