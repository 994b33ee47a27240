/** Defines the error that refuses a request. */
import type { DenialRow } from './row.ts'
import type { RefusedBy } from './refused-by.ts'
import { DENIALS, type DenialReason } from './table.ts'

interface DenialPolicy {
  readonly engine: string
  readonly revision: string
  readonly rules: readonly string[]
}

/**
 * A Denial refuses a request. Stages throw it; the pipeline catches it in one place; aws/errors/ writes it to the wire.
 *
 * `detail` adds to the table's next step what is particular to this request. It never holds a secret, a signature or
 * an expected signature. `retryAfterMs` becomes `Retry-After`.
 */
export class Denial extends Error {
  override readonly name = 'Denial'
  readonly reason: DenialReason
  readonly retryAfterMs: number | undefined

  /** The policy that refused, if policy was asked; audit records it as for an allowed call. */
  readonly policy: DenialPolicy | undefined
  /** The id of the approval that the call lacks. */
  readonly approval: string | undefined
  /** Replaces the next step of the table. */
  readonly next: string | undefined
  /** The rules that refused; undefined where no rule did. */
  readonly by: RefusedBy | undefined

  constructor(
    reason: DenialReason,
    detail: string,
    options: {
      retryAfterMs?: number
      cause?: unknown
      policy?: DenialPolicy
      approval?: string
      next?: string
      by?: RefusedBy
    } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs
    this.policy = options.policy
    this.approval = options.approval
    this.next = options.next
    this.by = options.by
  }

  get row(): DenialRow {
    return DENIALS[this.reason]
  }
}
