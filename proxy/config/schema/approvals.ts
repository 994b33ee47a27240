/** The part of the configuration that says how people approve calls. */
import { z } from 'zod'
import { free, maskPath, setting } from './setting.ts'
import { durationMs } from './values.ts'

const webhook = z.strictObject({
  url: setting(z.string().min(1), {
    doc: 'Where each new approval is posted; https unless loopback.',
    mask: maskPath,
  }),
  secretFile: setting(z.string().min(1), {
    doc: 'A file of mode 0600: the key of the HMAC over what is posted.',
    file: { kind: 'secret', what: 'the key of approval messages' },
  }),
  format: setting(z.enum(['json', 'slack']).default('json'), {
    doc: 'slack: a message for an incoming webhook.',
  }),
})

const callback = z.strictObject({
  secretFile: setting(z.string().min(1), {
    doc: 'A file of mode 0600: the key of whoever may pass on what people of admin.people decided.',
    file: { kind: 'secret', what: 'the key of approval answers' },
  }),
})

export const approvals = z
  .strictObject({
    expire: setting(
      durationMs.prefault('1h').refine((ms) => ms >= 60_000 && ms <= 7 * 86_400_000, 'must be 1m to 7d'),
      { doc: 'How long an approval waits for people, and then for its call.' },
    ),
    pendingPerAgent: setting(z.int().min(1).max(1_000).default(20), {
      doc: 'Undecided approvals of one agent.',
    }),
    maxUses: setting(z.int().min(1).max(1_000).default(10), {
      doc: 'For how many calls an approver may approve at once.',
    }),
    hold: setting(z.boolean().default(false), {
      doc: "true: a call waits for its approval as long as its class's maxWait, before it is refused.",
      environment: free('It says how a call waits, not whether it needs an approval.'),
    }),
    url: setting(z.string().min(1).optional(), {
      doc: 'Where people find the console; shown to agents and in messages.',
    }),
    webhook: webhook.optional(),
    callback: callback.optional(),
  })
  .prefault({})
