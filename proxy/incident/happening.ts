/** Turns records of the audit log into what happened, one by one. Names and texts stay as the record has them. Pure. */
import type { LoggedRecord } from '../audit/search/filter.ts'

/** A HappenedCall is one request of the agent: what it asked for, what was decided, and what AWS answered. */
export interface HappenedCall {
  readonly kind: 'call'
  readonly time: string
  readonly requestId: string
  readonly agent: string | null
  readonly task: string | null
  /** `dynamodb:DeleteTable`; `dynamodb:?` if the operation is not known. */
  readonly operation: string
  readonly resources: readonly string[]
  /** How many resources the record left out. */
  readonly omitted: number
  readonly count: number
  readonly class: string
  readonly classes: readonly string[]
  readonly traits: readonly string[]
  readonly decision: string
  readonly reason: string
  readonly detail: string | null
  /** The rules that refused, throttled, asked or held. */
  readonly rules: readonly string[]
  readonly waitedMs: number
  readonly approval: string | null
  readonly breakglass: string | null
  /** Null: it was not forwarded, or what became of it is not in the log. */
  readonly outcome: HappenedOutcome | null
}

export interface HappenedOutcome {
  readonly decision: string
  readonly reason: string
  /** AWS's HTTP status; null if no answer was seen. */
  readonly status: number | null
  readonly errorCode: string | null
  readonly awsRequestId: string | null
}

/** A HappenedOther is anything else: what people decided, what watchers found, what was counted. */
export interface HappenedOther {
  readonly kind: 'approval' | 'drift' | 'refusals' | 'breakglass' | 'operator' | 'ended'
  readonly time: string
  /** Of an approval `asked`, `approve`, `deny` or `void`; of a break-glass its state; of operators what they did. */
  readonly what: string
  /** Who did it; null if nobody: a watcher, or time. */
  readonly by: string | null
  /** The id of the approval or break-glass, or the name of the watcher. */
  readonly about: string | null
  /** Why, in the words of people, or of the watcher. */
  readonly words: string | null
  readonly resources: readonly string[]
}

export type Happening = HappenedCall | HappenedOther

/** Returns the call of a decision record. */
export function callOf(record: LoggedRecord): HappenedCall {
  const { rules = [], paceRules = [], omitted = 0, count = 1, waitedMs = 0 } = record
  const label = record.class ?? 'unknown'
  return {
    kind: 'call',
    time: record.time,
    requestId: record.requestId ?? '',
    agent: record.agent ?? null,
    task: record.task ?? null,
    operation: `${record.service ?? 'unknown'}:${record.operation ?? '?'}`,
    resources: record.resources ?? [],
    omitted,
    count,
    class: label,
    classes: record.classes ?? [label],
    traits: record.traits ?? [],
    decision: record.decision ?? 'unknown',
    reason: record.reason ?? 'none',
    detail: record.detail ?? null,
    rules: [...new Set([...rules, ...paceRules])],
    waitedMs,
    approval: record.approval ?? null,
    breakglass: record.breakglass ?? null,
    outcome: null,
  }
}

/** Returns how a call ended, of an outcome record. */
export function outcomeOf({
  decision = 'unknown',
  reason = 'none',
  upstream,
}: LoggedRecord): HappenedOutcome {
  return {
    decision,
    reason,
    status: upstream?.status ?? null,
    errorCode: upstream?.errorCode ?? null,
    awsRequestId: upstream?.requestId ?? null,
  }
}

/** Returns what a record of another phase says; undefined for phases that say nothing of a task or an agent. */
export function otherOf(record: LoggedRecord): HappenedOther | undefined {
  const { time, phase, detail = null, admin, resources = [] } = record
  const by = admin?.subject ?? null
  if (phase === 'approval') {
    const what = record.decision ?? 'unknown'
    return { kind: 'approval', time, what, by, about: record.approval ?? null, words: detail, resources }
  }
  if (phase === 'drift') {
    const { detector = null, response = 'mark' } = record.drift ?? {}
    return { kind: 'drift', time, what: response, by: null, about: detector, words: detail, resources: [] }
  }
  if (phase === 'breakglass') return breakglassOf(record)
  if (phase === 'refusals') {
    const words = JSON.stringify(record.refusals ?? {})
    return { kind: 'refusals', time, what: 'counted', by: null, about: null, words, resources: [] }
  }
  return phase === 'admin' ? operatorOf(record) : undefined
}

function operatorOf({ time, decision = 'unknown', detail, admin }: LoggedRecord): HappenedOther {
  const does = admin?.does ?? ''
  const what = decision === 'allow' ? does : `${does} (${decision})`
  const words = admin?.body === undefined ? (detail ?? null) : JSON.stringify(admin.body)
  return { kind: 'operator', time, what, by: admin?.subject ?? null, about: null, words, resources: [] }
}

function breakglassOf({ time, breakglass, opened }: LoggedRecord): HappenedOther {
  const { state = 'open', reason = null, openedBy, confirmedBy, closedBy, resources = [] } = opened ?? {}
  const by = closedBy ?? confirmedBy ?? openedBy ?? null
  return { kind: 'breakglass', time, what: state, by, about: breakglass ?? null, words: reason, resources }
}
