/** Tells what happens as it happens, and keeps it, so that the story can be checked against other witnesses. */
import type { Attempt } from './agent.ts'
import { decisionOf, type AuditLine } from './audit-log.ts'
import { attemptLine, checkLine, errorLines, print, ticking } from './terminal.ts'

export interface Told {
  readonly attempt: Attempt
  readonly record: AuditLine | undefined
}

export class Narrator {
  /** Every attempt with its audit record, in the order of the answers. */
  readonly told: Told[] = []
  failures = 0
  readonly #auditDir: string
  readonly #startedMs = performance.now()
  /** Errors whose message was printed: each kind is told once. */
  readonly #explained = new Set<string>()
  #printed: Promise<void> = Promise.resolve()

  constructor(auditDir: string) {
    this.#auditDir = auditDir
  }

  /** Prints an attempt once its audit record can be read. */
  readonly attempt = (attempt: Attempt): void => {
    const atMs = performance.now() - this.#startedMs
    this.#printed = this.#tell(atMs, attempt, decisionOf(this.#auditDir, attempt.requestId), this.#printed)
  }

  async #tell(
    atMs: number,
    attempt: Attempt,
    record: Promise<AuditLine | undefined>,
    before: Promise<void>,
  ): Promise<void> {
    await before
    const found = await record
    this.told.push({ attempt, record: found })
    print(attemptLine(atMs, attempt, found))
    if (attempt.error === undefined) return
    const kind = `${attempt.error.name} ${found?.reason} ${found?.class} ${found?.operation}`
    if (!this.#explained.has(kind)) print(errorLines(attempt))
    this.#explained.add(kind)
  }

  /** Awaits a call and its lines. */
  async during<Result>(what: string, call: Promise<Result>): Promise<Result> {
    const stop = ticking(what)
    try {
      return await call
    } finally {
      stop()
      await this.#printed
    }
  }

  /** Says whether something that was told to happen did happen. */
  check(holds: boolean, what: string): void {
    if (!holds) this.failures += 1
    print(checkLine(holds, what))
  }
}
