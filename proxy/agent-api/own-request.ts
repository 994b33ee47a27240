/** Checks every signed request to Moderato itself before its body is read, and reads the body. */
import { Denial } from '../core/denial/denial.ts'
import type { Received, Verified } from '../exchange/exchange.ts'
import { ALGORITHM } from '../sigv4/credential.ts'
import { checkDeclaredHash } from '../sigv4/payload-hash.ts'

/** The service in the scope of requests to Moderato itself. */
const OWN_SERVICE = 'moderato'

/** Throws `unsupported_signature` or `malformed_request` unless a request is JSON that is signed for Moderato itself. */
export function checkOwnRequest({ authorization, headers, payload }: Verified): void {
  const { algorithm, presigned, scope } = authorization
  if (scope.service !== OWN_SERVICE) {
    throw new Denial(
      'unsupported_signature',
      `Sign requests to Moderato itself for the service ${OWN_SERVICE}.`,
    )
  }
  if (algorithm !== ALGORITHM || presigned !== undefined) {
    throw new Denial('unsupported_signature', `Sign with ${ALGORITHM} in the Authorization header here.`)
  }
  if (payload.kind !== 'declared' && payload.kind !== 'hashed') {
    throw new Denial('unsupported_signature', 'The hash of the body must be signed here.')
  }
  const type = headers.one('content-type') ?? 'application/json'
  if (!/^application\/json *(?:; *charset="?utf-8"? *)?$/i.test(type) || headers.has('content-encoding')) {
    throw new Denial('malformed_request', 'The body must be application/json in UTF-8, not compressed.')
  }
}

/** Returns the body of a request, as it was signed. Denials `body_too_large`, `payload_mismatch`. */
export async function ownBody(exchange: Verified, maxBytes: number): Promise<Buffer> {
  const bytes = await smallBody(exchange, maxBytes, exchange.agent.id)
  checkDeclaredHash(exchange.payload, bytes)
  return bytes
}

/** Reads a body whole; its memory counts against the budget of `owner`. Denial `body_too_large`. */
export async function smallBody({ body }: Received, maxBytes: number, owner?: string): Promise<Buffer> {
  const tooLarge = (): Denial =>
    new Denial('body_too_large', `The body may have at most ${maxBytes} bytes here.`)
  if ((body.lengthBytes ?? 0) > maxBytes) throw tooLarge()
  const bytes = await body.bytes(owner)
  if (bytes.length > maxBytes) throw tooLarge()
  return bytes
}
