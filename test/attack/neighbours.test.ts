/** What one agent does to the others, and to what it sends itself, through the running proxy. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, READER, TENANT, type TestAgent } from '../support/agents.ts'
import type { Proxy } from '../support/proxy.ts'
import { dynamodbCall, headText, RawConnection, send, signed, type RawRequest } from '../support/raw-http.ts'
import { answerEmptyJson, type RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'

const CONNECTIONS = 2
const BODY_BYTES = 100_000

let upstream: RecordingUpstream
let proxy: Proxy

beforeAll(async () => {
  const scene = await openScene({
    agents: [BUILDER, READER, TENANT],
    settings: {
      upstream: { connections: CONNECTIONS },
      limits: { bufferedAgentBytes: 1.5 * BODY_BYTES },
      pacing: { classes: { destructive: { rate: '2/min', burst: 1, maxWait: '45s' } } },
    },
  })
  ;({ upstream, proxy } = scene)
  return scene.stop
})

function endless(reply: ServerResponse): void {
  const chunk = Buffer.alloc(65_536)
  reply.writeHead(200)
  const more = (): void => {
    while (reply.write(chunk));
    reply.once('drain', more)
  }
  more()
}

describe('an agent that reads its downloads slowly', () => {
  it('takes no connection of another agent', async () => {
    upstream.answer = (recorded, reply) =>
      recorded.target.startsWith('/own/') ? endless(reply) : answerEmptyJson(recorded, reply)
    const stalled: RawConnection[] = []
    for (let i = 0; i < CONNECTIONS; i++) {
      const get = { method: 'GET', target: `/own/${i}`, headers: {} }
      const connection = await RawConnection.open(proxy.url)
      connection.write(headText(await signed(proxy.url, get, { service: 's3', agent: TENANT })))
      await connection.until(/\r\n\r\n/)
      connection.socket.pause()
      stalled.push(connection)
    }
    expect((await send(proxy.url, await dynamodbCall(proxy.url, 'ListTables', {}, READER))).status).toBe(200)
    for (const each of stalled) each.close()
  })
})

/** A call of 100 KB as boto3 signs it. */
function call(operation: string, agent: TestAgent, TableName = 't'): Promise<RawRequest> {
  // Blanks, since a parameter that the catalogue lacks would be refused for itself.
  const body = JSON.stringify({ TableName }) + ' '.repeat(BODY_BYTES)
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${operation}`,
    'content-length': String(body.length),
  }
  const signing = { service: 'dynamodb', agent, declaresHash: false }
  return signed(proxy.url, { method: 'POST', target: '/', headers, body }, signing)
}

describe('an agent whose held calls have large bodies that declare no hash', () => {
  it('takes no memory of another agent at the same address', async () => {
    upstream.answer = answerEmptyJson
    const first = await call('DeleteTable', BUILDER)
    expect((await send(proxy.url, first)).status).toBe(200)
    const held = await RawConnection.open(proxy.url)
    const second = await call('DeleteTable', BUILDER, 'other')
    held.write(headText(second) + String(second.body))
    await proxy.metricReaches('moderato_pace_queue_depth', { class: 'destructive' }, 1)
    expect((await send(proxy.url, await call('ListTables', READER))).status).toBe(200)
    held.close()
    await once(held.socket, 'close')
  })
})

describe('an upload that declares no hash, of an operation that streams', () => {
  it('reaches the upstream with the body that was verified', async () => {
    upstream.answer = answerEmptyJson
    const request = {
      method: 'PUT',
      target: '/folder/object',
      headers: { 'content-length': '4' },
      body: 'body',
    }
    const upload = await signed(proxy.url, request, { service: 'mediastore', declaresHash: false })
    expect((await send(proxy.url, upload)).status).toBe(200)
    expect(upstream.recorded.at(-1)?.body.toString()).toBe('body')
  })
})

describe('an expectation that is not 100-continue', () => {
  it('is refused and recorded as any other malformed request', async () => {
    const connection = await RawConnection.open(proxy.url)
    connection.write('GET / HTTP/1.1\r\nhost: a\r\nexpect: more\r\n\r\n')
    const answer = await connection.until(/x-moderato-request-id: \S+\r\n/)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    const requestId = /x-moderato-request-id: (\S+)/.exec(answer)?.[1] ?? ''
    expect((await proxy.decision(requestId)).reason).toBe('malformed_request')
    connection.close()
  })
})
