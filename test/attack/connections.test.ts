/** Connections that one agent opens and keeps, and what they take from another agent (rule S28). */
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { dynamodbCall, headText, RawConnection, send } from '../support/raw-http.ts'
import { answerEmptyJson, RecordingUpstream } from '../support/recording-upstream.ts'

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
