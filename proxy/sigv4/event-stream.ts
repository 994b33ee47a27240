/** Verifies a body of signed events (`STREAMING-AWS4-HMAC-SHA256-EVENTS`), and re-signs it frame by frame. */
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
 * Makes or checks the signatures of one body. Each covers its event's date and payload and the previous signature; the
 * first covers that of the request (Transcribe developer guide, "Event stream encoding": "AWS4-HMAC-SHA256-PAYLOAD").
 * A stream may last beyond its day, so the key is that of the event's own date.
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

  /** Returns the signature (hex) of the next event; advances the chain. */
  sign(date: Date, payload: Uint8Array): string {
    this.#previous = this.#next(date, payload)
    return this.#previous
  }

  /** Tells in constant time whether `claimed` is the signature of the next event; if so, advances the chain. */
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
  /** A larger frame fails the stream with `body_too_large`: a frame is held until its signature is verified. */
  readonly maxFrameBytes: number
  /** How far an event's date may be from our clock. */
  readonly maxSkewMs: number
  readonly nowMs: () => number
  readonly hold: BodyHold
}

/**
 * Passes each frame on as soon as it is verified, re-signed with our own date: the other end waits for it. The empty
 * event ends the stream. The stream fails if that event is missing or if anything follows it.
 */
export function signedEvents(options: SignedEventsOptions): Transform {
  return bodyTransform(new SignedEvents(options))
}

/** Every frame has the lengths of frame and headers, the checksum of both, and that of the frame. */
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

  /** Returns the next frame once it is complete. */
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
    if (lengthBytes < FRAME_OVERHEAD_BYTES) throw mismatch('The length of an event is too small.')
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
      throw mismatch('The signature of an event does not match.')
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
      throw new Denial(
        'clock_skew',
        `The time of an event differs from the time of arrival by more than ${maxSkewMs / 1000} s.`,
      )
    }
    if (date.getTime() < this.#lastMs)
      throw mismatch('An event has an earlier date than the event before it.')
    this.#lastMs = date.getTime()
  }
}

/** Parses a frame, which must have exactly a date and a signature; the codec checks its lengths and checksums. */
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
    throw new Denial('payload_mismatch', 'The lengths or checksums of an event do not match its bytes.', {
      cause,
    })
  }
}
