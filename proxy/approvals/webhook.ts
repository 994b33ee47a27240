/** Tells people elsewhere that a call waits for them. Never waited for: who asks is answered meanwhile. */
import type { Logger } from 'pino'
import type { Clock, Timer } from '../core/ports.ts'
import { readSecret } from '../core/secret-file.ts'
import { openWebhook } from '../core/webhook.ts'
import type { StoredApproval } from './stored-approval.ts'
import { jsonMessage, slackMessage } from './message.ts'

export interface WebhookSettings {
  readonly url: string
  readonly secretFile: string
  readonly format: 'json' | 'slack'
}

export interface ApprovalWebhookDeps {
  /** Returns where the console is. */
  readonly url: () => string
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Pick<Logger, 'warn'>
}

export function openApprovalWebhook(
  settings: WebhookSettings,
  { url, clock, timer, log }: ApprovalWebhookDeps,
) {
  const message = settings.format === 'slack' ? slackMessage : jsonMessage
  const webhook = openWebhook(
    { url: settings.url, secret: readSecret(settings.secretFile) },
    // People find the approval in the list.
    {
      clock,
      timer,
      lost: (approval, problem) => log.warn({ approval, problem }, 'nobody was told of an approval'),
    },
  )
  return {
    post: (known: StoredApproval): void => webhook.post(message(known, url()), known.id),
    close: webhook.close,
  }
}
