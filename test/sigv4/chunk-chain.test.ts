import { createHash, createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ecdsaChunkChain, hmacChunkChain } from '../../proxy/sigv4/chunk-chain.ts'
import { AMZ_DATE, keyOf, keyPair, SCOPE } from './chunk-bodies.ts'

const KEY = keyOf('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')

function sha256(data: string): string {
  return createHash('sha256').update(data).digest('hex')
}

const CHUNKS = [sha256('a'.repeat(65_536)), sha256('a'.repeat(1024)), sha256('')] as const

// S3 API Reference, "Signature calculations: transferring payload in multiple chunks", and "... trailing headers".
const DOCUMENTED = {
  seed: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  chunks: [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ],
}
const DOCUMENTED_TRAILER = {
  seed: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
  chunks: [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
  ],
  canonical: 'x-amz-checksum-crc32c:sOO8/Q==\n',
  trailer: 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
}

describe('hmacChunkChain', () => {
  it.each([DOCUMENTED, DOCUMENTED_TRAILER])(
    'makes and takes the documented signatures',
    ({ seed, chunks }) => {
      const signing = hmacChunkChain(KEY, AMZ_DATE, SCOPE, seed)
      expect(CHUNKS.map((each) => signing.sign(each))).toEqual(chunks)
      const verifying = hmacChunkChain(KEY, AMZ_DATE, SCOPE, seed)
      expect(CHUNKS.every((each, i) => verifying.verify(chunks[i] ?? '', each))).toBe(true)
    },
  )

  it('makes and takes the documented signature of trailers', () => {
    const { seed, chunks, canonical, trailer } = DOCUMENTED_TRAILER
    const signing = hmacChunkChain(KEY, AMZ_DATE, SCOPE, seed)
    for (const each of CHUNKS) signing.sign(each)
    expect(signing.signTrailer(sha256(canonical))).toBe(trailer)
    const last = hmacChunkChain(KEY, AMZ_DATE, SCOPE, chunks[2] ?? '')
    expect(last.verifyTrailer(trailer, sha256(`${canonical} `))).toBe(false)
    expect(last.verify(trailer, sha256(canonical))).toBe(false)
    expect(last.verifyTrailer(trailer, sha256(canonical))).toBe(true)
  })

  it('refuses any other text, and does not move on', () => {
    const { seed, chunks } = DOCUMENTED
    const [right = '', later = ''] = chunks
    const chain = hmacChunkChain(KEY, AMZ_DATE, SCOPE, seed)
    const wrong = [
      '',
      right.slice(1),
      `${right}0`,
      right.toUpperCase(),
      `${right.slice(1)}é`,
      later,
      seed,
      '*'.repeat(64),
    ]
    for (const each of wrong) expect(chain.verify(each, CHUNKS[0])).toBe(false)
    expect(chain.verify(right, CHUNKS[1])).toBe(false)
    expect(chain.verify(right, CHUNKS[0])).toBe(true)
    expect(chain.verify(right, CHUNKS[0])).toBe(false)
    expect(chain.verify(later, CHUNKS[1])).toBe(true)
  })
})

describe('ecdsaChunkChain', () => {
  const keys = keyPair()
  const EMPTY = sha256('')

  // The strings to sign stand in the tests of aws-c-auth (test_chunked_signing.c).
  it('signs what the AWS clients sign, padded to 144 characters', () => {
    for (let round = 0; round < 20; round += 1) {
      const chain = ecdsaChunkChain(keys, AMZ_DATE, SCOPE, 'seed')
      const wire = [chain.sign(CHUNKS[0]), chain.sign(CHUNKS[1]), chain.signTrailer(CHUNKS[2])]
      expect(wire.map((each) => each.length)).toEqual([144, 144, 144])
      const [first = '', second = '', trailer = ''] = wire.map((each) => each.replace(/\*+$/, ''))
      const texts = [
        `AWS4-ECDSA-P256-SHA256-PAYLOAD\n${AMZ_DATE}\n20130524/s3/aws4_request\nseed\n${EMPTY}\n${CHUNKS[0]}`,
        `AWS4-ECDSA-P256-SHA256-PAYLOAD\n${AMZ_DATE}\n20130524/s3/aws4_request\n${first}\n${EMPTY}\n${CHUNKS[1]}`,
        `AWS4-ECDSA-P256-SHA256-TRAILER\n${AMZ_DATE}\n20130524/s3/aws4_request\n${second}\n${CHUNKS[2]}`,
      ]
      for (const [i, signature] of [first, second, trailer].entries()) {
        const bytes = Buffer.from(signature, 'hex')
        expect(verify('sha256', Buffer.from(texts[i] ?? ''), keys.publicKey, bytes)).toBe(true)
      }
    }
  })

  it('takes its own signatures, in their order only', () => {
    const signing = ecdsaChunkChain(keys, AMZ_DATE, SCOPE, 'seed')
    const [first, second, trailer] = [
      signing.sign(CHUNKS[0]),
      signing.sign(CHUNKS[1]),
      signing.signTrailer(CHUNKS[2]),
    ]
    const chain = ecdsaChunkChain(
      { privateKey: keyPair().privateKey, publicKey: createPublicKey(keys.privateKey) },
      AMZ_DATE,
      SCOPE,
      'seed',
    )
    expect(chain.verify(second, CHUNKS[1])).toBe(false)
    expect(chain.verify(first, CHUNKS[0])).toBe(true)
    expect(chain.verifyTrailer(trailer, CHUNKS[2])).toBe(false)
    expect(chain.verify(second, CHUNKS[1])).toBe(true)
    expect(chain.verifyTrailer(trailer, CHUNKS[2])).toBe(true)
  })

  it('refuses what is not DER in lower-case hex, padded to 144 characters', () => {
    const right = ecdsaChunkChain(keys, AMZ_DATE, SCOPE, 'seed').sign(EMPTY)
    const hex = right.replace(/\*+$/, '')
    const chain = ecdsaChunkChain(keys, AMZ_DATE, SCOPE, 'seed')
    const wrong = [
      '',
      `${right}*`,
      hex.slice(0, -2),
      hex.slice(0, -2).padEnd(144, '*'),
      hex.toUpperCase().padEnd(144, '*'),
      `*${right.slice(0, -1)}`,
      `${hex.slice(0, 64)}**${hex.slice(66)}`.padEnd(144, '*'),
      '*'.repeat(144),
      `${hex}00`.padEnd(144, '*').slice(0, 146),
    ]
    for (const each of wrong) expect(chain.verify(each, EMPTY)).toBe(false)
    expect(chain.verify(right, EMPTY)).toBe(true)
  })
})
