/** Sends the signed request to the upstream and its answer back to the client, streaming both ways. */
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { changesState } from '../../core/action-class.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import { markEffectMade, type ProofClaimed } from '../../exchange/facts.ts'
import type { Forwarded, Resigned } from '../../exchange/exchange.ts'
import type { UpstreamAnswer } from '../../exchange/upstream.ts'
import { UpstreamRelay, type AnsweredError } from './relay.ts'
import { checkedStream, type BodyChecks } from './body.ts'
import { failureDenial, wasStale, type UpstreamFailure } from './upstream-failure.ts'
import type { Uploads } from './uploads.ts'

type Connections = Pick<Dispatcher, 'dispatch'>

/** Configures `forward`. */
export interface ForwardOptions {
  /** Returns the connections of an agent; event streams need HTTP/2 where the service speaks it. */
  readonly upstream: (agentId: string, speaksHttp2: boolean) => Connections
  /** Returns connections that were never used, for one call. */
  readonly unused: () => Connections & { close(): Promise<void> }
  /** Returns the `x-moderato-*` fields of every answer as a flat name, value list. */
  readonly answerHeaders: (exchange: Resigned) => readonly string[]
  readonly body: BodyChecks
  /** The uploads whose bodies are still arriving. */
  readonly uploads: Pick<Uploads, 'add'>
  /** Lets the call be made again where the answer asks for that; `unsent` if there never was a connection. Does not fail. */
  readonly allowRetry: (exchange: Resigned, error: AnsweredError | 'unsent') => MaybePromise<void>
}

/**
 * Sends the call and relays its answer; the last stage. It resolves when the whole answer was relayed. A Denial before
 * the answer began is answered in the service's protocol; a later one closes the connection. Redirects are relayed,
 * never followed. A read without a body is sent once more where a kept connection was closed under it.
 */
export function forward(options: ForwardOptions) {
  return async function forward(exchange: Resigned & ProofClaimed): Promise<Forwarded> {
    if (exchange.client.gone.aborted)
      throw new Denial('client_gone', 'The client closed its connection before its call was forwarded.')
    const kept = options.upstream(exchange.agent.id, exchange.payload.kind === 'signed-events')
    let result = await sendOver(kept, exchange, options)
    if ('error' in result && wasStale(result) && mayBeRepeated(exchange)) {
      const unused = options.unused()
      result = await sendOver(unused, exchange, options).finally(() => void unused.close())
    }
    if ('error' in result) throw await refusalOf(result, exchange, options)
    return markEffectMade({ ...exchange, upstream: result })
  }
}

/** Tells whether it does no harm if the service gets the call twice, and nothing of it is used up. */
function mayBeRepeated({ call, method, outgoing, client }: Resigned): boolean {
  if (client.gone.aborted || changesState(call.classes)) return false
  return outgoing.kind === 'empty' && (method === 'GET' || method === 'HEAD')
}

/** Sends the call once. Resolves with its relayed answer, or with how it failed; rejects where we have a bug. */
function sendOver(
  connections: Connections,
  exchange: Resigned,
  { answerHeaders, body, uploads, allowRetry }: ForwardOptions,
): Promise<UpstreamAnswer | UpstreamFailure> {
  return new Promise((resolve, reject) => {
    const { signed, outgoing } = exchange
    const relay = new UpstreamRelay(exchange, answerHeaders(exchange), {
      answered: (error) => allowRetry(exchange, error),
      done: resolve,
      failed: resolve,
      broke: reject,
    })
    connections.dispatch(
      {
        origin: signed.origin,
        path: signed.target,
        method: exchange.method,
        headers: signed.headers as string[],
        body:
          outgoing.kind === 'buffered'
            ? outgoing.bytes
            : outgoing.kind === 'streamed'
              ? watched(exchange, checkedStream(exchange, body), uploads)
              : null,
      },
      relay,
    )
  })
}

async function refusalOf(
  failure: UpstreamFailure,
  exchange: Resigned,
  { allowRetry }: ForwardOptions,
): Promise<Denial> {
  const denial = failureDenial(failure, exchange.call)
  if (!failure.wasSent && denial.row.retryable) await allowRetry(exchange, 'unsent')
  return denial
}

/** Registers an upload, so that it can be cut off until its body has ended. */
function watched(exchange: Resigned, body: Readable, uploads: ForwardOptions['uploads']): Readable {
  const release = uploads.add(exchange, (denial) => body.destroy(denial))
  return body.once('end', release).once('close', release)
}
