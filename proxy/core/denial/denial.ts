/** A refusal: thrown by stages, caught in one place. */
import type { DenialRow } from './row.ts'
import { DENIALS, type DenialReason } from './table.ts'

interface DenialPolicy {
  readonly engine: string
  readonly revision: string
  readonly rules: readonly string[]
}

/**
 * A refusal. Thrown by stages, caught in one place (record.ts), spelled for the wire in aws/error-response.ts.
 *
 * `detail` completes the table's next step with what is particular to this request; it never holds a secret, a
 * signature or an expected signature. `retryAfterMs` becomes `Retry-After`.
 */
export class Denial extends Error {
  override readonly name = 'Denial'
  readonly reason: DenialReason
  readonly retryAfterMs: number | undefined

  /** Who refused, where policy was asked; audit keeps it as it keeps the decision of a call that went on. */
  readonly policy: DenialPolicy | undefined
  /** The id of the approval that the call lacks. */
  readonly approval: string | undefined
  /** What to do, where that is not what the table says. */
  readonly next: string | undefined

  constructor(
    reason: DenialReason,
    detail: string,
    options: {
      retryAfterMs?: number
      cause?: unknown
      policy?: DenialPolicy
      approval?: string
      next?: string
    } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs
    this.policy = options.policy
    this.approval = options.approval
    this.next = options.next
  }

  get row(): DenialRow {
    return DENIALS[this.reason]
  }
}
