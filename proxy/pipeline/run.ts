/**
 * Wraps the run of every request, so that each leaves exactly one decision record and one set of metrics, whatever
 * became of it: forwarded, denied, client gone, or our own bug. A forwarded call adds one outcome record.
 */
import { changesState } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Forwarded, Received } from '../exchange/exchange.ts'
import type { AuditRecord } from '../audit/record.ts'
import type { Observer, Route } from './pipeline.ts'
import type { Clock } from '../core/ports.ts'
import { decisionFields, outcomeFields, type Recordable } from './audit-fields.ts'
import type { Outcome } from '../exchange/outcome.ts'

export interface RecordOptions {
  readonly clock: Clock
  readonly audit: {
    append(record: AuditRecord): void
    commit(record: AuditRecord): Promise<void>
    unverified(record: AuditRecord): void
  }
  readonly observeStage: (stage: string, seconds: number) => void
  readonly finished: (outcome: Outcome) => void
  /** Of every refusal; for whom it concerns. */
  readonly refused: (denial: Denial, requestId: string, service: string | undefined) => void
  /** A thrown value that is not a denial: our own bug, with its stack. */
  readonly bug: (error: unknown, requestId: string) => void
  /** Answers a refusal in the service's own words; `exchange` is the furthest reached. */
  readonly answer: (exchange: Partial<Forwarded> & Received, denial: Denial) => void
}

/** Runs one request through the pipeline. Never rejects. */
export type Runner = (received: Received) => Promise<void>

/** The last stage is the one that has an effect: the decision is recorded before it. */
export function record(way: Route<Received, Recordable>, options: RecordOptions): Runner {
  return async function run(received) {
    const observer = new RunObserver(received, options)
    try {
      await way.run(received, observer)
      options.audit.append(outcomeFields(observer.furthest as Recordable, 'none'))
      observer.finish('allow', 'none')
    } catch (thrown) {
      observer.refuse(toDenial(thrown, received.requestId, options))
    }
  }
}

class RunObserver implements Observer {
  furthest: Partial<Forwarded> & Received
  readonly #options: RecordOptions
  readonly #startedMs = performance.now()
  /** A stage begins where the one before it ended. */
  #stageStartedMs = this.#startedMs
  #decided = false

  constructor(received: Received, options: RecordOptions) {
    this.furthest = received
    this.#options = options
  }

  /** Rule S3: durable before forwarded, for every class but `read` and `list`. */
  before(exchange: unknown): void | Promise<void> {
    const { audit, clock } = this.#options
    const recordable = exchange as Recordable
    const fields = decisionFields(recordable, clock, 'allow', 'none')
    if (!changesState(recordable.call.classes)) {
      audit.append(fields)
      this.#begin()
      return undefined
    }
    return audit.commit(fields).then(
      () => this.#begin(),
      (cause: unknown) => {
        throw new Denial('audit_unavailable', 'The decision could not be made durable.', { cause })
      },
    )
  }

  after(stage: string, exchange: unknown): void {
    this.furthest = exchange as Received
    const nowMs = performance.now()
    this.#options.observeStage(stage, (nowMs - this.#stageStartedMs) / 1000)
    this.#stageStartedMs = nowMs
  }

  #begin(): void {
    this.#decided = true
    this.#stageStartedMs = performance.now()
  }

  /** A refusal, before or after the decision record; the table says how it counts. */
  refuse(denial: Denial): void {
    const { audit } = this.#options
    const { decision } = denial.row
    if (this.#decided) audit.append(outcomeFields(this.furthest as Recordable, denial.reason))
    else this.#recordRefusal(denial, decision)
    this.#options.refused(denial, this.furthest.requestId, this.furthest.call?.service)
    try {
      this.#options.answer(this.furthest, denial)
    } catch (error) {
      this.#options.bug(error, this.furthest.requestId)
      this.furthest.reply.destroy()
    }
    this.finish(decision, denial.reason)
  }

  #recordRefusal(denial: Denial, decision: string): void {
    const { clock, audit } = this.#options
    const fields = decisionFields(this.furthest, clock, decision, denial.reason, denial)
    // Rule S9: who is not verified cannot fill the disk.
    if (this.furthest.payload === undefined) audit.unverified(fields)
    else audit.append(fields)
  }

  finish(decision: Outcome['decision'], reason: Outcome['reason']): void {
    this.#options.finished({
      exchange: this.furthest,
      decision,
      reason,
      durationMs: performance.now() - this.#startedMs,
    })
  }
}

function toDenial(thrown: unknown, requestId: string, options: RecordOptions): Denial {
  if (thrown instanceof Denial) return thrown
  options.bug(thrown, requestId)
  return new Denial('internal', 'Moderato failed.', { cause: thrown })
}
