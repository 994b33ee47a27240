/** Tells people elsewhere that a call waits for them. Never waited for: who asks is answered meanwhile. */
import { createHmac } from 'node:crypto'
import type { Logger } from 'pino'
import type { Timer } from '../pacing/lane.ts'
import type { Clock } from '../ports.ts'
import { readSecret } from '../secret-file.ts'
import type { Known } from './known.ts'
import { jsonMessage, slackMessage } from './message.ts'

export interface WebhookSettings {
  readonly url: string
  readonly secretFile: string
  readonly format: 'json' | 'slack'
}

export interface WebhookWorld {
  /** Where the console is. */
  readonly url: () => string
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Pick<Logger, 'warn'>
}

const RETRIES_MS = [1_000, 5_000, 25_000]
const TIMEOUT_MS = 5_000
/** Messages under way at once; further ones are dropped, and people find the approval in the list. */
const MAX_UNDER_WAY = 100

export function openWebhook(settings: WebhookSettings, { url, clock, timer, log }: WebhookWorld) {
  const secret = readSecret(settings.secretFile)
  const closing = new AbortController()
  let underWay = 0

  async function deliver(known: Known): Promise<void> {
    const body = JSON.stringify(
      settings.format === 'slack' ? slackMessage(known, url()) : jsonMessage(known, url()),
    )
    for (const waitMs of [...RETRIES_MS, undefined]) {
      const problem = await posted(settings.url, body, signed(secret, clock.nowMs(), body), closing.signal)
      if (problem === undefined || closing.signal.aborted) return
      if (waitMs === undefined) log.warn({ approval: known.id, problem }, 'nobody was told of an approval')
      else await new Promise<void>((resolve) => timer.after(waitMs, resolve))
    }
  }

  return {
    post(known: Known): void {
      if (underWay >= MAX_UNDER_WAY) {
        log.warn({ approval: known.id }, 'nobody was told of an approval: too many messages are under way')
        return
      }
      underWay++
      void deliver(known).finally(() => underWay--)
    },
    close: () => closing.abort(),
  }
}

/** `x-moderato-signature: v1=HEX`: HMAC-SHA256 over the timestamp, a dot and the body, as Slack and others sign. */
function signed(secret: string, nowMs: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000))
  const mac = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  return {
    'content-type': 'application/json',
    'x-moderato-timestamp': timestamp,
    'x-moderato-signature': `v1=${mac}`,
  }
}

/** Undefined: it was taken. Never rejects. */
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
