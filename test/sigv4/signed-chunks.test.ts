import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ecdsaChunkChain, hmacChunkChain } from '../../proxy/sigv4/chunk-chain.ts'
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
} from './chunk-bodies.ts'
import {
  AGENT,
  UPSTREAM,
  SEED,
  UPSTREAM_SEED,
  MAX_CHUNK_BYTES,
  hmacStream,
  type Body,
  sent,
  wanted,
  withTrailer,
  lengthOf,
  trailersOf,
  passBody,
} from './agent-bodies.ts'

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
