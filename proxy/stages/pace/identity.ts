/** Tells the re-send of a call that an SDK timed out on from another call. */
import { createHash } from 'node:crypto'
import type { Decided } from '../../exchange/exchange.ts'

const MAX_INVOCATION_ID = 128

/**
 * What every sending of one call has in common and no other call has, by its agent; undefined where that cannot be told:
 * no single `amz-sdk-invocation-id`, or a body that nobody has read and no signature covers.
 *
 * The id is a hint (rule S11): botocore leaves it out of its signature, and signs each sending anew. It is worth a place
 * in the queue and nothing else, since a call is charged whenever it goes.
 */
export function callIdentity(exchange: Decided): string | undefined {
  const { agent, headers, method, path, query, authorization, call } = exchange
  const id = headers.one('amz-sdk-invocation-id')
  const body = bodyDigest(exchange)
  if (id === undefined || id === '' || id.length > MAX_INVOCATION_ID || body === undefined) return undefined
  const { presigned, scope } = authorization
  const facts = [agent.id, id, method, path, presigned?.query ?? query, scope.service, scope.region, body]
  const reading = [call.service, call.operation, call.resources]
  return createHash('sha256')
    .update(JSON.stringify([facts, reading]))
    .digest('base64url')
}

function bodyDigest({ payload, outgoing }: Decided): string | undefined {
  if (payload.kind === 'declared' || payload.kind === 'hashed') return payload.sha256
  if (outgoing.kind === 'streamed') return undefined
  return outgoing.kind === 'empty' ? '' : createHash('sha256').update(outgoing.bytes).digest('hex')
}
