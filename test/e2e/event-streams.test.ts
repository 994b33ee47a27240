import { once } from 'node:events'
import { connect } from 'node:http2'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { recordedProxy } from '../support/recorded.ts'
import { headText, RawConnection, signed, type RawRequest } from '../support/raw-http.ts'
import { signedFrames, textsArrived } from '../sigv4/events.ts'

const TEXTS = ['first sound', 'second sound']
const TARGET = '/v1/synthesisStream'

describe('an event stream from an agent', () => {
  const running = recordedProxy((_recorded, reply) => reply.end('done'))
  let wholeBefore: number

  async function call(): Promise<{ head: RawRequest; frames: Buffer[] }> {
    const headers = {
      'content-type': 'application/vnd.amazon.eventstream',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-EVENTS',
      'x-amzn-engine': 'generative',
      'x-amzn-outputformat': 'pcm',
      'x-amzn-voiceid': 'Amy',
    }
    const head = await signed(
      running.proxy.url,
      { method: 'POST', target: TARGET, headers },
      { service: 'polly' },
    )
    const [, seed = ''] = /Signature=(.*)$/.exec(head.headers['authorization'] ?? '') ?? []
    const { accessKeyId, secretAccessKey } = BUILDER
    const signing = { accessKeyId, secretAccessKey, service: 'polly', seed, at: () => new Date() }
    wholeBefore = running.upstream.recorded.length
    return { head, frames: await signedFrames(TEXTS, signing) }
  }

  const arrived = () => textsArrived(running.upstream.recorded.at(-1), 'polly')

  it('is signed anew over HTTP/1.1', async () => {
    const { head, frames } = await call()
    const connection = await RawConnection.open(running.proxy.url)
    connection.write(headText(head, 'transfer-encoding: chunked'))
    for (const frame of frames) {
      connection.write(
        Buffer.concat([Buffer.from(`${frame.length.toString(16)}\r\n`), frame, Buffer.from('\r\n')]),
      )
    }
    connection.write('0\r\n\r\n')
    expect(await connection.until(/done/)).toMatch(/^HTTP\/1.1 200 /)
    connection.close()
    expect(await arrived()).toEqual([...TEXTS, ''])
    const { operation, class: label } = await running.proxy.record(
      (line) => line.operation === 'StartSpeechSynthesisStream',
    )
    expect({ operation, label }).toEqual({ operation: 'StartSpeechSynthesisStream', label: 'read' })
  })

  it('is signed anew over HTTP/2', async () => {
    const { head, frames } = await call()
    const session = connect(running.proxy.url)
    const { host = '', ...fields } = head.headers
    const stream = session.request({ ':method': 'POST', ':path': TARGET, ':authority': host, ...fields })
    for (const frame of frames) stream.write(frame)
    stream.end()
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect(answer[':status']).toBe(200)
    session.destroy()
    expect(await arrived()).toEqual([...TEXTS, ''])
  })

  it.each<[string, (frames: Buffer[]) => Buffer[]]>([
    [
      'a changed event',
      ([a, b, c]) => [a, Buffer.concat([(b as Buffer).subarray(0, -9), Buffer.alloc(9)]), c] as Buffer[],
    ],
    ['an event left out', ([, b, c]) => [b, c] as Buffer[]],
    ['no end', ([a, b]) => [a, b] as Buffer[]],
  ])('never becomes whole upstream with %s', async (_what, change) => {
    const { head, frames } = await call()
    const session = connect(running.proxy.url)
    session.on('error', () => undefined)
    const { host = '', ...fields } = head.headers
    const stream = session.request({ ':method': 'POST', ':path': TARGET, ':authority': host, ...fields })
    stream.on('error', () => undefined)
    for (const frame of change(frames)) stream.write(frame)
    stream.end()
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect(answer[':status']).toBe(400)
    // The answer ends at once, though its stream's body was never read to the end.
    expect(await text(stream)).toContain('InvalidSignatureException')
    session.destroy()
    expect(running.upstream.recorded.length).toBe(wholeBefore)
  })

  it('is not what an operation without events takes', async () => {
    const headers = {
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-EVENTS',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.ListTables',
    }
    const head = await signed(
      running.proxy.url,
      { method: 'POST', target: '/', headers },
      { service: 'dynamodb' },
    )
    const connection = await RawConnection.open(running.proxy.url)
    connection.write(`${headText(head, 'content-length: 2')}{}`)
    expect(await connection.until(/event stream/)).toMatch(/^HTTP\/1.1 403 /)
    connection.close()
  })
})
