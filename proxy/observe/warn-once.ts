/** Logs refusals that operators can fix: those that the agent did not cause. */
import type { Denial } from '../core/denial/denial.ts'
import type { Clock } from '../core/ports.ts'

export interface WarnOnceOptions {
  readonly clock: Clock
  readonly warn: (fields: object, words: string) => void
}

/** Allows one line for each reason in this time: agents retry and would fill the log. */
const QUIET_MS = 10_000

/** A WarnOnce logs a refusal at most once in a time for each reason. */
export class WarnOnce {
  readonly #options: WarnOnceOptions
  readonly #told = new Map<string, { atMs: number; unsaid: number }>()

  constructor(options: WarnOnceOptions) {
    this.#options = options
  }

  /** Logs a refusal with its cause, if operators can fix it. */
  readonly tell = (denial: Denial, requestId: string, service: string | undefined): void => {
    const { reason, row, cause, message } = denial
    if (row.decision !== 'error' || reason === 'internal') return
    const { clock, warn } = this.#options
    const nowMs = clock.nowMs()
    const told = this.#told.get(reason)
    if (told !== undefined && nowMs - told.atMs < QUIET_MS) {
      told.unsaid += 1
      return
    }
    const unsaid = told?.unsaid ?? 0
    this.#told.set(reason, { atMs: nowMs, unsaid: 0 })
    warn({ reason, service, requestId, ...(unsaid === 0 ? {} : { alsoUnsaid: unsaid }), err: cause }, message)
  }
}
