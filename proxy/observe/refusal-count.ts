/** Counts refusals that have no record of their own, in bounded memory. */
import type { AuditRecord } from '../audit/record.ts'

const MOST_IDS = 10
/** Operations that are named; the agent chooses them. */
const MOST_OPERATIONS = 20

export class RefusalCount {
  readonly #of: Pick<AuditRecord, 'agent' | 'breakglass'>
  readonly #reasons: Record<string, number> = {}
  readonly #classes: Record<string, number> = {}
  readonly #operations = new Map<string, number>()
  readonly #requestIds: string[] = []
  #fromMs: number | undefined
  #untilMs = 0

  constructor({ agent, breakglass }: Pick<AuditRecord, 'agent' | 'breakglass'>) {
    this.#of = { agent, breakglass }
  }

  add(record: AuditRecord, nowMs: number): void {
    const { reason = 'none', class: label = 'unknown', service = 'unknown', operation } = record
    this.#reasons[reason] = (this.#reasons[reason] ?? 0) + 1
    this.#classes[label] = (this.#classes[label] ?? 0) + 1
    const named = `${service}:${operation ?? '-'}`
    const isNew = !this.#operations.has(named)
    const name = isNew && this.#operations.size >= MOST_OPERATIONS ? 'others' : named
    this.#operations.set(name, (this.#operations.get(name) ?? 0) + 1)
    if (record.requestId !== undefined && this.#requestIds.length < MOST_IDS)
      this.#requestIds.push(record.requestId)
    this.#fromMs ??= nowMs
    this.#untilMs = nowMs
  }

  /** Returns the one record of all that were added. */
  fields(): AuditRecord {
    return {
      phase: 'refusals',
      ...this.#of,
      refusals: this.#reasons,
      refused: {
        from: new Date(this.#fromMs ?? 0).toISOString(),
        until: new Date(this.#untilMs).toISOString(),
        classes: this.#classes,
        operations: Object.fromEntries(this.#operations),
        requestIds: this.#requestIds,
      },
    }
  }
}
