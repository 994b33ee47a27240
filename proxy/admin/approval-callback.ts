/** Verifies the callback by which a trusted system passes on a person's decision: signed, fresh, and accepted once (S18). */
import { jsonOrUndefined } from '../core/json.ts'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { AdminError } from './route.ts'
import type { Caller } from '../operators/callers.ts'
import type { Clock } from '../core/ports.ts'

export interface CallbackPerson {
  readonly id: string
  readonly slack?: string | undefined
}

/** Parses the body of a callback; the signature covers all of it. */
export const CallbackBody = z.strictObject({
  timestamp: z.int().describe('Seconds since the epoch; the message is valid for five minutes.'),
  nonce: z
    .string()
    .regex(/^[\w-]{16,64}$/)
    .describe('16 to 64 letters, digits, _ or -; each is accepted once.'),
  id: z.string().describe('The id of the approval.'),
  digest: z.string().describe('The digest of the call, as the approval shows it.'),
  decision: z.enum(['approve', 'deny']),
  person: z.string().describe('The id of an entry in admin.people, or its Slack member id.'),
  reason: z.string().max(1_000).optional(),
  uses: z.int().min(1).default(1),
})
export type CallbackBody = z.output<typeof CallbackBody>

const VALID_SECONDS = 300
/** The time for which a nonce is kept: as long as its message is valid by any allowed clock. */
export const NONCE_MS = 2 * VALID_SECONDS * 1000 + 60_000

/**
 * Returns a function that verifies a callback and returns its person. `signature` is `v1=` and the hex HMAC-SHA256 of the
 * body's bytes. It throws AdminError for a wrong signature, a message that is too old or too new, or an unknown person.
 */
export function callbackSigner(secret: string, people: () => readonly CallbackPerson[], clock: Clock) {
  return (text: string, signature: string | undefined): Caller => {
    const mac = Buffer.from(createHmac('sha256', secret).update(text).digest('hex'))
    const given = Buffer.from((signature ?? '').replace(/^v1=/, ''))
    if (given.length !== mac.length || !timingSafeEqual(given, mac))
      throw new AdminError(
        401,
        'bad_signature',
        'The signature is wrong. Send x-moderato-signature: v1= and the hex HMAC-SHA256 of the body.',
      )
    const read = Claims.safeParse(jsonOrUndefined(text))
    if (!read.success) throw new AdminError(400, 'invalid_body', 'The body must have timestamp and person.')
    const { timestamp, person } = read.data
    if (Math.abs(clock.nowMs() / 1000 - timestamp) > VALID_SECONDS)
      throw new AdminError(
        401,
        'stale',
        `The timestamp is more than ${VALID_SECONDS} s off: sign the message when you send it.`,
      )
    const subject = people().find(({ id, slack }) => id === person || slack === person)?.id
    if (subject === undefined)
      throw new AdminError(
        403,
        'unknown_person',
        'This person is not in admin.people, neither by id nor by Slack member id.',
      )
    return { kind: 'person', subject, by: 'callback' }
  }
}

const Claims = z.object({ timestamp: z.number(), person: z.string() })
