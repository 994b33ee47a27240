import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ecdsaChunkChain, hmacChunkChain } from '../../proxy/sigv4/chunk-chain.ts'
import { ChunkData } from '../../proxy/sigv4/chunk-data.ts'
import { signedChunks } from '../../proxy/sigv4/signed-chunks.ts'
import {
  AMZ_DATE,
  CRC32,
  crc32Of,
  ecdsaSigner,
  hmacSigner,
  keyOf,
  keyPair,
  pass,
  readSignedBody,
  SCOPE,
  signedBody,
  signedFrames,
  split,
  type BodyParts,
  type Passed,
} from './chunk-bodies.ts'

const AGENT = 'agent-secret'
const UPSTREAM = 'upstream-secret'
const SEED = 'a'.repeat(64)
const UPSTREAM_SEED = 'b'.repeat(64)
const MAX_CHUNK_BYTES = 1024 * 1024

function hmacStream(
  decodedLengthBytes: number,
  trailers: readonly string[],
  maxChunkBytes = MAX_CHUNK_BYTES,
) {
  return signedChunks({
    verify: hmacChunkChain(keyOf(AGENT), AMZ_DATE, SCOPE, SEED),
    sign: hmacChunkChain(keyOf(UPSTREAM), AMZ_DATE, SCOPE, UPSTREAM_SEED),
    decodedLengthBytes,
    trailers,
    maxChunkBytes,
  })
}

type Body = Omit<BodyParts, 'signer' | 'seed'>

/** As the agent signs it. */
function sent(body: Body): Buffer {
  return signedBody({ ...body, signer: hmacSigner(AGENT), seed: SEED })
}

/** As the upstream wants it. */
function wanted(body: Body): Buffer {
  return signedBody({ ...body, signer: hmacSigner(UPSTREAM), seed: UPSTREAM_SEED })
}

function withTrailer(chunks: readonly (string | Buffer)[]): Body {
  return { chunks, trailers: [[CRC32, crc32Of(Buffer.concat(chunks.map((each) => Buffer.from(each))))]] }
}

function lengthOf({ chunks }: Body): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0)
}

function trailersOf({ trailers = [] }: Body): string[] {
  return trailers.map(([name]) => name)
}

function passBody(body: Body, parts: readonly Buffer[]): Promise<Passed> {
  return pass(hmacStream(lengthOf(body), trailersOf(body)), parts)
}

describe('signedChunks: the memory of what is held', () => {
  const chunks = Array.from({ length: 6 }, (_, i) => Buffer.alloc(1000, i))
  const streamWithin = (limitBytes: number) => {
    const seen = { held: 0, most: 0 }
    const hold = {
      take(bytes: number): boolean {
        if (seen.held + bytes > limitBytes) return false
        seen.held += bytes
        seen.most = Math.max(seen.most, seen.held)
        return true
      },
      giveBack: (bytes: number) => void (seen.held -= bytes),
    }
    const stream = signedChunks({
      verify: hmacChunkChain(keyOf(AGENT), AMZ_DATE, SCOPE, SEED),
      sign: hmacChunkChain(keyOf(UPSTREAM), AMZ_DATE, SCOPE, UPSTREAM_SEED),
      decodedLengthBytes: 6000,
      trailers: [],
      maxChunkBytes: MAX_CHUNK_BYTES,
      hold,
    })
    return { seen, stream }
  }

  it('is of two chunks at most, and counted', async () => {
    const { seen, stream } = streamWithin(10_000)
    const passed = await pass(stream, split(sent({ chunks }), [100]))
    expect(passed).toEqual({ bytes: wanted({ chunks }), reason: undefined })
    expect(seen).toEqual({ held: 1000, most: 2000 })
  })

  it('is refused where there is no room', async () => {
    const { stream } = streamWithin(1999)
    expect(await pass(stream, split(sent({ chunks }), [100]))).toMatchObject({ reason: 'overloaded' })
  })
})

