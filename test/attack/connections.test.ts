/** Connections that one agent opens and keeps, and what they take from another agent (rule S28). */
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { selfSigned } from '../support/certificates.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { dynamodbCall, headText, RawConnection, send } from '../support/raw-http.ts'
import { answerEmptyJson, RecordingUpstream } from '../support/recording-upstream.ts'
import { hasTool } from '../support/tools.ts'

const CONNECTIONS = 20

let upstream: RecordingUpstream
let proxy: Proxy

beforeAll(async () => {
  upstream = await RecordingUpstream.start()
  upstream.answer = answerEmptyJson
  proxy = await startProxy({
    upstream: upstream.url,
    agents: [BUILDER, READER],
    settings: { limits: { connections: CONNECTIONS } },
  })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

async function statusOfReader(): Promise<number> {
  return (await send(proxy.url, await dynamodbCall(proxy.url, 'ListTables', {}, READER))).status
}

/** On a connection of its own, which is then closed. */
async function newcomerIsServed(): Promise<void> {
  const call = await dynamodbCall(proxy.url, 'ListTables', {}, READER)
  const connection = await RawConnection.open(proxy.url)
  connection.write(headText(call) + String(call.body))
  expect(await connection.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 200 /)
  connection.close()
}

describe('an agent with many more connections than there may be', () => {
  it('takes none from another agent by requests that it never finishes', async () => {
    expect(await statusOfReader()).toBe(200)
    const slow = await dynamodbCall(proxy.url, 'ListTables', {}, BUILDER, false)
    const open: RawConnection[] = []
    for (let i = 0; i < 5 * CONNECTIONS; i += 1) {
      const connection = await RawConnection.open(proxy.url)
      connection.write(headText(slow) + (i % 2 === 0 ? '' : '{'))
      open.push(connection)
    }
    expect(await statusOfReader()).toBe(200)
    await newcomerIsServed()
    for (const each of open) each.close()
  })

  it('takes none by connections on which its calls were verified', async () => {
    expect(await statusOfReader()).toBe(200)
    const call = await dynamodbCall(proxy.url, 'ListTables', {}, BUILDER)
    const open: RawConnection[] = []
    for (let i = 0; i < 2 * CONNECTIONS; i += 1) {
      const connection = await RawConnection.open(proxy.url)
      connection.write(headText(call) + String(call.body))
      expect(await connection.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 200 /)
      open.push(connection)
    }
    expect(await statusOfReader()).toBe(200)
    await newcomerIsServed()
    for (const each of open) each.close()
  })

  it('takes none by sessions of HTTP/2', async () => {
    expect(await statusOfReader()).toBe(200)
    const sessions: ClientHttp2Session[] = []
    for (let i = 0; i < 2 * CONNECTIONS; i += 1) {
      const session = connect(proxy.url)
      session.on('error', () => undefined)
      await once(session, 'connect')
      sessions.push(session)
    }
    expect(await statusOfReader()).toBe(200)
    await newcomerIsServed()
    for (const each of sessions) each.destroy()
  })
})

describe('a connection whose client has ended it', () => {
  /** Opens a connection to another proxy, whose time for a request's head no test outlives. */
  async function patient(tls?: { cert: string; key: string }): Promise<Proxy> {
    const listen = { agents: '127.0.0.1:0', admin: '127.0.0.1:0', ...(tls && { tls }) }
    const limits = { connections: CONNECTIONS, headersTimeout: '10m' }
    const own = await startProxy({ upstream: upstream.url, agents: [READER], settings: { listen, limits } })
    onTestFinished(() => own.stop())
    return own
  }

  it.each([
    ['nothing', ''],
    ['what both protocols begin with', 'P'],
    ['the beginning of HTTP/2', 'PR'],
    ['the beginning of a request', 'GET / HTT'],
    ['a preface of HTTP/2 alone', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('ends here too, after %s', async (_what, text) => {
    const own = await patient()
    const connection = await RawConnection.open(own.url)
    connection.write(text)
    connection.socket.end()
    expect(await connection.until(/^never$/)).not.toContain('200')
  })

  it.skipIf(!hasTool('openssl', ['version']))('ends here too, before its TLS handshake', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-tls-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const own = await patient(selfSigned(folder, 'own'))
    for (const text of ['', '\x16\x03\x01']) {
      const connection = await RawConnection.open(own.url)
      connection.write(Buffer.from(text, 'latin1'))
      connection.socket.end()
      await connection.until(/^never$/)
    }
  })

  it('takes no place: 1,500 of them shut nobody out', async () => {
    const own = await patient()
    const sockets = Array.from({ length: 1_500 }, () => RawConnection.open(own.url))
    for (const each of await Promise.all(sockets)) each.socket.end()
    const call = await dynamodbCall(own.url, 'ListTables', {}, READER)
    expect((await send(own.url, call)).status).toBe(200)
  })
})
