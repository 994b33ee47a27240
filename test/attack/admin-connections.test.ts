/** Connections of strangers, and what they take from operators and from agents who have shown who they are (rule S28). */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { selfSigned } from '../support/certificates.ts'
import { moderato } from '../support/moderato.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { dynamodbCall } from '../support/raw-http.ts'
import { answerEmptyJson, RecordingUpstream } from '../support/recording-upstream.ts'
import { hasTool } from '../support/tools.ts'

const OPENSSL = hasTool('openssl', ['version'])
if (!OPENSSL) console.warn('SKIPPED: openssl is missing, which makes the certificates of a test')

const folder = mkdtempSync(join(tmpdir(), 'moderato-idle-'))
const idle: Socket[] = []
let proxy: Proxy

afterEach(async () => {
  for (const socket of idle.splice(0)) socket.destroy()
  await proxy.stop()
})

/** Opens connections on which nothing is ever sent. */
async function strangers(url: string, count: number): Promise<void> {
  const { hostname, port } = new URL(url)
  for (let index = 0; index < count; index += 1) {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    idle.push(socket)
    await once(socket, 'connect')
  }
}

describe('idle connections of strangers', () => {
  it('keep no operator out of the admin listener', async () => {
    proxy = await startProxy({})
    await strangers(proxy.adminUrl, 200)
    const frozen = await moderato(proxy, ['freeze', 'all', '--reason', 'incident', '--admin', proxy.adminUrl])
    expect(frozen).toMatchObject({ code: 0, err: '' })
  })

  it('close none of an operator who is known', async () => {
    proxy = await startProxy({})
    const authorization = `Bearer ${readFileSync(join(proxy.stateDir, 'admin-token'), 'utf8').trim()}`
    const dispatcher = new Agent({ connections: 1 })
    const ask = () => request(`${proxy.adminUrl}/v1/freeze`, { dispatcher, headers: { authorization } })
    let connections = 0
    dispatcher.on('connect', () => (connections += 1))
    await (await ask()).body.dump()
    await strangers(proxy.adminUrl, 200)
    await (await ask()).body.dump()
    expect(connections).toBe(1)
    await dispatcher.close()
  })

  it.skipIf(!OPENSSL)('that never finish a TLS handshake keep no agent out, old or new', async () => {
    const upstream = await RecordingUpstream.start()
    upstream.answer = answerEmptyJson
    const tls = selfSigned(folder, 'own')
    proxy = await startProxy({
      upstream: upstream.url,
      agents: [BUILDER],
      settings: {
        limits: { connections: 20 },
        listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0', tls },
      },
    })
    const dispatcher = new Agent({ connect: { ca: readFileSync(tls.cert) }, connections: 1, allowH2: false })
    const newcomer = new Agent({ connect: { ca: readFileSync(tls.cert) }, allowH2: false })
    let connections = 0
    dispatcher.on('connect', () => (connections += 1))
    const statusBy = async (by: Agent): Promise<number> => {
      const { headers, body } = await dynamodbCall(proxy.url, 'ListTables', {})
      const answer = await request(proxy.url, { method: 'POST', headers, body: body ?? '', dispatcher: by })
      await answer.body.dump()
      return answer.statusCode
    }
    expect(await statusBy(dispatcher)).toBe(200)
    await strangers(proxy.url, 300)
    expect(await statusBy(dispatcher)).toBe(200)
    expect(connections).toBe(1)
    expect(await statusBy(newcomer)).toBe(200)
    await Promise.all([dispatcher.destroy(), newcomer.destroy()])
    await upstream.stop()
    rmSync(folder, { recursive: true })
  })
})

describe('the local socket of stateDir', () => {
  it('freezes everything without the admin listener, for its own user alone', async () => {
    proxy = await startProxy({})
    const socket = join(proxy.stateDir, 'admin.sock')
    expect(statSync(socket).mode & 0o777).toBe(0o600)
    // The configuration has port 0: the socket is the only way.
    const frozen = await moderato(proxy, [
      'freeze',
      'all',
      '--reason',
      'incident',
      '--config',
      proxy.configFile,
    ])
    expect(frozen).toMatchObject({ code: 0, err: '' })
    const record = await proxy.record((line) => line.phase === 'admin')
    expect(record).toMatchObject({ client: { address: 'local socket' } })
  })

  it('gives nothing to whom has no token, or names another host', async () => {
    proxy = await startProxy({})
    const dispatcher = new Agent({ connect: { socketPath: join(proxy.stateDir, 'admin.sock') } })
    const token = readFileSync(join(proxy.stateDir, 'admin-token'), 'utf8').trim()
    const status = async (host: string, authorization?: string): Promise<number> => {
      const headers = authorization === undefined ? {} : { authorization }
      const answer = await request(`http://${host}/v1/freeze`, { dispatcher, headers })
      await answer.body.dump()
      return answer.statusCode
    }
    expect(await status('localhost', `Bearer ${token}`)).toBe(200)
    expect(await status('localhost')).toBe(401)
    expect(await status('localhost', 'Bearer x')).toBe(401)
    expect(await status('attacker.example', `Bearer ${token}`)).toBe(421)
    await dispatcher.close()
  })
})
