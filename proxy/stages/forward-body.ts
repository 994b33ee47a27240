/** The body of a streamed request, checked as it passes: a mismatch fails it before its end (rule S9). */
import { PassThrough, pipeline, type Readable, type Transform } from 'node:stream'
import type { Classified } from '../exchange.ts'
import { unsignedTrailerCheck } from '../sigv4/chunked.ts'
import { payloadHashCheck } from '../sigv4/payload-hash.ts'
import { trailersRefused } from './receive-body.ts'

/** The client's bytes, unchanged, through the check that its signature asks for. An error ends the upstream request. */
export function checkedStream(exchange: Classified): Readable {
  const source = exchange.body.stream()
  const check = checkOf(exchange)
  source.once('end', () => {
    const { rawTrailers } = source as Readable & { readonly rawTrailers?: readonly string[] }
    if ((rawTrailers?.length ?? 0) > 0) check.destroy(trailersRefused())
  })
  // The upstream side reports the error: undici sees it on the stream that it reads.
  pipeline(source, check, () => undefined)
  return check
}

function checkOf({ payload }: Classified): Transform {
  if (payload.kind === 'unsigned-trailer')
    return unsignedTrailerCheck(payload.decodedLengthBytes, payload.trailers)
  if (payload.kind === 'declared') return payloadHashCheck(payload.sha256)
  return new PassThrough()
}
