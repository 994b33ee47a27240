/**
 * How fast a body whose chunks are signed is verified and signed anew: the stream alone, no sockets, one core.
 *
 * The body comes in pieces of 64 KiB, as from a socket. SHA-256 alone, once over the same bytes, tells how fast the
 * machine is just now and what the limit is.
 */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { Transform } from 'node:stream'
import {
  ecdsaChunkChain,
  hmacChunkChain,
  type ChunkChain,
  type ChunkVerifier,
} from '../../proxy/sigv4/chunk-chain.ts'
import { checksum } from '../../proxy/sigv4/checksum.ts'
import { signedChunks } from '../../proxy/sigv4/signed-chunks.ts'

export interface ChunkResult {
  readonly name: string
  /** 10^6 bytes of data for a second of CPU, user and system: the best of several rounds. */
  readonly megabytesPerSecond: number
}

const KIB = 1024
const PIECE_BYTES = 64 * KIB
const AMZ_DATE = '20261123T100000Z'
const SCOPE = { date: '20261123', region: 'eu-central-1', service: 's3' }
const KEYS = generateKeyPairSync('ec', { namedCurve: 'P-256' })

type Chain = (side: 'agent' | 'upstream') => ChunkChain & ChunkVerifier

const hmac: Chain = (side) => hmacChunkChain(Buffer.alloc(32, side), AMZ_DATE, SCOPE, side)
const ecdsa: Chain = (side) => ecdsaChunkChain(KEYS, AMZ_DATE, SCOPE, side)

interface Case {
  readonly name: string
  readonly chain: Chain
  readonly chunkBytes: number
  readonly trailer?: string
}

const CASES: readonly Case[] = [
  { name: '64 KiB chunks', chain: hmac, chunkBytes: 64 * KIB },
  { name: '1 MiB chunks', chain: hmac, chunkBytes: KIB * KIB },
  {
    name: '64 KiB chunks, CRC32 trailer',
    chain: hmac,
    chunkBytes: 64 * KIB,
    trailer: 'x-amz-checksum-crc32',
  },
  {
    name: '64 KiB chunks, CRC64NVME trailer',
    chain: hmac,
    chunkBytes: 64 * KIB,
    trailer: 'x-amz-checksum-crc64nvme',
  },
  { name: '64 KiB chunks, ECDSA', chain: ecdsa, chunkBytes: 64 * KIB },
  { name: '1 MiB chunks, ECDSA', chain: ecdsa, chunkBytes: KIB * KIB },
]

/** The body as the agent sends it, in pieces. */
async function signedPieces(data: Buffer, { chain, chunkBytes, trailer }: Case): Promise<Buffer[]> {
  const signing = chain('agent')
  const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')
  const parts: Buffer[] = []
  for (let at = 0; at < data.length; at += chunkBytes) {
    const chunk = data.subarray(at, at + chunkBytes)
    const line = `${chunk.length.toString(16)};chunk-signature=${signing.sign(sha256(chunk))}\r\n`
    parts.push(Buffer.from(line), chunk, Buffer.from('\r\n'))
  }
  let end = `0;chunk-signature=${signing.sign(sha256(''))}\r\n`
  if (trailer !== undefined) {
    const running = checksum(trailer)
    running.update(data)
    const line = `${trailer}:${await running.digest()}`
    end += `${line}\r\nx-amz-trailer-signature:${signing.signTrailer(sha256(`${line}\n`))}\r\n`
  }
  const whole = Buffer.concat([...parts, Buffer.from(`${end}\r\n`)])
  const pieces: Buffer[] = []
  for (let at = 0; at < whole.length; at += PIECE_BYTES) pieces.push(whole.subarray(at, at + PIECE_BYTES))
  return pieces
}

async function pump(stream: Transform, pieces: readonly Buffer[]): Promise<void> {
  stream.resume()
  const ended = once(stream, 'end')
  for (const piece of pieces) if (!stream.write(piece)) await once(stream, 'drain')
  stream.end()
  await ended
}

async function best(name: string, bytes: number, rounds: number, run: () => unknown): Promise<ChunkResult> {
  let megabytesPerSecond = 0
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    megabytesPerSecond = Math.max(megabytesPerSecond, bytes / (user + system))
  }
  return { name, megabytesPerSecond }
}

/** Every case over `bodyBytes` of data, `rounds` times each. */
export async function measureChunks(bodyBytes = 32 * KIB * KIB, rounds = 8): Promise<ChunkResult[]> {
  const data = Buffer.alloc(bodyBytes, 'moderato')
  const results = [
    await best('SHA-256 by node:crypto', bodyBytes, rounds, () => createHash('sha256').update(data).digest()),
  ]
  for (const each of CASES) {
    const pieces = await signedPieces(data, each)
    const run = (): Promise<void> =>
      pump(
        signedChunks({
          verify: each.chain('agent'),
          sign: each.chain('upstream'),
          decodedLengthBytes: bodyBytes,
          trailers: each.trailer === undefined ? [] : [each.trailer],
          maxChunkBytes: 16 * KIB * KIB,
        }),
        pieces,
      )
    results.push(await best(each.name, bodyBytes, rounds, run))
  }
  return results
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await measureChunks())}\n`)
