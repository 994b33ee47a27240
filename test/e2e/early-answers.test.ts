/** A service that answers an upload before its body has ended: what the client gets of it, and when. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { text } from 'node:stream/consumers'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { s3, thrownBy } from '../support/clients.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { headText, RawConnection, signed, type RawRequest } from '../support/raw-http.ts'
import { answering, RawUpstream, type RawArrival } from '../support/raw-upstream.ts'
import { BOTO3, CURL, missing } from '../support/tools.ts'

const BODY_BYTES = 20_000_000
const XML = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>No.</Message></Error>'
const HEAD = `HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: ${XML.length}\r\n`

/** How services end such an answer; each has read some bytes of the body only. */
const ENDINGS: Readonly<Record<string, (arrival: RawArrival) => void>> = {
  'keeps the connection open and reads nothing more': ({ socket }) => {
    socket.write(`${HEAD}\r\n${XML}`)
    socket.pause()
  },
  'closes the connection at once': ({ socket }) => {
    socket.end(`${HEAD}connection: close\r\n\r\n${XML}`, () => socket.destroy())
  },
  'ends its side and reads nothing more': ({ socket }) => {
    socket.end(`${HEAD}connection: close\r\n\r\n${XML}`)
    socket.pause()
  },
  'says neither length nor chunks, and ends': ({ socket }) => {
    socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\nconnection: close\r\n\r\n${XML}`)
  },
  'reads the rest all the same': ({ socket }) => {
    socket.write(`${HEAD}\r\n${XML}`)
  },
}

async function start(
  ending: (arrival: RawArrival) => void,
): Promise<{ proxy: Proxy; upstream: RawUpstream }> {
  const upstream = await RawUpstream.start((arrival) => {
    const [head = '', body = ''] = arrival.text.split('\r\n\r\n')
    if (!head.startsWith('PUT') || body.length < 10 || arrival.socket.writableEnded) return false
    if (arrival.request === 1) ending(arrival)
    return true
  })
  onTestFinished(() => upstream.stop())
  const proxy = await startProxy({ upstream: upstream.url })
  onTestFinished(() => proxy.stop())
  return { proxy, upstream }
}

const PUT = `
import io, time
began = time.monotonic()
c = client('s3', retries={'mode': 'standard', 'total_max_attempts': 1}, read_timeout=20)
result = thrown(c.put_object, Bucket='b', Key='k', Body=BODY)
`

describe.each(Object.entries(ENDINGS))('a service that %s', (_name, ending) => {
  it.skipIf(missing(BOTO3))('is heard by boto3, whose upload ends', async () => {
    const { proxy } = await start(ending)
    const thrown = await boto3(proxy.url, PUT.replace('BODY', `bytes(${BODY_BYTES})`))
    expect(thrown).toMatchObject({ code: 'AccessDenied', status: 403 })
    proxy.signal('SIGTERM')
    expect(await proxy.ended).toBe(0)
  })

  it('is heard by the SDK for JavaScript', async () => {
    const { proxy } = await start(ending)
    const put = new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: Buffer.alloc(BODY_BYTES) })
    const thrown = await thrownBy(s3(proxy.url, undefined, { maxAttempts: 1 }).send(put))
    expect(thrown).toMatchObject({ name: 'AccessDenied', status: 403 })
  })
})

describe('the rest of an upload that was answered early', () => {
  const early = (): Promise<{ proxy: Proxy; upstream: RawUpstream }> =>
    start(({ socket }) => {
      socket.write(`${HEAD}\r\n${XML}`)
      socket.pause()
    })
  /** The head of an upload whose body is unsigned, so that it can be anything. */
  const put = (url: string, length: Readonly<Record<string, string>>): Promise<RawRequest> =>
    signed(
      url,
      { method: 'PUT', target: '/b/k', headers: { ...length, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
      { service: 's3' },
    )
  const list = (url: string): Promise<RawRequest> =>
    signed(url, { method: 'GET', target: '/b', headers: {} }, { service: 's3' })

  it.each([
    ['of a declared length', { 'content-length': String(BODY_BYTES) }, 'x'.repeat(1000)],
    ['in chunks', { 'transfer-encoding': 'chunked' }, `3e8\r\n${'x'.repeat(1000)}\r\n`],
  ])('need not come, %s: the answer does not wait for it', async (_name, length, begun) => {
    const { proxy } = await early()
    const connection = await RawConnection.open(proxy.url)
    connection.write(headText(await put(proxy.url, length), 'expect: 100-continue'))
    await connection.until(/100 Continue\r\n\r\n/)
    connection.write(begun)
    const answer = await connection.until(/<\/Error>/)
    expect(answer).toMatch(/HTTP\/1.1 403 Forbidden\r\n/)
    expect(answer).toContain(XML)
    // Nor does a drain wait for it.
    proxy.signal('SIGTERM')
    expect(await proxy.ended).toBe(0)
    connection.close()
  })

  it('is thrown away, so that the next call can use the connection', async () => {
    const { proxy, upstream } = await early()
    const connection = await RawConnection.open(proxy.url)
    connection.write(headText(await put(proxy.url, { 'content-length': '1000000' })))
    connection.write('x'.repeat(1000))
    await connection.until(/<\/Error>/)
    connection.write('x'.repeat(999_000))
    upstream.answer = answering(() => 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext')
    connection.write(headText(await list(proxy.url)))
    expect(await connection.until(/next$/)).toMatch(/<\/Error>HTTP\/1.1 200 OK\r\n/)
    connection.close()
  })

  it('closes the connection where it is too much to be thrown away', async () => {
    const { proxy } = await early()
    const connection = await RawConnection.open(proxy.url)
    connection.write(headText(await put(proxy.url, { 'content-length': String(1024 ** 4) })))
    const block = Buffer.alloc(1024 * 1024)
    let sentBytes = 0
    const send = (): void => {
      while (!connection.socket.destroyed && connection.socket.write(block)) sentBytes += block.length
    }
    connection.socket.on('drain', send)
    send()
    // Nothing is read that matches: it is closed, and maybe reset.
    expect(await connection.until(/^never$/)).toContain(XML)
    expect(sentBytes).toBeLessThan(200 * block.length)
  })

  it('is stopped by HTTP/2 itself', async () => {
    const { proxy } = await early()
    const session = connect(proxy.url)
    onTestFinished(() => session.destroy())
    const { host = '', ...fields } = (await put(proxy.url, { 'content-length': String(1024 ** 3) })).headers
    const stream = session.request({ ':method': 'PUT', ':path': '/b/k', ':authority': host, ...fields })
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.write(Buffer.alloc(1000))
    const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
    // It is read on, up to a bound: a client need not read an answer that comes together with the word to stop.
    let sentBytes = 0
    const block = Buffer.alloc(1024 * 1024)
    const send = (): void => {
      if (stream.closed || !stream.writable) return
      stream.write(block, send)
      sentBytes += block.length
    }
    send()
    await once(stream, 'close')
    expect([head[':status'], Buffer.concat(chunks).toString(), stream.rstCode]).toEqual([403, XML, 0])
    expect(sentBytes).toBeLessThan(200 * block.length)
  })

  it.skipIf(missing(CURL))('is thrown away, so that curl hears the answer over HTTP/2', async () => {
    const { proxy } = await early()
    const key = `${BUILDER.accessKeyId}:${BUILDER.secretAccessKey}`
    const signing = ['--user', key, '--aws-sigv4', 'aws:amz:us-east-1:s3']
    const upload = ['--http2-prior-knowledge', '-sST', '-', '-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD']
    const ended: string[] = []
    // It depends on what curl reads at once.
    for (let round = 0; round < 10; round += 1) {
      const url = `${proxy.url}/b/k${round}`
      const curl = spawn('curl', [...upload, ...signing, url, '-w', '%{http_code}'])
      curl.stdin.on('error', () => undefined).end(Buffer.alloc(4 * 1024 * 1024))
      ended.push(await text(curl.stdout))
    }
    expect(ended).toEqual(Array(10).fill(`${XML}403`))
  })

  it('need not come over HTTP/2 before a drain ends', async () => {
    const { proxy } = await early()
    const session = connect(proxy.url)
    onTestFinished(() => session.destroy())
    session.on('error', () => undefined)
    const { host = '', ...fields } = (await put(proxy.url, { 'content-length': String(BODY_BYTES) })).headers
    const stream = session.request({ ':method': 'PUT', ':path': '/b/k', ':authority': host, ...fields })
    stream.on('error', () => undefined).resume()
    stream.write(Buffer.alloc(1000))
    await once(stream, 'response')
    proxy.signal('SIGTERM')
    expect(await proxy.ended).toBe(0)
  })
})
