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

/** Configures `forward`. */
export interface ForwardOptions {
  /** Returns the connections of an agent; event streams need HTTP/2 where the service speaks it. */
  readonly upstream: (agentId: string, speaksHttp2: boolean) => Pick<Dispatcher, 'dispatch'>
  /** Returns the `x-moderato-*` fields of every answer as a flat name, value list. */
  readonly answerHeaders: (exchange: Resigned) => readonly string[]
  readonly body: BodyChecks
  /** The uploads whose bodies are still arriving. */
  readonly uploads: Pick<Uploads, 'add'>
}

/**
 * Sends the call and relays its answer; the last stage. It resolves when the whole answer was relayed. A Denial before
 * the answer began is answered in the service's protocol; a later one closes the connection. Redirects are relayed,
 * never followed.
 */
export function forward({ upstream, answerHeaders, body, uploads }: ForwardOptions) {
  return function forward(exchange: Resigned & ProofClaimed): Promise<Forwarded> {
    return new Promise((resolve, reject) => {
      if (exchange.client.gone.aborted) {
        reject(new Denial('client_gone', 'The client closed its connection before its call was forwarded.'))
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

/** Registers an upload, so that it can be cut off until its body has ended. */
function watched(exchange: Resigned, body: Readable, uploads: ForwardOptions['uploads']): Readable {
  const release = uploads.add(exchange, (denial) => body.destroy(denial))
  return body.once('end', release).once('close', release)
}
