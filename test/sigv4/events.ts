/** Event streams signed by the SDK's own signer and codec: the oracle of the tests. */
import { EventStreamCodec } from '@smithy/core/event-streams'
import { SignatureV4 } from '@smithy/signature-v4'
import { UPSTREAM_KEY } from '../support/agents.ts'
import type { Recorded } from '../support/recording-upstream.ts'
import { Sha256 } from '../conformance/signers.ts'

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
)

export interface EventSigning {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly service: string
  readonly region?: string
  readonly seed: string
  /** When each event is signed; the same for all if it is one. */
  readonly at: (index: number) => Date
}

/** The frames of a stream of these payloads and the empty event that ends it. */
export function signedFrames(texts: readonly string[], signing: EventSigning): Promise<Buffer[]> {
  return signedMessages([...texts.map(inner), new Uint8Array()], signing)
}

async function signedMessages(payloads: readonly Uint8Array[], signing: EventSigning): Promise<Buffer[]> {
  const { service, region = 'us-east-1', at, seed, ...credentials } = signing
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 as never })
  const frames: Buffer[] = []
  let priorSignature = seed
  for (const [index, payload] of payloads.entries()) {
    const date = at(index)
    const headers = { ':date': { type: 'timestamp' as const, value: date } }
    const event = { headers: codec.formatHeaders(headers), payload }
    priorSignature = await signer.sign(event, {
      priorSignature,
      signingDate: date,
      signingRegion: region,
      signingService: service,
    })
    frames.push(
      frame(
        { ...headers, ':chunk-signature': { type: 'binary', value: Buffer.from(priorSignature, 'hex') } },
        payload,
      ),
    )
  }
  return frames
}

export function frame(
  headers: Parameters<EventStreamCodec['encode']>[0]['headers'],
  payload: Uint8Array,
): Buffer {
  return Buffer.from(codec.encode({ headers, body: payload }))
}

/** What a service wants to hear, as a message of its own: it is the payload of the signed one. */
function inner(text: string): Uint8Array {
  return codec.encode({
    headers: { ':event-type': { type: 'string', value: 'AudioEvent' } },
    body: Buffer.from(text),
  })
}

/** The dates and texts of a stream, every signature of it compared with the SDK's; throws if one differs. */
export async function readFrames(
  body: Buffer,
  signing: Omit<EventSigning, 'at'>,
): Promise<{ texts: string[]; dates: Date[] }> {
  const payloads: Uint8Array[] = []
  const dates: Date[] = []
  for (let at = 0; at < body.length;) {
    const length = body.readUInt32BE(at)
    const { headers, body: payload } = codec.decode(body.subarray(at, at + length))
    dates.push(headers[':date']?.value as Date)
    payloads.push(payload)
    at += length
  }
  const again = await signedMessages(payloads, { ...signing, at: (index) => dates[index] as Date })
  if (!Buffer.concat(again).equals(body)) throw new Error('not signed as the SDK would')
  const texts = payloads.map((each) =>
    each.length === 0 ? '' : Buffer.from(codec.decode(each).body).toString(),
  )
  return { texts, dates }
}

/** The texts of a stream as it arrived upstream; throws if an event is not signed as the SDK would with its key. */
export async function textsArrived(recorded: Recorded | undefined, service: string): Promise<string[]> {
  const { headers, body } = recorded ?? { headers: {}, body: Buffer.alloc(0) }
  const [, seed = ''] = /Signature=(.*)$/.exec(String(headers['authorization' as never])) ?? []
  return (await readFrames(body, { ...UPSTREAM_KEY, service, seed })).texts
}
