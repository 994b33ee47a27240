import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unsignedTrailerCheck } from '../../proxy/sigv4/chunked.ts'
import { CRC32, crc32Of, pass as passThrough, split, type Passed } from './chunk-bodies.ts'

function encode(
  chunks: readonly (string | Buffer)[],
  trailer = `${CRC32}:${crc32Of(Buffer.concat(chunks.map((c) => Buffer.from(c))))}\r\n`,
) {
  const frames = chunks.flatMap((chunk) => [`${chunk.length.toString(16)}\r\n`, chunk, '\r\n'])
  return Buffer.concat([...frames, `0\r\n${trailer}\r\n`].map((part) => Buffer.from(part)))
}

/** What comes out of the check, and for which reason it failed. */
function pass(
  parts: readonly Buffer[],
  decodedLength: number,
  trailers: readonly string[] = [CRC32],
): Promise<Passed> {
  return passThrough(unsignedTrailerCheck(decodedLength, trailers), parts)
}

describe('unsignedTrailerCheck', () => {
  it('passes the same bytes on under every split in two of the input', async () => {
    const whole = encode(['hello ', 'world', Buffer.from('\r\n0\r\n')])
    for (let at = 0; at <= whole.length; at += 1) {
      const passed = await pass([whole.subarray(0, at), whole.subarray(at)], 16)
      expect(passed.reason).toBeUndefined()
      expect(passed.bytes.equals(whole)).toBe(true)
    }
  })

  it('passes any body on, however it is chunked and split', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(
        chunks,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        async (data, sizes) => {
          const whole = encode(data.map((chunk) => Buffer.from(chunk)))
          const passed = await pass(
            split(whole, sizes),
            data.reduce((sum, chunk) => sum + chunk.length, 0),
          )
          expect(passed).toEqual({ bytes: whole, reason: undefined })
        },
      ),
      { numRuns: 100 },
    )
  })

  it('refuses a body with any one byte changed, and never completes it', async () => {
    const whole = encode(['hello ', 'world'])
    for (let at = 0; at < whole.length; at += 1) {
      for (const other of [0x30, 0x41, 0x0a, 0x3b]) {
        const changed = Buffer.from(whole)
        if (changed[at] === other) continue
        changed[at] = other
        // Names of fields have no case.
        if (changed.toString().replace(/X-AMZ-CHECKSUM-CRC32/i, CRC32) === whole.toString()) continue
        const passed = await pass(split(changed, [7]), 11)
        expect(passed.reason).toBe('payload_mismatch')
        expect(passed.bytes.includes('\r\n0\r\n')).toBe(false)
      }
    }
  })

  it('holds the last chunk line and the trailer back', async () => {
    const whole = encode(['hello'], `${CRC32}:AAAAAA==\r\n`)
    expect(await pass([whole], 5)).toEqual({
      bytes: Buffer.from('5\r\nhello\r\n'),
      reason: 'payload_mismatch',
    })
  })

  it.each([
    ['a decoded length that is too small', encode(['hello']), 4],
    ['a decoded length that is too large', encode(['hello']), 6],
    ['no last chunk', Buffer.from('5\r\nhello\r\n'), 5],
    ['no end of the trailer', encode(['hello']).subarray(0, -2), 5],
    ['no trailer', encode(['hello'], ''), 5],
    ['a trailer twice', encode(['hello'], `${CRC32}:${crc32Of('hello')}\r\n`.repeat(2)), 5],
    [
      'a trailer that was not announced',
      encode(['hello'], `${CRC32}:${crc32Of('hello')}\r\nx-amz-acl:public\r\n`),
      5,
    ],
    ['a line without a colon', encode(['hello'], `${CRC32}\r\n`), 5],
    ['bytes after the end', Buffer.concat([encode(['hello']), Buffer.from('0')]), 5],
    ['a second body after the end', Buffer.concat([encode(['hello']), encode(['hello'])]), 5],
    [
      'a trailer signature',
      encode(['hello'], `${CRC32}:${crc32Of('hello')}\r\nx-amz-trailer-signature:0\r\n`),
      5,
    ],
    ['a blank before a value', encode(['hello'], `${CRC32}: ${crc32Of('hello')}\r\n`), 5],
    ['a blank after a value', encode(['hello'], `${CRC32}:${crc32Of('hello')} \r\n`), 5],
    ['a bare line feed after a trailer', encode(['hello'], `${CRC32}:${crc32Of('hello')}\n`), 5],
    ['a bare line feed', Buffer.from(encode(['hello']).toString().replaceAll('\r\n', '\n')), 5],
    ['a chunk extension', Buffer.from('5;chunk-signature=0\r\nhello\r\n0\r\n\r\n'), 5],
    ['a signed size', Buffer.from('+5\r\nhello\r\n0\r\n\r\n'), 5],
    ['a prefixed size', Buffer.from('0x5\r\nhello\r\n0\r\n\r\n'), 5],
    ['a blank before a size', Buffer.from(' 5\r\nhello\r\n0\r\n\r\n'), 5],
    ['an empty size', Buffer.from('\r\nhello\r\n0\r\n\r\n'), 5],
    ['an endless size', Buffer.from('0'.repeat(100_000)), 5],
    ['an endless trailer', encode(['hello'], `${CRC32}:${'A'.repeat(100_000)}`), 5],
    ['a size beyond 2^53', Buffer.from('fffffffffffffff\r\n'), 5],
    ['nothing at all', Buffer.alloc(0), 0],
  ])('refuses %s', async (_what, bytes, decodedLength) => {
    expect((await pass([bytes], decodedLength)).reason).toBe('payload_mismatch')
    expect((await pass(split(bytes, [1000, 1, 3]), decodedLength)).reason).toBe('payload_mismatch')
  })

  it('takes an empty body', async () => {
    const whole = encode([])
    expect(await pass([whole], 0)).toEqual({ bytes: whole, reason: undefined })
  })

  it('takes a trailer that ends in LF CRLF, as the Go client of MinIO sends it', async () => {
    const whole = encode(['hello'], `${CRC32}:${crc32Of('hello')}\n\r\n`)
    for (const size of [1, 1000]) {
      expect(await pass(split(whole, [size]), 5)).toEqual({ bytes: whole, reason: undefined })
    }
  })

  // Check values over "123456789": the CRC catalogue's, and node:crypto's.
  it.each([
    [CRC32, 'y/Q5Jg=='],
    ['x-amz-checksum-crc32c', '4waSgw=='],
    ['x-amz-checksum-crc64nvme', Buffer.from('ae8b14860a799888', 'hex').toString('base64')],
    ['x-amz-checksum-sha1', createHash('sha1').update('123456789').digest('base64')],
    ['x-amz-checksum-sha256', createHash('sha256').update('123456789').digest('base64')],
  ])('checks %s', async (name, value) => {
    const trailers = [name]
    expect(
      (await pass([encode(['1234', '56789'], `${name}:${value}\r\n`)], 9, trailers)).reason,
    ).toBeUndefined()
    expect((await pass([encode(['1234', '56780'], `${name}:${value}\r\n`)], 9, trailers)).reason).toBe(
      'payload_mismatch',
    )
  })
})
