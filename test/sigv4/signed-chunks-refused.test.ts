import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { CRC32, hmacSigner, pass, signedFrames, split } from './chunk-bodies.ts'
import {
  AGENT,
  SEED,
  hmacStream,
  type Body,
  sent,
  wanted,
  withTrailer,
  lengthOf,
  passBody,
} from './agent-bodies.ts'

describe('signedChunks', () => {
  const plain: Body = { chunks: ['hello ', 'wide', 'world'] }
  const trailing = withTrailer(['hello ', 'wide', 'world'])

  it.each([
    ['without trailers', plain],
    ['with trailers', trailing],
  ])('refuses every one-byte change of a body %s, and sends nothing of its chunk', async (_form, body) => {
    const whole = sent(body)
    const frames = signedFrames({ ...body, signer: hmacSigner(AGENT), seed: SEED })
    const expected = wanted(body)
    const replacements = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80]
    let refused = 0
    let equivalent = 0
    for (let at = 0, frame = 0, start = 0; at < whole.length; at += 1) {
      while (at >= start + (frames[frame]?.length ?? 0)) start += frames[frame++]?.length ?? 0
      const others = new Set([
        ...replacements.map((bit) => (whole[at] ?? 0) ^ bit),
        0x0a,
        0x0d,
        0x30,
        0x3b,
        0x2a,
      ])
      others.delete(whole[at] ?? 0)
      for (const other of others) {
        const changed = Buffer.from(whole)
        changed[at] = other
        const { bytes, reason } = await passBody(body, split(changed, [16]))
        const inTrailers = frame === body.chunks.length + 1
        if (reason === undefined) {
          // Names of trailers have no case; nothing else may differ.
          expect(inTrailers && /[a-z]/i.test(String.fromCharCode(other))).toBe(true)
          expect(bytes.toString('latin1').toLowerCase()).toBe(expected.toString('latin1').toLowerCase())
          equivalent += 1
          continue
        }
        expect(reason).toBe('payload_mismatch')
        expect(bytes.length).toBeLessThanOrEqual(start)
        expect(bytes.equals(expected.subarray(0, bytes.length))).toBe(true)
        refused += 1
      }
    }
    const letters =
      body.trailers === undefined ? 0 : `${CRC32}x-amz-trailer-signature`.match(/[a-z]/g)?.length
    expect(equivalent).toBe(letters)
    expect(refused).toBeGreaterThan(whole.length * 10)
  })

  it('refuses a body that ends early, at every byte', async () => {
    for (const body of [plain, trailing]) {
      const whole = sent(body)
      for (let at = 0; at < whole.length; at += 1) {
        const { bytes, reason } = await passBody(body, [whole.subarray(0, at)])
        expect(reason).toBe('payload_mismatch')
        expect(bytes.toString()).not.toContain('world')
      }
    }
  })

  const [hello = '', zero = '', end = ''] = signedFrames({
    ...withTrailer(['hello']),
    signer: hmacSigner(AGENT),
    seed: SEED,
  }).map(String)
  const [first = '', second = ''] = signedFrames({ ...plain, signer: hmacSigner(AGENT), seed: SEED }).map(
    String,
  )
  const [checksumLine = '', signatureLine = ''] = end.split(/(?<=\r\n)/)

  it.each([
    ['no last chunk', hello],
    ['a last chunk without the trailers', hello + zero],
    ['empty trailers', `${hello}${zero}\r\n`],
    ['trailers without a signature', `${hello}${zero}${checksumLine}\r\n`],
    ['a signature without trailers', `${hello}${zero}${signatureLine}\r\n`],
    ['the signature first', `${hello}${zero}${signatureLine}${checksumLine}\r\n`],
    ['the signature twice', `${hello}${zero}${checksumLine}${signatureLine}${signatureLine}\r\n`],
    ['a trailer twice', `${hello}${zero}${checksumLine}${checksumLine}${signatureLine}\r\n`],
    ['a trailer after the signature', `${hello}${zero}${checksumLine}${signatureLine}x-amz-acl:x\r\n\r\n`],
    ['an unknown trailer', `${hello}${zero}x-amz-acl:public\r\n${checksumLine}${signatureLine}\r\n`],
    ['a blank in a trailer', `${hello}${zero}${checksumLine.replace(':', ': ')}${signatureLine}\r\n`],
    ['a blank in the signature', `${hello}${zero}${checksumLine}${signatureLine.replace(':', ': ')}\r\n`],
    ['no trailer line end', `${hello}${zero}${checksumLine}${signatureLine}`],
    ['a CRLF between the last chunk and the trailers', `${hello}${zero}\r\n${end}`],
    ['bytes after the end', `${hello}${zero}${end}0`],
    ['a CRLF after the end', `${hello}${zero}${end}\r\n`],
    ['a second body after the end', `${hello}${zero}${end}${hello}${zero}${end}`],
    ['bare line feeds', `${hello}${zero}${end}`.replaceAll('\r\n', '\n')],
    ['no signature', `${hello.replace(/;[^\r]*/, '')}${zero}${end}`],
    ['an empty signature', `${hello.replace(/=[^\r]*/, '=')}${zero}${end}`],
    ['two signatures', `${hello.replace(/(;[^\r]*)/, '$1$1')}${zero}${end}`],
    ['another extension', `${hello.replace(';', ';x=y;')}${zero}${end}`],
    ['a blank before the extension', `${hello.replace(';', ' ;')}${zero}${end}`],
    ['an extension in upper case', `${hello.replace('chunk', 'Chunk')}${zero}${end}`],
    ['a signature in upper case', `${hello.replace(/=[^\r]*/, (all) => all.toUpperCase())}${zero}${end}`],
    ['a signed size', `+${hello}${zero}${end}`],
    ['a prefixed size', `0x${hello}${zero}${end}`],
    ['an endless size', `${'0'.repeat(100_000)}${hello}${zero}${end}`],
    ['a size below the data', `${hello.replace('5;', '4;')}${zero}${end}`],
    ['a size above the data', `${hello.replace('5;', '6;')}${zero}${end}`],
    ['a size beyond 2^53', `ffffffffffffff${hello}${zero}${end}`],
    ['an endless line', `${hello}${zero}${CRC32}:${'A'.repeat(100_000)}`],
    ['a chunk twice', `${hello}${hello}${zero}${end}`],
    ['an unsigned body', `5\r\nhello\r\n0\r\n${checksumLine}\r\n`],
    ['nothing at all', ''],
  ])('refuses %s', async (_what, text) => {
    const whole = Buffer.from(text)
    for (const sizes of [[1_000_000], [1000, 1, 3]]) {
      const { bytes, reason } = await pass(hmacStream(5, [CRC32]), split(whole, sizes))
      expect(reason).toBe('payload_mismatch')
      expect(bytes.length).toBe(0)
    }
  })

  it('refuses another decoded length, before the last chunk goes on', async () => {
    for (const [body, trailers] of [[plain, []] as const, [trailing, [CRC32]] as const]) {
      for (const length of [0, 1, lengthOf(body) - 1, lengthOf(body) + 1, 10_000]) {
        const { bytes, reason } = await pass(hmacStream(length, trailers), split(sent(body), [1]))
        expect(reason).toBe('payload_mismatch')
        expect(bytes.toString()).not.toContain('world')
      }
    }
  })

  it('refuses chunks in another order, left out or repeated', async () => {
    const rest = signedFrames({ ...plain, signer: hmacSigner(AGENT), seed: SEED })
      .slice(2)
      .map(String)
      .join('')
    for (const text of [second + first + rest, second + rest, first + second + second + rest]) {
      expect((await pass(hmacStream(15, []), [Buffer.from(text)])).reason).toBe('payload_mismatch')
    }
  })

  it('refuses trailers where the form has none, and none where it has some', async () => {
    expect((await pass(hmacStream(15, []), [sent(trailing)])).reason).toBe('payload_mismatch')
    expect((await pass(hmacStream(15, [CRC32]), [sent(plain)])).reason).toBe('payload_mismatch')
    const signedNothing = sent({ ...plain, trailers: [] })
    for (const trailers of [[], [CRC32]]) {
      expect((await pass(hmacStream(15, trailers), [signedNothing])).reason).toBe('payload_mismatch')
    }
  })

  it('refuses a chunk above the limit at its first line', async () => {
    const body: Body = { chunks: ['x'.repeat(100), 'y'.repeat(101)] }
    expect((await pass(hmacStream(201, [], 101), [sent(body)])).reason).toBeUndefined()
    const [small = Buffer.alloc(0), large = Buffer.alloc(0)] = signedFrames({
      ...body,
      signer: hmacSigner(AGENT),
      seed: SEED,
    })
    const line = large.subarray(0, large.indexOf('\n') + 1)
    const { bytes, reason } = await pass(hmacStream(201, [], 100), [small, line])
    expect(reason).toBe('body_too_large')
    expect(bytes.length).toBe(0)
  })

  // Check values over "123456789": the CRC catalogue's, and node:crypto's.
  it.each([
    [CRC32, 'y/Q5Jg=='],
    ['x-amz-checksum-crc32c', '4waSgw=='],
    ['x-amz-checksum-crc64nvme', Buffer.from('ae8b14860a799888', 'hex').toString('base64')],
    ['x-amz-checksum-sha1', createHash('sha1').update('123456789').digest('base64')],
    ['x-amz-checksum-sha256', createHash('sha256').update('123456789').digest('base64')],
  ])('checks %s, though it is signed', async (name, value) => {
    const right: Body = { chunks: ['1234', '56789'], trailers: [[name, value]] }
    expect(await passBody(right, [sent(right)])).toEqual({ bytes: wanted(right), reason: undefined })
    const wrong: Body = { chunks: ['1234', '56780'], trailers: [[name, value]] }
    const { bytes, reason } = await passBody(wrong, split(sent(wrong), [1]))
    expect(reason).toBe('payload_mismatch')
    expect(bytes.toString()).not.toContain('56780')
  })
})
