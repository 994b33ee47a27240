/** Posts signed messages to one URL. Nobody waits for it; attempts and messages in flight are bounded. */
import { createHmac } from 'node:crypto'
import type { Clock, Timer } from './ports.ts'

export interface WebhookDeps {
  readonly clock: Clock
  readonly timer: Timer
  /** Reports a message that did not arrive: dropped before it was sent, or after the last attempt. */
  readonly lost: (about: string, problem: string) => void
}

export interface Webhook {
  /** Sends a message; `about` names it if it is lost. */
  readonly post: (body: object, about: string) => void
  /** Ends all deliveries in flight. */
  readonly close: () => void
  /**
   * Resolves when every delivery has ended, 5 seconds later at most. What waits to be tried again is tried once more, at
   * once.
   */
  readonly finish: () => Promise<void>
}

const RETRIES_MS = [1_000, 5_000, 25_000]
const TIMEOUT_MS = 5_000
const MAX_UNDER_WAY = 100

/** Opens a webhook. A failed message is tried again after 1, 5 and 25 seconds. */
export function openWebhook(
  { url, secret }: { readonly url: string; readonly secret: string },
  { clock, timer, lost }: WebhookDeps,
): Webhook {
  const closing = new AbortController()
  const finishing = new AbortController()
  const underWay = new Set<Promise<void>>()

  async function deliver(body: string, about: string): Promise<void> {
    for (const waitMs of [...RETRIES_MS, undefined]) {
      const problem = await posted(url, body, signed(secret, clock.nowMs(), body), closing.signal)
      if (problem === undefined || closing.signal.aborted) return
      if (waitMs === undefined || finishing.signal.aborted) return lost(about, problem)
      await pause(waitMs, timer, AbortSignal.any([closing.signal, finishing.signal]))
    }
  }

  return {
    post(body, about) {
      if (underWay.size >= MAX_UNDER_WAY) return lost(about, 'too many messages are in flight')
      const delivery = deliver(JSON.stringify(body), about).finally(() => underWay.delete(delivery))
      underWay.add(delivery)
    },
    close: () => closing.abort(),
    async finish() {
      finishing.abort()
      await Promise.all(underWay)
    },
  }
}

function pause(ms: number, timer: Timer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = timer.after(ms, end)
    signal.addEventListener('abort', end)
  })
}

/** Returns the headers that sign a body. `x-moderato-signature: v1=HEX` is HMAC-SHA256 over the timestamp, a dot and the body. */
function signed(secret: string, nowMs: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1_000))
  const mac = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  return {
    'content-type': 'application/json',
    'x-moderato-timestamp': timestamp,
    'x-moderato-signature': `v1=${mac}`,
  }
}

/** Posts once. Returns undefined if the message was accepted, otherwise the problem. Never rejects. */
async function posted(
  url: string,
  body: string,
  headers: Record<string, string>,
  closing: AbortSignal,
): Promise<string | undefined> {
  try {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(TIMEOUT_MS)])
    const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'error', signal })
    await answer.body?.cancel()
    return answer.ok ? undefined : `status ${answer.status}`
  } catch (error) {
    return error instanceof Error ? error.name : 'unknown'
  }
}
