import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../proxy/config/load.ts'
import { signedBy, selfSigned } from '../support/certificates.ts'
import { END_WITH_PARENT } from '../support/children.ts'
import { hasTool } from '../support/tools.ts'

const MAIN = resolve(import.meta.dirname, '../../proxy/main.ts')
const OPENSSL = hasTool('openssl', ['version'])
if (!OPENSSL) console.warn('SKIPPED: openssl is missing, which makes the certificates of the mTLS tests')

describe.skipIf(!OPENSSL)('the admin listener off loopback, with mTLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-admin-tls-'))
  let admin: string
  let stop: () => Promise<void>

  beforeAll(async () => {
    selfSigned(folder, 'ca')
    signedBy(folder, 'ca', 'server', '/CN=moderato', 'IP:0.0.0.0')
    signedBy(folder, 'ca', 'alice', '/O=Example/CN=alice', 'URI:spiffe://example.org/alice')
    const config = {
      listen: { agents: '127.0.0.1:0', admin: '0.0.0.0:0' },
      admin: {
        tls: { cert: 'server.pem', key: 'server.key', clientCa: 'ca.pem' },
        people: [{ id: 'alice', certificate: 'O=Example,CN=alice' }],
      },
    }
    writeFileSync(join(folder, 'moderato.yaml'), JSON.stringify(config))
    const serving = spawn(
      process.execPath,
      [...END_WITH_PARENT, MAIN, 'serve', '--config', join(folder, 'moderato.yaml')],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    const [line] = (await once(createInterface({ input: serving.stdout }), 'line')) as string[]
    admin = (JSON.parse(line ?? '') as { listening: { admin: string } }).listening.admin
    stop = async () => {
      serving.kill('SIGTERM')
      await once(serving, 'exit')
    }
  })
  afterAll(async () => {
    await stop?.()
    rmSync(folder, { recursive: true, force: true })
  })

  const moderato = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, ...args, '--admin', admin, '--ca', join(folder, 'ca.pem')], {
      encoding: 'utf8',
      env: {},
    })
  const status = (path: string): Promise<number | undefined> =>
    new Promise((answered, reject) => {
      const agent = new Agent({ ca: readFileSync(join(folder, 'ca.pem')) })
      request(`${admin}${path}`, { agent }, (answer) => answered(answer.resume().statusCode))
        .on('error', reject)
        .end()
    })

  it('lets a person operate by certificate, as who they are', () => {
    expect(admin).toMatch(/^https:/)
    const own = ['--cert', join(folder, 'alice.pem'), '--key', join(folder, 'alice.key')]
    const frozen = moderato('freeze', 'all', '--reason', 'stop', '--json', ...own)
    expect([frozen.status, frozen.stderr]).toEqual([0, ''])
    expect(JSON.parse(frozen.stdout)).toMatchObject({ by: 'alice', scope: {} })
  })

  it('lets the shared token in too, and nobody without either', () => {
    const token = ['--token-file', join(folder, '.moderato', 'admin-token')]
    expect(moderato('freeze', 'list', ...token)).toMatchObject({ status: 0, stderr: '' })
    writeFileSync(join(folder, 'wrong'), 'w'.repeat(43), { mode: 0o600 })
    const wrong = moderato('freeze', 'list', '--token-file', join(folder, 'wrong'))
    expect([wrong.status, wrong.stderr]).toEqual([
      1,
      expect.stringContaining('does not know the token or certificate'),
    ])
  })

  it('opens health to anybody, and metrics to nobody who is not known (S6)', async () => {
    expect(await status('/healthz')).toBe(200)
    expect(await status('/readyz')).toBe(200)
    expect(await status('/metrics')).toBe(401)
    expect(await status('/v1/freeze')).toBe(401)
  })

  it('is not served without TLS, nor from a configuration that everybody can write (S6, S22)', () => {
    const file = join(folder, 'open.yaml')
    writeFileSync(file, 'listen: { admin: "0.0.0.0:0" }\n')
    expect(() => loadConfig(file, {})).toThrow(/listen\.admin: must be a loopback address unless admin\.tls/)
    writeFileSync(file, '')
    chmodSync(file, 0o666)
    expect(() => loadConfig(file, {})).toThrow(/can be written by everybody/)
  })
})
