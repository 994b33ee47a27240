/** The head of a service's answer, byte for byte: whatever its bytes are, and however it comes. */
import { once } from 'node:events'
import { connect } from 'node:http2'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { headText, RawConnection, signed, type RawRequest } from '../support/raw-http.ts'
import { RawUpstream, type RawArrival } from '../support/raw-upstream.ts'
import { BOTO3, missing } from '../support/tools.ts'

/** As UTF-8, as ISO-8859-1, and as neither; one character for each byte. */
const BYTES: Readonly<Record<string, string>> = {
  'UTF-8': Buffer.from('attachment; filename="日本.txt"', 'utf8').toString('latin1'),
  'ISO-8859-1': Buffer.from('attachment; filename="é.txt"', 'latin1').toString('latin1'),
  'no encoding at all': 'attachment; filename="\x80\xff\xc0\xaf.txt"',
}
const BODY = 'the body'

let upstream: RawUpstream
let proxy: Proxy
/** The pieces in which the upstream sends its answer: each in a turn of its own. */
let pieces: (arrival: RawArrival) => readonly string[]

beforeAll(async () => {
  upstream = await RawUpstream.start((arrival) => {
    if (!arrival.text.includes('\r\n\r\n')) return false
    void sendApart(arrival, pieces(arrival))
    return true
  })
  proxy = await startProxy({ upstream: upstream.url })
  return async () => {
    await proxy.stop()
    await upstream.stop()
  }
})

async function sendApart({ socket }: RawArrival, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    await new Promise<void>((sent) => socket.write(text, 'latin1', () => sent()))
    // The proxy sees a piece before the next one comes: it has read it when a question of another connection is answered.
    await fetch(`${proxy.adminUrl}/healthz`)
  }
}

const get = (method = 'GET'): Promise<RawRequest> =>
  signed(proxy.url, { method, target: '/bucket/key', headers: {} }, { service: 's3' })

/** Returns the whole answer, one character for each byte. */
async function answerTo(request: RawRequest): Promise<string> {
  const connection = await RawConnection.open(proxy.url)
  connection.write(headText(request, 'connection: close'))
  const answer = await connection.until(/^never$/)
  connection.close()
  return answer
}

/** The fields of an answer without those of the connection and the proxy's own, in order. */
function fieldsOf(answer: string): string[] {
  const [head = ''] = answer.split('\r\n\r\n')
  const ours = /^(connection|keep-alive|transfer-encoding|x-moderato-[a-z-]+):/i
  return head.split('\r\n').filter((line) => !ours.test(line))
}

const ORDERS: Readonly<Record<string, (value: string) => readonly string[]>> = {
  'after the length': (value) => [`Content-Length: ${BODY.length}`, `Content-Disposition: ${value}`],
  'before the length': (value) => [`Content-Disposition: ${value}`, `Content-Length: ${BODY.length}`],
  'as metadata, twice': (value) => [
    `x-amz-meta-a: ${value}`,
    `Content-Length: ${BODY.length}`,
    `x-amz-meta-a: ${value}`,
  ],
  'with chunks': (value) => ['Transfer-Encoding: chunked', `Content-Disposition: ${value}`],
}
const WAYS: Readonly<Record<string, (head: string, body: string) => readonly string[]>> = {
  'head and body together': (head, body) => [head + body],
  'the head alone, then the body': (head, body) => [head, body],
  'in the middle of the field': (head, body) => [head.slice(0, -9), head.slice(-9) + body],
}

describe.each(Object.entries(WAYS))('an answer that comes %s', (_way, cut) => {
  describe.each(Object.entries(ORDERS))('with a field %s', (_order, fields) => {
    it.each(Object.entries(BYTES))('keeps its bytes, that are %s', async (_encoding, value) => {
      const lines = ['HTTP/1.1 200 OK', ...fields(value)]
      const isChunked = lines[1]?.startsWith('Transfer') === true
      const body = isChunked ? `${BODY.length}\r\n${BODY}\r\n0\r\n\r\n` : BODY
      pieces = () => cut(`${lines.join('\r\n')}\r\n\r\n`, body)
      const answer = await answerTo(await get())
      expect(fieldsOf(answer)).toEqual(lines.filter((line) => !line.startsWith('Transfer')))
      expect(answer).toContain(BODY)
    })
  })
})