describe('signedChunks', () => {
  const plain: Body = { chunks: ['hello ', 'wide', 'world'] }
  const trailing = withTrailer(['hello ', 'wide', 'world'])

  it.each([plain, trailing])('signs anew under every split in two of the input', async (body) => {
    const whole = sent(body)
    const expected = wanted(body)
    for (let at = 0; at <= whole.length; at += 1) {
      const passed = await passBody(body, [whole.subarray(0, at), whole.subarray(at)])
      expect(passed).toEqual({ bytes: expected, reason: undefined })
    }
  })

  it('signs any body anew, however it is chunked and split', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 })
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(chunks, sizes, fc.boolean(), async (data, sizes, signsTrailer) => {
        const parts = data.map((each) => Buffer.from(each))
        const body = signsTrailer ? withTrailer(parts) : { chunks: parts }
        const passed = await passBody(body, split(sent(body), sizes))
        expect(passed).toEqual({ bytes: wanted(body), reason: undefined })
        expect(readSignedBody(passed.bytes, hmacSigner(UPSTREAM), UPSTREAM_SEED)).toEqual(
          Buffer.concat(parts),
        )
      }),
      { numRuns: 150 },
    )
  })

  it('signs large chunks anew that come in large and small pieces', async () => {
    const chunks = [65_536, 65_536, 30_000, 1].map((size, i) => Buffer.alloc(size, i + 1))
    const body = withTrailer(chunks)
    for (const sizes of [[5000, 1, 1, 4096, 4095], [16_384], [100_000], [7]]) {
      const passed = await passBody(body, split(sent(body), sizes))
      expect(passed.reason).toBeUndefined()
      expect(passed.bytes.equals(wanted(body))).toBe(true)
    }
  })

  it('changes nothing but signatures: the sizes stay as they were written', async () => {
    const [first = '', ...rest] = signedFrames({
      chunks: ['x'.repeat(0xabc)],
      signer: hmacSigner(AGENT),
      seed: SEED,
    }).map(String)
    const whole = Buffer.from([first.replace('abc;', '00ABC;'), ...rest].join(''))
    const passed = await pass(hmacStream(0xabc, []), [whole])
    expect(passed.reason).toBeUndefined()
    expect(passed.bytes.length).toBe(whole.length)
    expect(passed.bytes.toString().startsWith('00ABC;chunk-signature=')).toBe(true)
    expect(readSignedBody(passed.bytes, hmacSigner(UPSTREAM), UPSTREAM_SEED).length).toBe(0xabc)
  })

  it('takes an empty body', async () => {
    for (const body of [{ chunks: [] }, withTrailer([])]) {
      expect(await passBody(body, [sent(body)])).toEqual({ bytes: wanted(body), reason: undefined })
    }
  })

  it('takes trailers in any order, names in any case, and LF CRLF as the Go client of MinIO ends them', async () => {
    const data = 'hello'
    const sha = createHash('sha256').update(data).digest('base64')
    for (const trailers of [
      [
        ['x-amz-checksum-sha256', sha],
        [CRC32, crc32Of(data)],
      ],
      [[CRC32, crc32Of(data)]],
    ] as [string, string][][]) {
      const body: Body = { chunks: [data], trailers, lineEnd: '\n\r\n' }
      for (const size of [1, 1000]) {
        expect(await passBody(body, split(sent(body), [size]))).toEqual({
          bytes: wanted(body),
          reason: undefined,
        })
      }
    }
    const upper = Buffer.from(sent(trailing).toString().replace('x-amz-checksum', 'X-Amz-Checksum'))
    const passed = await passBody(trailing, [upper])
    expect(passed.bytes.toString()).toBe(
      wanted(trailing).toString().replace('x-amz-checksum', 'X-Amz-Checksum'),
    )
  })

  it('holds a chunk back until the next one is verified, the last one until the end', async () => {
    const frames = signedFrames({ ...trailing, signer: hmacSigner(AGENT), seed: SEED })
    const expected = signedFrames({ ...trailing, signer: hmacSigner(UPSTREAM), seed: UPSTREAM_SEED })
    // The CRLF after a chunk's data goes with what follows.
    const stream = hmacStream(lengthOf(trailing), [CRC32])
    const seen: Buffer[] = []
    stream.on('data', (bytes: Buffer) => seen.push(bytes))
    const lengths: number[] = []
    for (const frame of frames) {
      await new Promise<void>((resolve) => stream.write(frame, () => setImmediate(resolve)))
      lengths.push(Buffer.concat(seen).length)
    }
    const [one = 0, two = 0] = expected.map((frame) => frame.length)
    expect(lengths).toEqual([0, one - 2, one + two - 2, one + two - 2, one + two - 2])
    stream.end()
    await new Promise((resolve) => stream.once('end', resolve))
    expect(Buffer.concat(seen)).toEqual(Buffer.concat(expected))
  })

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

  it('passes the documented bodies on as they are when it signs with the same key', async () => {
    const key = keyOf('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
    const data = 'a'.repeat(1024)
    const bodies = [
      {
        seed: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
        chunks: [
          'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
          '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
          'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
        ],
        end: '',
        trailers: [],
        length: 66_824,
      },
      {
        seed: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
        chunks: [
          'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
          '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
          '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
        ],
        end:
          'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
          'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n',
        trailers: ['x-amz-checksum-crc32c'],
        length: 66_946,
      },
    ]
    for (const { seed, chunks, end, trailers, length } of bodies) {
      const whole = Buffer.from(
        `10000;chunk-signature=${chunks[0]}\r\n${data.repeat(64)}\r\n` +
          `400;chunk-signature=${chunks[1]}\r\n${data}\r\n0;chunk-signature=${chunks[2]}\r\n${end}\r\n`,
      )
      expect(whole.length).toBe(length)
      const stream = signedChunks({
        verify: hmacChunkChain(key, AMZ_DATE, SCOPE, seed),
        sign: hmacChunkChain(key, AMZ_DATE, SCOPE, seed),
        decodedLengthBytes: 66_560,
        trailers,
        maxChunkBytes: MAX_CHUNK_BYTES,
      })
      expect(await pass(stream, split(whole, [9999]))).toEqual({ bytes: whole, reason: undefined })
    }
  })

  it('verifies and signs the ECDSA form', async () => {
    const agent = keyPair()
    const upstream = keyPair()
    for (const form of [plain, trailing]) {
      const whole = signedBody({ ...form, signer: ecdsaSigner(agent), seed: 'ab' })
      const stream = () =>
        signedChunks({
          verify: ecdsaChunkChain(agent, AMZ_DATE, SCOPE, 'ab'),
          sign: ecdsaChunkChain(upstream, AMZ_DATE, SCOPE, 'cd'),
          decodedLengthBytes: lengthOf(form),
          trailers: trailersOf(form),
          maxChunkBytes: MAX_CHUNK_BYTES,
        })
      const { bytes, reason } = await pass(stream(), split(whole, [5]))
      expect(reason).toBeUndefined()
      expect(bytes.length).toBe(whole.length)
      expect(readSignedBody(bytes, ecdsaSigner(upstream), 'cd').toString()).toBe('hello wideworld')
      for (let at = 0; at < whole.length; at += 1) {
        const changed = Buffer.from(whole)
        changed[at] = (whole[at] ?? 0) ^ 0x01
        expect((await pass(stream(), [changed])).reason).toBe('payload_mismatch')
      }
    }
  })
})

describe('ChunkData', () => {
  it('keeps large pieces as they came, and packs small ones', () => {
    const data = new ChunkData(1_000_000)
    const large = Buffer.alloc(10_000, 1)
    for (let i = 0; i < 20_000; i += 1) data.add(Buffer.from([i % 256]))
    data.add(large)
    for (let i = 0; i < 20_000; i += 1) data.add(Buffer.from([i % 251]))
    const buffers = data.buffers()
    expect(buffers).toContain(large)
    expect(buffers.length).toBeLessThan(8)
    const whole = Buffer.concat(buffers)
    expect(whole.length).toBe(50_000)
    expect([whole[0], whole[19_999], whole[20_000], whole[30_000], whole[49_999]]).toEqual([
      0,
      19_999 % 256,
      1,
      0,
      19_999 % 251,
    ])
  })
})
