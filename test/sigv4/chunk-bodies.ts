/** Bodies in aws-chunked framing, written and read here in the slow and obvious way: the oracle of the tests. */
import { createHash, createHmac, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { Readable, type Transform } from 'node:stream'
import { crc32 } from 'node:zlib'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { deriveKey } from '../../proxy/sigv4/signing-key.ts'

export const CRC32 = 'x-amz-checksum-crc32'
export const AMZ_DATE = '20130524T000000Z'
/** The one of the examples in the S3 API Reference. */
export const SCOPE = { date: '20130524', region: 'us-east-1', service: 's3' }

/** Whoever signs a chain by hand: algorithm, scope as text, and the two primitives. */
export interface Signer {
  readonly algorithm: string
  readonly amzDate: string
  readonly scope: string
  sign(text: string): string
  verify(text: string, signature: string): boolean
  /** As it stands on the wire. */
  pad(signature: string): string
  unpad(text: string): string
}

export function keyOf(secret: string, scope = SCOPE): Buffer {
  return deriveKey(secret, scope)
}

export function hmacSigner(secret: string, amzDate = AMZ_DATE): Signer {
  const scope = { ...SCOPE, date: amzDate.slice(0, 8) }
  const key = keyOf(secret, scope)
  const made = (text: string): string => createHmac('sha256', key).update(text).digest('hex')
  return {
    algorithm: 'AWS4-HMAC-SHA256',
    amzDate,
    scope: `${scope.date}/us-east-1/s3/aws4_request`,
    sign: made,
    verify: (text, signature) => made(text) === signature,
    pad: (signature) => signature,
    unpad: (text) => text,
  }
}

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export function keyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

export function ecdsaSigner({ privateKey, publicKey }: KeyPair): Signer {
  return {
    algorithm: 'AWS4-ECDSA-P256-SHA256',
    amzDate: AMZ_DATE,
    scope: '20130524/s3/aws4_request',
    sign: (text) => sign('sha256', Buffer.from(text), privateKey).toString('hex'),
    verify: (text, signature) =>
      verify('sha256', Buffer.from(text), publicKey, Buffer.from(signature, 'hex')),
    pad: (signature) => signature + '*'.repeat(144 - signature.length),
    unpad: (text) => text.slice(0, text.includes('*') ? text.indexOf('*') : undefined),
  }
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function chunkText({ algorithm, amzDate, scope }: Signer, previous: string, data: Buffer): string {
  return [`${algorithm}-PAYLOAD`, amzDate, scope, previous, sha256(''), sha256(data)].join('\n')
}

function trailerText({ algorithm, amzDate, scope }: Signer, previous: string, canonical: string): string {
  return [`${algorithm}-TRAILER`, amzDate, scope, previous, sha256(canonical)].join('\n')
}

export function crc32Of(data: string | Buffer): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(data))
  return bytes.toString('base64')
}

export interface BodyParts {
  readonly signer: Signer
  readonly seed: string
  readonly chunks: readonly (string | Buffer)[]
  /** name, value; undefined for the form without trailers. */
  readonly trailers?: readonly (readonly [string, string])[] | undefined
  /** What ends a trailer. */
  readonly lineEnd?: string
}

/** The frames of a signed body: one for each chunk with data, the chunk of size 0, the trailers to the end. */
export function signedFrames({ signer, seed, chunks, trailers, lineEnd = '\r\n' }: BodyParts): Buffer[] {
  let previous = seed
  const frames = [...chunks, ''].map((chunk) => {
    const data = Buffer.from(chunk)
    previous = signer.sign(chunkText(signer, previous, data))
    const line = `${data.length.toString(16)};chunk-signature=${signer.pad(previous)}\r\n`
    return Buffer.concat([Buffer.from(line), data, Buffer.from(data.length > 0 ? '\r\n' : '')])
  })
  if (trailers === undefined) return [...frames, Buffer.from('\r\n')]
  const canonical = trailers.map(([name, value]) => `${name}:${value}\n`).sort()
  previous = signer.sign(trailerText(signer, previous, canonical.join('')))
  const lines = trailers.map(([name, value]) => `${name}:${value}${lineEnd}`).join('')
  return [...frames, Buffer.from(`${lines}x-amz-trailer-signature:${signer.pad(previous)}\r\n\r\n`)]
}

/** The same bytes piece by piece, for bodies that no test should hold. Without trailers. */
export function* signedPieces(signer: Signer, seed: string, chunks: Iterable<Buffer>): Generator<Buffer> {
  let previous = seed
  const line = (data: Buffer): Buffer => {
    previous = signer.sign(chunkText(signer, previous, data))
    return Buffer.from(`${data.length.toString(16)};chunk-signature=${previous}\r\n`)
  }
  for (const data of chunks) {
    yield line(data)
    yield data
    yield Buffer.from('\r\n')
  }
  yield line(Buffer.alloc(0))
  yield Buffer.from('\r\n')
}

export function signedBody(parts: BodyParts): Buffer {
  return Buffer.concat(signedFrames(parts))
}

/** The data of a signed body, every signature of it checked; throws if anything is amiss. */
export function readSignedBody(body: Buffer, signer: Signer, seed: string): Buffer {
  const data: Buffer[] = []
  let previous = seed
  let at = 0
  const line = (): string => {
    const end = body.indexOf('\r\n', at)
    if (end < 0) throw new Error('no line end')
    const text = body.toString('latin1', at, end)
    at = end + 2
    return text
  }
  const check = (text: string, signature: string): void => {
    if (!signer.verify(text, signer.unpad(signature))) throw new Error('bad signature')
    previous = signer.unpad(signature)
  }
  for (;;) {
    const [size = '', signature = ''] = line().split(';chunk-signature=')
    const chunk = body.subarray(at, at + parseInt(size, 16))
    check(chunkText(signer, previous, chunk), signature)
    at += chunk.length
    data.push(chunk)
    if (chunk.length === 0) break
    if (line() !== '') throw new Error('no CRLF after a chunk')
  }
  let canonical: string[] = []
  for (let text = line(); text !== ''; text = line()) {
    const [name = '', value = ''] = text.split(':')
    if (name === 'x-amz-trailer-signature') {
      check(trailerText(signer, previous, canonical.sort().join('')), value)
    } else canonical = [...canonical, `${name}:${value.trim()}\n`]
  }
  if (at !== body.length) throw new Error('bytes after the end')
  return Buffer.concat(data)
}

export interface Passed {
  readonly bytes: Buffer
  /** Undefined if the stream came to its end. */
  readonly reason: string | undefined
}

/** What comes out of a stream, and for which reason it failed. */
export async function pass(stream: Transform, parts: readonly Buffer[]): Promise<Passed> {
  const out: Buffer[] = []
  stream.on('data', (chunk: Buffer) => out.push(chunk))
  const reason = await new Promise<string | undefined>((resolve, reject) => {
    stream.once('end', () => resolve(undefined))
    stream.once('error', (error) => (error instanceof Denial ? resolve(error.reason) : reject(error)))
    Readable.from(parts).pipe(stream)
  })
  return { bytes: Buffer.concat(out), reason }
}

/** The bytes in pieces of the given sizes, over and over. */
export function split(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0, i = 0; at < whole.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1
    parts.push(whole.subarray(at, at + size))
    at += size
  }
  return parts
}
