/** Sends the signed request to the upstream and its answer back to the client, streaming both ways. */
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { Denial } from '../../core/denial/denial.ts'
import { markEffectMade, type ProofClaimed } from '../../exchange/facts.ts'
import type { Forwarded, Resigned } from '../../exchange/exchange.ts'
import type { UpstreamAnswer } from '../../exchange/upstream.ts'
import { UpstreamRelay } from './relay.ts'
import { checkedStream, type BodyChecks } from './body.ts'
import type { Uploads } from './uploads.ts'

export interface ForwardOptions {
  /** The connections of an agent; event streams need HTTP/2 where the service speaks it. */
  readonly upstream: (agentId: string, speaksHttp2: boolean) => Pick<Dispatcher, 'dispatch'>
  /** Set on every answer: `x-moderato-*` (flat name, value list). */
  readonly answerHeaders: (exchange: Resigned) => readonly string[]
  readonly body: BodyChecks
  /** Where an upload is found while its body comes. */
  readonly uploads: Pick<Uploads, 'add'>
}

/**
 * The last stage. It resolves when the whole answer was relayed; a denial that it throws before the answer began is
 * answered in the service's words, one after that ends the connection. Redirects are relayed, never followed.
 */
export function forward({ upstream, answerHeaders, body, uploads }: ForwardOptions) {
  return function forward(exchange: Resigned & ProofClaimed): Promise<Forwarded> {
    return new Promise((resolve, reject) => {
      if (exchange.client.gone.aborted) {
        reject(new Denial('client_gone', 'The client left before its call was forwarded.'))
        return
      }
      const { signed, outgoing } = exchange
      const relay = new UpstreamRelay(exchange, answerHeaders(exchange), {
        done: (answer: UpstreamAnswer) => resolve(markEffectMade({ ...exchange, upstream: answer })),
        failed: reject,
      })
      upstream(exchange.agent.id, exchange.payload.kind === 'signed-events').dispatch(
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
}

/** The upload, to be cut off while it is not whole. */
function watched(exchange: Resigned, body: Readable, uploads: ForwardOptions['uploads']): Readable {
  const release = uploads.add(exchange, (denial) => body.destroy(denial))
  return body.once('end', release).once('close', release)
}
