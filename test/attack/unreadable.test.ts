/**
 * What no HTTP parser takes for a request, or what asks for a tunnel or another protocol: it reaches nothing, and leaves
 * a record and a metric all the same.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Proxy } from '../support/proxy.ts'
import { dynamodbCall, headText, RawConnection, send } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'

describe('bytes that are no request', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy

  beforeAll(async () => {
    const scene = await openScene()
    ;({ upstream, proxy } = scene)
    return async () => {
      await scene.stop()
      expect(upstream.recorded).toEqual([])
    }
  })

  const GET = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n'
  it.each([
    ['a folded field', `${GET}X-A: b\r\n c: d\r\n\r\n`, 400],
    ['two lengths', `${GET}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
    ['a length beside chunked coding', `${GET}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
    ['a length that is none', `${GET}Content-Length: +1\r\n\r\n`, 400],
    ['a coding after chunked', `${GET}Transfer-Encoding: chunked, identity\r\n\r\n`, 400],
    ['a bare line feed', `${GET}X-A: b\nX-B: c\r\n\r\n`, 400],
    ['a blank before the colon', `${GET}X-A : b\r\n\r\n`, 400],
    ['a null byte in a field', `${GET}X-A: b\0c\r\n\r\n`, 400],
    ['a null byte in the target', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['a field without a name', `${GET}: b\r\n\r\n`, 400],
    ['a head that is too large', `${GET}X-A: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
    ['noise', 'hello\r\n\r\n', 400],
    ['another protocol', `${GET}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`, 400],
    ['a tunnel', 'CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ])('%s is refused, recorded and counted', async (_what, text, status) => {
    const labels = { reason: 'malformed_request', decision: 'deny' }
    const before = await proxy.metric('moderato_requests_total', labels)
    const connection = await RawConnection.open(proxy.url)
    connection.write(Buffer.from(text, 'latin1'))
    const answer = await connection.until(/\r\n\r\n/)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    const [, requestId = ''] = /x-moderato-request-id: (\S+)/.exec(answer) ?? []
    const { decision, reason, agent } = await proxy.decision(requestId)
    expect({ decision, reason, agent }).toEqual({
      decision: 'deny',
      reason: 'malformed_request',
      agent: undefined,
    })
    await proxy.metricReaches('moderato_requests_total', labels, before + 1)
    connection.close()
  })

  it('is one record where the body of a request is what cannot be read', async () => {
    const call = await dynamodbCall(proxy.url, 'ListTables', {})
    const { 'content-length': _length, ...headers } = call.headers
    const before = proxy.records().filter(({ phase }) => phase === 'decision').length
    const connection = await RawConnection.open(proxy.url)
    connection.write(`${headText({ ...call, headers }, 'transfer-encoding: chunked')}zz\r\n`)
    await connection.until(/never/)
    const after = await dynamodbCall(proxy.url, 'DescribeNothing', {})
    await proxy.decision(String((await send(proxy.url, after)).headers['x-moderato-request-id']))
    expect(proxy.records().filter(({ phase }) => phase === 'decision').length).toBe(before + 2)
    connection.close()
  })
})