describe('an answer', () => {
  const value = BYTES['UTF-8'] ?? ''

  it.each([
    ['an error', 'GET', '404 Not Found', BODY],
    ['one without a body', 'GET', '304 Not Modified', ''],
    ['one to HEAD', 'HEAD', '200 OK', ''],
    ['an error to HEAD', 'HEAD', '404 Not Found', ''],
  ])('keeps its bytes: %s', async (_name, method, status, body) => {
    const lines = [`HTTP/1.1 ${status}`, `Content-Length: ${BODY.length}`, `Content-Disposition: ${value}`]
    pieces = () => [`${lines.join('\r\n')}\r\n\r\n`, body]
    const answer = await answerTo(await get(method))
    expect(fieldsOf(answer)).toEqual(lines)
    expect(answer.endsWith(`\r\n\r\n${body}`)).toBe(true)
  })

  it.each([
    [
      'a reason in UTF-8',
      Buffer.from('Schön', 'utf8').toString('latin1'),
      Buffer.from('Schön', 'utf8').toString('latin1'),
    ],
    ['no reason', '', ''],
    // undici has decoded it; a phrase means nothing, so none is better than another.
    ['a reason in ISO-8859-1', 'Sch\xf6n', ''],
  ])('has %s', async (_name, reason, expected) => {
    pieces = () => [`HTTP/1.1 200 ${reason}\r\nContent-Length: 0\r\n\r\n`]
    expect(fieldsOf(await answerTo(await get()))[0]).toBe(`HTTP/1.1 200 ${expected}`)
  })

  it('has empty fields, repeated ones, and a head of 40 KiB', async () => {
    const lines = [
      'HTTP/1.1 200 OK',
      'x-empty: ',
      'Set-Cookie: a=1',
      'set-cookie: b=2',
      'x-empty: ',
      ...Array.from(
        { length: 20 },
        (_, i) => `x-amz-meta-${i}: ${String.fromCharCode(0xe0 + i).repeat(2048)}`,
      ),
      'Content-Length: 0',
    ]
    pieces = () => [`${lines.join('\r\n')}\r\n\r\n`]
    expect(fieldsOf(await answerTo(await get()))).toEqual(lines)
  })

  it('whose trailers no client asked for keeps its body', async () => {
    pieces = () => [
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-a\r\n\r\n8\r\n${BODY}\r\n0\r\nx-a: ${value}\r\n\r\n`,
    ]
    const answer = await answerTo(await get())
    expect(answer).toContain(`8\r\n${BODY}\r\n0\r\n\r\n`)
  })

  it('over HTTP/2 keeps its bytes', async () => {
    const session = connect(proxy.url)
    onTestFinished(() => session.destroy())
    for (const bytes of Object.values(BYTES)) {
      pieces = () => [
        `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\nContent-Disposition: ${bytes}\r\n\r\n`,
        BODY,
      ]
      const { host = '', ...fields } = (await get()).headers
      const stream = session.request({ ':path': '/bucket/key', ':authority': host, ...fields })
      const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
      stream.resume()
      await once(stream, 'end')
      expect(head['content-disposition']).toBe(bytes)
    }
  })

  it.skipIf(missing(BOTO3))('is what boto3 gets from the service itself', async () => {
    pieces = () => [
      `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\nContent-Disposition: ${value}\r\nx-amz-meta-name: ${value}\r\n\r\n`,
      BODY,
    ]
    const get =
      "got = client('s3').get_object(Bucket='bucket', Key='key')\nresult = [got['ContentDisposition'], got['Metadata']]"
    const [straight, through] = [await boto3(upstream.url, get), await boto3(proxy.url, get)]
    expect(through).toEqual(straight)
  })

  it('that cannot be read is no answer, and the next one is', async () => {
    // A folded line is obsolete (RFC 9112 5.2).
    pieces = () => ['HTTP/1.1 200 OK\r\nx-folded: a\r\n b\r\nContent-Length: 0\r\n\r\n']
    expect(await answerTo(await get())).toMatch(/^HTTP\/1.1 (200|503) /)
    pieces = () => [`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`]
    expect(await answerTo(await get())).toMatch(/^HTTP\/1.1 200 /)
  })
})

describe('an interim answer that nobody asked for', () => {
  const FINAL = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`
  const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

  it.each<[string, readonly string[]]>([
    ['100, with the answer', [CONTINUE + FINAL]],
    ['100, before the answer', [CONTINUE, FINAL]],
    ['100, with fields', [`HTTP/1.1 100 Continue\r\nx-a: b\r\n\r\n${FINAL}`]],
    ['100, cut anywhere', CONTINUE.split('').concat(FINAL)],
    ['100 twice', [CONTINUE, CONTINUE + FINAL]],
    ['102', [`HTTP/1.1 102 Processing\r\n\r\n`, FINAL]],
    ['103', [`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${FINAL}`]],
    ['103, then 100', [`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${CONTINUE}${FINAL}`]],
    ['no interim answer, cut anywhere in its status', ['HTTP', '/1.1 ', '2', '00 OK\r\n', FINAL.slice(17)]],
  ])('does not fail the call: %s', async (_name, texts) => {
    pieces = () => texts
    const answer = await answerTo(await get())
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/)
    expect(answer.endsWith(`\r\n\r\n${BODY}`)).toBe(true)
    expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1)
  })

  it('leaves alone a body that looks like one, also on a kept connection', async () => {
    for (const body of [CONTINUE, `${CONTINUE}${FINAL}`]) {
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`
      pieces = () => [head, body]
      expect((await answerTo(await get())).endsWith(`\r\n\r\n${body}`)).toBe(true)
    }
    expect(await proxy.metric('moderato_denials_total', { reason: 'internal' })).toBe(0)
  })
})
