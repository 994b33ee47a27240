/**
 * Bounds the records of refused calls of verified agents, so that no agent fills the disk or hides others' records
 * (rule S28). Each agent has a pace of its own, in kibibytes: its refusals are recorded one by one up to that pace, and
 * beyond it as counts, one record an interval. Metrics and watchers see each of them all the same.
 */
import type { AuditRecord } from '../audit/record.ts'
import type { Clock } from '../core/ports.ts'
import { FULL_TAT_MS, type Rate, chargedTatMs, rateOf, turnAtMs } from '../pacing/gcra.ts'
import { RefusalCount } from './refusal-count.ts'

/** A record costs one for each KiB begun; a usual one has less. */
const UNIT_BYTES = 1024
/** 600 KiB a minute in the long run, 1,000 KiB at once. */
const RATE = rateOf(600, 60_000, 1_000)
const INTERVAL_MS = 10_000
/** Agents of one template share a pace; each is named, up to this many in an interval. */
const MOST_COUNTS = 20
/** Agents with a pace under way; the one that was refused longest ago gives way. */
const MOST_AGENTS = 10_000

export interface AgentRefusalOptions {
  readonly audit: { append(record: AuditRecord): void }
  /** For the pace: never goes back. */
  readonly steadyClock: Clock
  /** For the times in records. */
  readonly clock: Clock
  readonly rate?: Rate
}

/** Records refusals of verified agents. */
export interface AgentRefusals {
  /** Records one refusal, or counts it. `root` names the pace: the agent, or the template that it was made from. */
  record(root: string, record: AuditRecord): void
  /** Writes the open counts; must be called before the log closes. */
  flush(): void
}

interface AgentPace {
  tatMs: number
  /** By agent and break-glass. */
  counts: Map<string, RefusalCount>
  timer: NodeJS.Timeout | undefined
}

/** Returns what records the refusals of verified agents, each at a pace of its own. */
export function agentRefusals(options: AgentRefusalOptions): AgentRefusals {
  return new PacedRefusals(options)
}

class PacedRefusals implements AgentRefusals {
  readonly #options: AgentRefusalOptions
  readonly #rate: Rate
  readonly #paces = new Map<string, AgentPace>()

  constructor(options: AgentRefusalOptions) {
    this.#options = options
    this.#rate = options.rate ?? RATE
  }

  record(root: string, record: AuditRecord): void {
    const { audit, steadyClock } = this.#options
    const pace = this.#paceOf(root)
    const nowMs = steadyClock.nowMs()
    const units = Math.ceil(Buffer.byteLength(JSON.stringify(record)) / UNIT_BYTES)
    if (turnAtMs(pace.tatMs, nowMs, this.#rate, units) > nowMs) return this.#count(root, pace, record)
    pace.tatMs = chargedTatMs(pace.tatMs, nowMs, this.#rate, units)
    audit.append(record)
  }

  flush(): void {
    for (const pace of this.#paces.values()) this.#flushPace(pace)
  }

  #paceOf(root: string): AgentPace {
    const paces = this.#paces
    const pace = paces.get(root) ?? { tatMs: FULL_TAT_MS, counts: new Map(), timer: undefined }
    // Whoever was refused last stands last.
    paces.delete(root)
    paces.set(root, pace)
    for (const [oldest, each] of paces) {
      if (paces.size <= MOST_AGENTS) break
      this.#flushPace(each)
      paces.delete(oldest)
    }
    return pace
  }

  #count(root: string, pace: AgentPace, record: AuditRecord): void {
    const key = JSON.stringify([record.agent, record.breakglass])
    const isFull = pace.counts.size >= MOST_COUNTS && !pace.counts.has(key)
    const name = isFull ? root : key
    let counted = pace.counts.get(name)
    if (counted === undefined) {
      counted = new RefusalCount(isFull ? { agent: root } : record)
      pace.counts.set(name, counted)
    }
    counted.add(record, this.#options.clock.nowMs())
    pace.timer ??= setTimeout(() => this.#flushPace(pace), INTERVAL_MS).unref()
  }

  #flushPace(pace: AgentPace): void {
    clearTimeout(pace.timer)
    pace.timer = undefined
    for (const count of pace.counts.values()) this.#options.audit.append(count.fields())
    pace.counts = new Map()
  }
}
