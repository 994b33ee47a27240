/** Bodies that one agent never finishes, and what they take from another agent behind the same address (rule S28). */
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BUILDER, READER, type TestAgent } from '../support/agents.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { headText, RawConnection, send, signed, type RawRequest } from '../support/raw-http.ts'
import { answerEmptyJson, RecordingUpstream } from '../support/recording-upstream.ts'

const BODIES = 40
/** What comes of each body; the rest never does. */
const BEGUN_BYTES = 200_000
const WHOLE_BYTES = 900_000
/** Half of it is for bodies whose sender is not verified: five of those above. */
const TOTAL_BYTES = 2_000_000
const FITTING = 5

let upstream: RecordingUpstream
let proxy: Proxy

beforeEach(async () => {
  upstream = await RecordingUpstream.start()
  upstream.answer = answerEmptyJson
  proxy = await startProxy({
    upstream: upstream.url,
    agents: [BUILDER, READER],
    settings: { limits: { bufferedTotalBytes: TOTAL_BYTES, bufferedAgentBytes: 1_500_000 } },
  })
})
afterEach(async () => {
  await proxy.stop()
  await upstream.stop()
})

/** A call as boto3 signs it: the hash of the body is not in the head, so the whole body must be read to verify it. */
function call(agent: TestAgent, bodyBytes: number, operation = 'ListTables'): Promise<RawRequest> {
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${operation}`,
    'content-length': String(bodyBytes),
  }
  const body = `{}${' '.repeat(bodyBytes - 2)}`
  const signing = { service: 'dynamodb', agent, declaresHash: false }
  return signed(proxy.url, { method: 'POST', target: '/', headers, body }, signing)
}

/** Resolves once so many were refused that the rest fills the room for them. */
async function roomIsFull(): Promise<void> {
  await vi.waitFor(
    async () => {
      const refused = await proxy.metric('moderato_denials_total', { reason: 'overloaded' })
      expect(refused).toBeGreaterThanOrEqual(BODIES - FITTING)
    },
    { timeout: 20_000, interval: 20 },
  )
}

async function statusesOfReader(): Promise<number[]> {
  const statuses = []
  for (const bytes of [2, 1_000, 100_000, 2, 100_000])
    statuses.push((await send(proxy.url, await call(READER, bytes))).status)
  return statuses
}

async function streamed(session: ClientHttp2Session, request: RawRequest, bytes: number) {
  const { host = '', ...headers } = request.headers
  const stream = session.request({ ...headers, ':method': 'POST', ':path': '/', ':authority': host })
  stream.on('error', () => undefined)
  stream.write(String(request.body).slice(0, bytes))
  if (bytes < WHOLE_BYTES && bytes === String(request.body).length) stream.end()
  return stream
}

describe('bodies that are never finished', () => {
  it('over HTTP/1.1 leave another agent its service', async () => {
    const unfinished = await call(BUILDER, WHOLE_BYTES)
    const open: RawConnection[] = []
    for (let i = 0; i < BODIES; i += 1) {
      const connection = await RawConnection.open(proxy.url)
      connection.write(headText(unfinished) + String(unfinished.body).slice(0, BEGUN_BYTES))
      open.push(connection)
    }
    await roomIsFull()
    expect(await statusesOfReader()).toEqual([200, 200, 200, 200, 200])
    for (const each of open) each.close()
  })

  it('over HTTP/2 leave another agent its service, on its own connection and on the same one', async () => {
    const unfinished = await call(BUILDER, WHOLE_BYTES)
    const session = connect(proxy.url)
    session.on('error', () => undefined)
    await once(session, 'connect')
    for (let i = 0; i < BODIES; i += 1) await streamed(session, unfinished, BEGUN_BYTES)
    await roomIsFull()
    expect(await statusesOfReader()).toEqual([200, 200, 200, 200, 200])
    const stream = await streamed(session, await call(READER, 100_000), 100_000)
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect(answer[':status']).toBe(200)
    session.destroy()
  })
})
