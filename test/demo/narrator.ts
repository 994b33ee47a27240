/** Prints each attempt as it happens, and keeps it, so that it can be compared with metrics and audit log. */
import type { Attempt } from './agent.ts'
import { decisionOf, type AuditLine } from './audit-log.ts'
import { attemptLine, checkLine, errorLines, print, ticking } from './terminal.ts'

/** One attempt, with its audit record. */
export interface RecordedAttempt {
  readonly attempt: Attempt
  readonly record: AuditLine | undefined
}

export class Narrator {
  /** Every attempt with its audit record, in the order of the answers. */
  readonly attempts: RecordedAttempt[] = []
  failures = 0
  readonly #auditDir: string
  readonly #startedMs = performance.now()
  /** The kinds of errors whose message was printed: each is printed once. */
  readonly #explained = new Set<string>()
  #printed: Promise<void> = Promise.resolve()

  constructor(auditDir: string) {
    this.#auditDir = auditDir
  }

  /** Prints an attempt once its audit record can be read. */
  readonly onAttempt = (attempt: Attempt): void => {
    const atMs = performance.now() - this.#startedMs
    this.#printed = this.#printAttempt(
      atMs,
      attempt,
      decisionOf(this.#auditDir, attempt.requestId),
      this.#printed,
    )
  }

  async #printAttempt(
    atMs: number,
    attempt: Attempt,
    record: Promise<AuditLine | undefined>,
    before: Promise<void>,
  ): Promise<void> {
    await before
    const found = await record
    this.attempts.push({ attempt, record: found })
    print(attemptLine(atMs, attempt, found))
    if (attempt.error === undefined) return
    const kind = `${attempt.error.name} ${found?.reason} ${found?.class} ${found?.operation}`
    if (!this.#explained.has(kind)) print(errorLines(attempt))
    this.#explained.add(kind)
  }

  /** Awaits a call until its lines are printed. */
  async during<Result>(what: string, call: Promise<Result>): Promise<Result> {
    const stop = ticking(what)
    try {
      return await call
    } finally {
      stop()
      await this.#printed
    }
  }

  /** Prints whether a step behaved as described, and counts failures. */
  check(holds: boolean, what: string): void {
    if (!holds) this.failures += 1
    print(checkLine(holds, what))
  }
}
