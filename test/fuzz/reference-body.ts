/** aws-chunked bodies and checksums, read slowly from the S3 API Reference alone. */
import { createHash } from 'node:crypto'

/** Signs or checks one text of the chain; ECDSA can only check. */
export interface Chain {
  readonly algorithm: string
  readonly amzDate: string
  readonly scope: string
  readonly seed: string
  matches(text: string, signature: string): boolean
}

export interface ChunkedForm {
  readonly decodedLength: number
  readonly trailers: readonly string[]
  /** Undefined where chunks are not signed. */
  readonly chain: Chain | undefined
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')

/** Takes a framed body apart, line by line. */
class Lines {
  at = 0
  readonly body: Buffer

  constructor(body: Buffer) {
    this.body = body
  }

  /** The text up to the next CRLF; undefined if there is none. */
  next(): string | undefined {
    const end = this.body.indexOf('\r\n', this.at)
    if (end < 0) return undefined
    const text = this.body.toString('latin1', this.at, end)
    this.at = end + 2
    return text
  }
}

/** Checks the signatures of a body, each over the one before. */
class Signatures {
  readonly #chain: Chain | undefined
  #previous: string

  constructor(chain: Chain | undefined) {
    this.#chain = chain
    this.#previous = chain?.seed ?? ''
  }

  stand(kind: string, signature: string, ...hashes: string[]): boolean {
    if (this.#chain === undefined) return signature === ''
    const { algorithm, amzDate, scope } = this.#chain
    const text = [`${algorithm}-${kind}`, amzDate, scope, this.#previous, ...hashes].join('\n')
    this.#previous = signature.replace(/\*+$/, '')
    return this.#chain.matches(text, this.#previous)
  }
}

const CHUNK = /^([0-9a-fA-F]{1,11})(?:;chunk-signature=([0-9a-f*]+))?$/
const TRAILER = /^([a-zA-Z0-9-]+):([^\r]*?)\n?$/

/** The data in such a body, every signature and checksum of it right; undefined if anything is amiss. */
export function readAwsChunked(
  body: Buffer,
  { decodedLength, trailers, chain }: ChunkedForm,
): Buffer | undefined {
  const lines = new Lines(body)
  const signatures = new Signatures(chain)
  const data = readChunks(lines, signatures)
  const given = readTrailers(lines)
  if (data === undefined || given === undefined) return undefined
  if (lines.at !== body.length || data.length !== decodedLength) return undefined
  const signature = given.get('x-amz-trailer-signature') ?? ''
  given.delete('x-amz-trailer-signature')
  if (trailers.length !== given.size || (trailers.length === 0 && signature !== '')) return undefined
  const texts = [...given].map(([name, value]) => `${name}:${value.trim()}\n`)
  const canonical = sha256(texts.toSorted((a, b) => (a < b ? -1 : 1)).join(''))
  if (trailers.length > 0 && !signatures.stand('TRAILER', signature, canonical)) return undefined
  return trailers.every((name) => given.get(name)?.trim() === checksumOf(name, data)) ? data : undefined
}

function readChunks(lines: Lines, signatures: Signatures): Buffer | undefined {
  const data: Buffer[] = []
  for (;;) {
    const [, size = '', signature = ''] = CHUNK.exec(lines.next() ?? '') ?? []
    const chunk = lines.body.subarray(lines.at, lines.at + parseInt(size, 16))
    if (size === '' || chunk.length !== parseInt(size, 16)) return undefined
    if (!signatures.stand('PAYLOAD', signature, sha256(''), sha256(chunk))) return undefined
    if (chunk.length === 0) return Buffer.concat(data)
    lines.at += chunk.length
    data.push(chunk)
    if (lines.next() !== '') return undefined
  }
}

function readTrailers(lines: Lines): Map<string, string> | undefined {
  const given = new Map<string, string>()
  for (let text = lines.next(); text !== ''; text = lines.next()) {
    const [, name = '', value = ''] = TRAILER.exec(text ?? '') ?? []
    if (name === '' || given.has(name.toLowerCase())) return undefined
    given.set(name.toLowerCase(), value)
  }
  return given
}

/** Base64 of the checksum that a trailer of this name has; undefined if there is no such checksum. */
export function checksumOf(trailer: string, data: Buffer): string | undefined {
  const [, kind] = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/.exec(trailer) ?? []
  if (kind === 'sha1' || kind === 'sha256') return createHash(kind).update(data).digest('base64')
  if (kind === 'crc32') return reflectedCrc(data, 32n, 0xedb88320n)
  if (kind === 'crc32c') return reflectedCrc(data, 32n, 0x82f63b78n)
  if (kind === 'crc64nvme') return reflectedCrc(data, 64n, 0x9a6c9329ac4bc9b5n)
  return undefined
}

/** Bit by bit. */
function reflectedCrc(data: Buffer, width: bigint, polynomial: bigint): string {
  const ones = (1n << width) - 1n
  let crc = ones
  for (const byte of data) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ polynomial : crc >> 1n
  }
  return Buffer.from((crc ^ ones).toString(16).padStart(Number(width / 4n), '0'), 'hex').toString('base64')
}
