/** Sends alerts to the place of `watch.alerts`, in the form that the configuration wants. */
import type { Logger } from 'pino'
import type { AlertSettings } from '../config/schema/watch.ts'
import type { Clock, Timer } from '../core/ports.ts'
import { readSecret } from '../core/secret-file.ts'
import { openWebhook } from '../core/webhook.ts'

export interface Alert {
  /** Names it in the log where it is lost. */
  readonly about: string
  /** What a program is posted. */
  readonly json: object
  /** What people read. */
  readonly text: string
}

export interface Alerts {
  post(alert: Alert): void
  /** Ends what is under way. */
  close(): void
  /** Resolves when what is under way has arrived, or is lost: a few seconds later at most. */
  finish(): Promise<void>
}

/**
 * Opens a sender with a bound of its own: who floods one cannot have the alerts of another lost. Throws if the secret
 * cannot be read.
 */
export function alertsOf(
  settings: AlertSettings | undefined,
  { clock, timer, log }: { readonly clock: Clock; readonly timer: Timer; readonly log: Logger },
): Alerts | undefined {
  if (settings === undefined) return undefined
  const { url, secretFile, format } = settings
  const webhook = openWebhook(
    { url, secret: readSecret(secretFile) },
    {
      clock,
      timer,
      lost: (about, problem) => log.warn({ about, problem }, 'an alert was lost'),
    },
  )
  return {
    post({ about, json, text }) {
      webhook.post(format === 'slack' ? { text: slackText(text) } : json, about)
    },
    close: () => webhook.close(),
    finish: () => webhook.finish(),
  }
}

/** Slack reads `&`, `<` and `>` as markup, so no text of an agent can hold any. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
