/** Verifies a body of signed events (`STREAMING-AWS4-HMAC-SHA256-EVENTS`), and signs it anew frame by frame. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Transform } from 'node:stream'
import { EventStreamCodec } from '@smithy/core/event-streams'
import { Denial } from '../core/denial/denial.ts'
import type { CredentialScope } from './types.ts'
import { mismatch } from './chunk-frames.ts'
import { bodyTransform, type BodyReader, type Pass } from './chunk-transform.ts'
import { ALGORITHM, scopeText } from './credential.ts'
import { hmacHex } from './signature.ts'
import { takeRoom, type BodyHold } from './body-hold.ts'
import { formatAmzDate } from './signing-date.ts'

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
)
const DATE = ':date'
const SIGNATURE = ':chunk-signature'

/**
 * The signatures of one body, each over its event's date and payload and the signature before, the first over that of
 * the request (Transcribe developer guide, "Event stream encoding": "AWS4-HMAC-SHA256-PAYLOAD"). A stream may outlive
 * its day: the key is that of the event's own date.
 */
export class EventChain {
  readonly #keyOn: (date: string) => Buffer
  readonly #place: Pick<CredentialScope, 'region' | 'service'>
  #previous: string

  constructor(
    keyOn: (date: string) => Buffer,
    place: Pick<CredentialScope, 'region' | 'service'>,
    seedSignature: string,
  ) {
    this.#keyOn = keyOn
    this.#place = place
    this.#previous = seedSignature
  }

  /** Hex signature of the next event; moves the chain on. */
  sign(date: Date, payload: Uint8Array): string {
    this.#previous = this.#next(date, payload)
    return this.#previous
  }

  /** Whether `claimed` is the signature of the next event, in constant time; if so, moves the chain on. */
  verify(claimed: Uint8Array, date: Date, payload: Uint8Array): boolean {
    const expected = this.#next(date, payload)
    const bytes = Buffer.from(expected, 'hex')
    if (claimed.length !== bytes.length || !timingSafeEqual(claimed, bytes)) return false
    this.#previous = expected
    return true
  }

  #next(date: Date, payload: Uint8Array): string {
    const amzDate = formatAmzDate(date.getTime())
    const day = amzDate.slice(0, 8)
    const dateHeader = codec.formatHeaders({ [DATE]: { type: 'timestamp', value: date } })
    const text = [
      `${ALGORITHM}-PAYLOAD`,
      amzDate,
      scopeText(ALGORITHM, { ...this.#place, date: day }),
      this.#previous,
      hash('sha256', dateHeader),
      hash('sha256', payload),
    ].join('\n')
    return hmacHex(this.#keyOn(day), text)
  }
}

export interface SignedEventsOptions {
  readonly verify: EventChain
  readonly sign: EventChain
  /** A larger frame fails the stream with `body_too_large`: it is held until its signature is known to be right. */
  readonly maxFrameBytes: number
  /** How far an event's date may be from our clock. */
  readonly maxSkewMs: number
  readonly nowMs: () => number
  readonly hold: BodyHold
}

/**
 * Passes each frame on, signed anew with our own date, as soon as it is verified: whoever listens at the other end
 * waits for it. The empty event ends the stream; without it the stream fails, and so it does with anything behind it.
 */
export function signedEvents(options: SignedEventsOptions): Transform {
  return bodyTransform(new SignedEvents(options))
}

/** Lengths of frame and headers, the checksum of both, and that of the frame: what every frame has. */
const FRAME_OVERHEAD_BYTES = 16

class SignedEvents implements BodyReader {
  readonly #options: SignedEventsOptions
  #pieces: Buffer[] = []
  #heldBytes = 0
  #lastMs = 0
  #ended = false

  constructor(options: SignedEventsOptions) {
    this.#options = options
  }

  read(bytes: Buffer, pass: Pass): void {
    if (bytes.length === 0) return
    if (this.#ended) throw mismatch('Bytes follow the event that ends the stream.')
    takeRoom(this.#options.hold, bytes.length)
    this.#pieces.push(bytes)
    this.#heldBytes += bytes.length
    for (let frame = this.#whole(); frame !== undefined; frame = this.#whole()) pass(this.#signedAnew(frame))
  }

  finish(): Promise<void> {
    if (this.#ended) return Promise.resolve()
    return Promise.reject(mismatch('The body ends before the empty event that ends a stream.'))
  }

  /** The next frame, once all of it is there. */
  #whole(): Buffer | undefined {
    if (this.#heldBytes < 4) return undefined
    if ((this.#pieces[0] as Buffer).length < 4) this.#pieces = [Buffer.concat(this.#pieces)]
    const lengthBytes = (this.#pieces[0] as Buffer).readUInt32BE(0)
    const { maxFrameBytes, hold } = this.#options
    if (lengthBytes > maxFrameBytes) {
      throw new Denial(
        'body_too_large',
        `An event may have at most ${maxFrameBytes} bytes here (limits.chunkBytes).`,
      )
    }
    if (lengthBytes < FRAME_OVERHEAD_BYTES) throw mismatch('The length of an event is none.')
    if (this.#heldBytes < lengthBytes) return undefined
    const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces)
    this.#pieces = [all.subarray(lengthBytes)]
    this.#heldBytes -= lengthBytes
    hold.giveBack(lengthBytes)
    return all.subarray(0, lengthBytes)
  }

  #signedAnew(frame: Buffer): Buffer {
    const { verify, sign, nowMs } = this.#options
    const { date, signature, payload } = read(frame)
    this.#checkDate(date)
    if (!verify.verify(signature, date, payload)) {
      throw mismatch('An event does not have the signature that it claims.')
    }
    this.#ended = payload.length === 0
    if (this.#ended && this.#heldBytes > 0) throw mismatch('Bytes follow the event that ends the stream.')
    const now = new Date(nowMs())
    const made = Buffer.from(sign.sign(now, payload), 'hex')
    const headers = {
      [DATE]: { type: 'timestamp' as const, value: now },
      [SIGNATURE]: { type: 'binary' as const, value: made },
    }
    return Buffer.from(codec.encode({ headers, body: payload }))
  }

  #checkDate(date: Date): void {
    const { maxSkewMs, nowMs } = this.#options
    if (Math.abs(nowMs() - date.getTime()) > maxSkewMs) {
      throw new Denial('clock_skew', `An event was signed more than ${maxSkewMs / 1000} s off.`)
    }
    if (date.getTime() < this.#lastMs) throw mismatch('An event is dated before the one that came before it.')
    this.#lastMs = date.getTime()
  }
}

/** A frame with exactly a date and a signature; the codec checks its lengths and checksums. */
function read(frame: Buffer): { date: Date; signature: Uint8Array; payload: Uint8Array } {
  const { headers, body } = decoded(frame)
  const date = headers[DATE]
  const signature = headers[SIGNATURE]
  const isSigned = date?.type === 'timestamp' && signature?.type === 'binary'
  if (!isSigned || Object.keys(headers).length !== 2) {
    throw mismatch('An event must have a :date and a :chunk-signature, and no other header.')
  }
  return { date: date.value, signature: signature.value, payload: body }
}

function decoded(frame: Buffer): ReturnType<EventStreamCodec['decode']> {
  try {
    return codec.decode(frame)
  } catch (cause) {
    throw new Denial('payload_mismatch', 'An event is not framed as its lengths and checksums say.', {
      cause,
    })
  }
}
