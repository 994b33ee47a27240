/**
 * Runs each request through its route, so that it leaves exactly one decision record and one set of metrics, however it
 * ends: forwarded, denied, client gone, or by a bug of ours. A forwarded call adds one outcome record.
 */
import type { AuditRecord } from '../audit/record.ts'
import { changesState } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Clock } from '../core/ports.ts'
import type { Received } from '../exchange/exchange.ts'
import type { EffectMade } from '../exchange/facts.ts'
import type { Furthest, Outcome, Recordable } from '../exchange/outcome.ts'
import { decisionFields, outcomeFields } from './audit-fields.ts'
import type { Observer, Route } from './pipeline.ts'

/** Receives the records, metrics and reports of each run. */
export interface RecordOptions {
  readonly clock: Clock
  readonly audit: {
    append(record: AuditRecord): void
    commit(record: AuditRecord): Promise<void>
    unverified(record: AuditRecord): void
    /** Takes a refusal of a verified agent; `root` names whose pace of records it takes. */
    refused(root: string, record: AuditRecord): void
  }
  readonly observeStage: (stage: string, seconds: number) => void
  readonly finished: (outcome: Outcome) => void
  /** Called with every refusal, so that operators can be warned. */
  readonly refused: (denial: Denial, requestId: string, service: string | undefined) => void
  /** Called with a thrown value that is not a Denial: a bug of ours. */
  readonly bug: (error: unknown, requestId: string) => void
  /** Answers a refusal in the service's own protocol; `exchange` is the furthest that the request reached. */
  readonly answer: (exchange: Furthest, denial: Denial) => void
}

/** Runs one request through its route. Never rejects. */
export type Runner = (received: Received) => Promise<void>

/** A route, or the end of one, whose last stage has an effect; the decision is recorded before that stage. */
export type EffectRoute<In> = Route<In, Recordable, In & Recordable & EffectMade>
/** A whole route whose decision is recorded before its effect. */
export type RecordedRoute = EffectRoute<Received>

/** Returns what runs requests on this route and leaves the records and metrics of each. */
export function record(route: RecordedRoute, options: RecordOptions): Runner {
  return async function run(received) {
    const observer = new RunObserver(received, options)
    try {
      const done = await route.run(received, observer)
      options.audit.append(outcomeFields(done, 'none'))
      observer.finish('allow', 'none')
    } catch (thrown) {
      observer.refuse(toDenial(thrown, received.requestId, options, observer.hasBegun))
    }
  }
}

class RunObserver implements Observer<Recordable, Furthest> {
  #furthest: Furthest
  readonly #options: RecordOptions
  readonly #startedMs = performance.now()
  /** A stage begins when the one before it ends. */
  #stageStartedMs = this.#startedMs
  /** The exchange whose decision is recorded. */
  #decided: Recordable | undefined

  constructor(received: Received, options: RecordOptions) {
    this.#furthest = received
    this.#options = options
  }

  /** Tells whether the last stage of the route, which has an effect, has begun. */
  get hasBegun(): boolean {
    return this.#decided !== undefined
  }

  /** Makes the decision durable before it has an effect, for every class but `read` and `list` (rule S3). */
  before(exchange: Recordable): void | Promise<void> {
    const { audit, clock } = this.#options
    const fields = decisionFields(exchange, clock, 'allow', 'none')
    if (!changesState(exchange.call.classes)) {
      audit.append(fields)
      this.#begin(exchange)
      return undefined
    }
    return audit.commit(fields).then(
      () => this.#begin(exchange),
      (cause: unknown) => {
        throw new Denial('audit_unavailable', 'The decision could not be written to the audit log.', {
          cause,
        })
      },
    )
  }

  after(stage: string, exchange: Furthest): void {
    this.#furthest = exchange
    const nowMs = performance.now()
    this.#options.observeStage(stage, (nowMs - this.#stageStartedMs) / 1000)
    this.#stageStartedMs = nowMs
  }

  #begin(exchange: Recordable): void {
    this.#decided = exchange
    this.#stageStartedMs = performance.now()
  }

  /** Records and answers a refusal, before or after the decision record; the table says how it counts. */
  refuse(denial: Denial): void {
    const { audit, refused, answer, bug } = this.#options
    const { decision } = denial.row
    const { requestId, call, reply } = this.#furthest
    if (this.#decided === undefined) this.#recordRefusal(denial, decision)
    else audit.append(outcomeFields(this.#decided, denial.reason))
    refused(denial, requestId, call?.service)
    try {
      answer(this.#furthest, denial)
    } catch (error) {
      bug(error, requestId)
      reply.destroy()
    }
    this.finish(decision, denial.reason, denial.by)
  }

  #recordRefusal(denial: Denial, decision: string): void {
    const { clock, audit } = this.#options
    const fields = decisionFields(this.#furthest, clock, decision, denial.reason, denial)
    const { agent, payload } = this.#furthest
    // Rules S9 and S28: nobody can fill the disk with refusals, verified or not.
    if (agent === undefined || payload === undefined) audit.unverified(fields)
    else audit.refused(agent.root, fields)
  }

  finish(decision: Outcome['decision'], reason: Outcome['reason'], by?: Outcome['by']): void {
    this.#options.finished({
      exchange: this.#furthest,
      decision,
      reason,
      by,
      durationMs: performance.now() - this.#startedMs,
    })
  }
}

function toDenial(thrown: unknown, requestId: string, options: RecordOptions, hasBegun: boolean): Denial {
  if (thrown instanceof Denial) return thrown
  options.bug(thrown, requestId)
  const next = 'Tell an operator. The call may have been made: check before you retry.'
  return new Denial('internal', 'Moderato failed.', { cause: thrown, ...(hasBegun ? { next } : {}) })
}
