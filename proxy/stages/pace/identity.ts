/** Recognizes a call that an SDK sends again after a timeout. */
import { createHash } from 'node:crypto'
import type { Decided } from '../../exchange/exchange.ts'

const MAX_INVOCATION_ID = 128

/**
 * Returns a hash that all sendings of one call share and no other call of the agent has. Undefined where that cannot be
 * known: there is no single `amz-sdk-invocation-id`, or the body is neither read nor signed.
 *
 * The id is only a hint (rule S11): botocore does not sign it, and signs each sending again. It gives a place in the queue
 * and nothing else, since a call is charged whenever it goes.
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
