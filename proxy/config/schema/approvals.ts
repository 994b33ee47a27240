/** The part of the configuration that says how people approve calls. */
import { z } from 'zod'
import { durationMs } from './values.ts'

const webhook = z.strictObject({
  url: z.string().min(1).describe('Where each new approval is posted; https unless loopback.'),
  secretFile: z.string().min(1).describe('A file of mode 0600: the key of the HMAC over what is posted.'),
  format: z.enum(['json', 'slack']).default('json').describe('slack: a message for an incoming webhook.'),
})

const callback = z.strictObject({
  secretFile: z
    .string()
    .min(1)
    .describe('A file of mode 0600: the key of whoever may pass on what people of admin.people decided.'),
})

export const approvals = z
  .strictObject({
    expire: durationMs
      .prefault('1h')
      .refine((ms) => ms >= 60_000 && ms <= 7 * 86_400_000, 'must be 1m to 7d')
      .describe('How long an approval waits for people, and then for its call.'),
    pendingPerAgent: z.int().min(1).max(1_000).default(20).describe('Undecided approvals of one agent.'),
    maxUses: z
      .int()
      .min(1)
      .max(1_000)
      .default(10)
      .describe('For how many calls an approver may approve at once.'),
    hold: z
      .boolean()
      .default(false)
      .describe("true: a call waits for its approval as long as its class's maxWait, before it is refused."),
    url: z
      .string()
      .min(1)
      .optional()
      .describe('Where people find the console; shown to agents and in messages.'),
    webhook: webhook.optional(),
    callback: callback.optional(),
  })
  .prefault({})
