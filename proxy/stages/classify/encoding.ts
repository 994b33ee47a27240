/** Refuses compressed bodies that Moderato must read, and inflates those of the calls that clients may compress. */
import { gunzipSync } from 'node:zlib'
import type { Operation } from '../../aws/catalogue/types.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { Verified } from '../../exchange/exchange.ts'

/** The signing name of CloudWatch; `PutMetricData` alone has the trait `requestCompression` (botocore 1.43, all models). */
const COMPRESSED_FOR = 'monitoring'

function encodingsOf({ headers }: Verified): readonly string[] {
  return headers
    .all('content-encoding')
    .flatMap((value) => value.split(','))
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== '' && each !== 'identity')
}

/** Throws a Denial for an encoding that hides the content of this operation's body. */
export function contentEncoding(exchange: Verified, operation: Operation): void {
  const encodings = encodingsOf(exchange)
  if (encodings.length === 0 || operation.body === 'opaque') return
  const compressible = operation.service.model === 'cloudwatch' && operation.name === 'PutMetricData'
  if (compressible && encodings.length === 1 && encodings[0] === 'gzip') return
  throw new Denial(
    'malformed_request',
    'The body of this operation must not be compressed: Moderato has to read it.',
  )
}

/** Returns the body as the service reads it: inflated where it may be compressed, up to `limitBytes`. */
export function inflated(exchange: Verified, bytes: Buffer, limitBytes: number): Buffer {
  if (exchange.authorization.scope.service !== COMPRESSED_FOR || bytes.length === 0) return bytes
  if (encodingsOf(exchange).join() !== 'gzip') return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: limitBytes })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new Denial(
        'body_too_large',
        `The body of this call may inflate to at most ${limitBytes} bytes here.`,
      )
    }
    throw new Denial('malformed_request', 'The body is not valid gzip.', { cause })
  }
}
