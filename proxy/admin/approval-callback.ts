/** What somebody trusted passes on: a decision of a person, signed, fresh, and taken once (S18). */
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

/** All of it is under the signature. */
export const CallbackBody = z.strictObject({
  timestamp: z.int().describe('Seconds since the epoch; good for five minutes.'),
  nonce: z
    .string()
    .regex(/^[\w-]{16,64}$/)
    .describe('16 to 64 letters, digits, _ or -; taken once.'),
  id: z.string().describe('Of the approval.'),
  digest: z.string().describe('Of the call, as the approval shows it.'),
  decision: z.enum(['approve', 'deny']),
  person: z.string().describe('An id of admin.people, or the slack member id there.'),
  reason: z.string().max(1_000).optional(),
  uses: z.int().min(1).default(1),
})
export type CallbackBody = z.output<typeof CallbackBody>

const VALID_SECONDS = 300
/** How long a nonce is remembered: as long as its message is good, by any clock that is allowed. */
export const NONCE_MS = 2 * VALID_SECONDS * 1000 + 60_000

/**
 * Knows the person of a callback. `signature` is `v1=` and the hex HMAC-SHA256 of the body's bytes. Throws AdminError
 * for another signature, a message that is too old or too new, or somebody who is not among the people.
 */
export function callbackSigner(secret: string, people: () => readonly CallbackPerson[], clock: Clock) {
  return (text: string, signature: string | undefined): Caller => {
    const mac = Buffer.from(createHmac('sha256', secret).update(text).digest('hex'))
    const given = Buffer.from((signature ?? '').replace(/^v1=/, ''))
    if (given.length !== mac.length || !timingSafeEqual(given, mac))
      throw new AdminError(
        401,
        'bad_signature',
        'Send x-moderato-signature: v1= and the hex HMAC-SHA256 of the body.',
      )
    const read = Claims.safeParse(jsonOrUndefined(text))
    if (!read.success) throw new AdminError(400, 'invalid_body', 'The body must name timestamp and person.')
    const { timestamp, person } = read.data
    if (Math.abs(clock.nowMs() / 1000 - timestamp) > VALID_SECONDS)
      throw new AdminError(
        401,
        'stale',
        `The message is good for ${VALID_SECONDS} s: sign it when you send it.`,
      )
    const subject = people().find(({ id, slack }) => id === person || slack === person)?.id
    if (subject === undefined)
      throw new AdminError(403, 'unknown_person', 'This person is not in admin.people, by id or by slack.')
    return { kind: 'person', subject, by: 'callback' }
  }
}

const Claims = z.object({ timestamp: z.number(), person: z.string() })
