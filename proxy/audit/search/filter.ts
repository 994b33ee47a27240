/** Says which records of the audit log a search is for. Pure. */
import { arnMatch, wildcardMatch } from '../../../policy/arn-match.ts'
import type { AuditRecord } from '../record.ts'

/** Names what records must have. A text may hold `*`, which stands for any characters. What is left out is not asked for. */
export interface RecordFilter {
  readonly phase?: string | undefined
  readonly task?: string | undefined
  readonly agent?: string | undefined
  /** Of any of the record's resources. */
  readonly resource?: string | undefined
  /** `DeleteTable` or `dynamodb:DeleteTable`, in any case. */
  readonly operation?: string | undefined
  /** Any of the record's classes. */
  readonly class?: string | undefined
  readonly decision?: string | undefined
  readonly reason?: string | undefined
  /** The name or id of a rule that took part: of pace, policy, approvals, overrides, or of what only observes. */
  readonly rule?: string | undefined
  /** Milliseconds since the epoch: from when, and until before when. */
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
  /** Only records after this one, of a search of one log. */
  readonly afterSeq?: number | undefined
}

/** A LoggedRecord is a record as it stands in the log, with the members of the chain. */
export type LoggedRecord = AuditRecord & {
  readonly seq: number
  /** ISO 8601. */
  readonly time: string
}

/** The members of a record that the index tells apart, in their order; few records differ in all of them. */
export type RecordShape = readonly [
  phase: string,
  task: string,
  agent: string,
  operation: string,
  classes: string,
  decision: string,
  reason: string,
  rules: readonly string[],
]

/** Returns the shape of a record. What it lacks is empty; classes are joined by spaces. */
export function recordShape(record: LoggedRecord): RecordShape {
  const { task = '', agent = '', service, operation, decision = '', reason = '' } = record
  const called = service === undefined ? '' : `${service}:${operation ?? ''}`
  const { classes } = record
  const all = classes === undefined ? (record.class ?? '') : classes.join(' ')
  return [record.phase, task, agent, called, all, decision, reason, rulesOf(record)]
}

const NONE: readonly string[] = []

function rulesOf({ rules, paceRules, overrides, policy, would }: LoggedRecord): readonly string[] {
  const lists = [rules, paceRules, overrides, policy?.rules, would?.deny?.rules, would?.ask?.rules]
  const all = [...lists, would?.throttle?.rules].filter((each) => each !== undefined && each.length > 0)
  const [first = NONE] = all
  return all.length < 2 ? first : [...new Set(all.flat().filter((each) => each !== undefined))]
}

/** Tells whether records of a shape can fit. */
export function fitsShape(filter: RecordFilter, shape: RecordShape): boolean {
  const [phase, task, agent, operation, classes, decision, reason, rules] = shape
  return (
    fits(filter.phase, phase) &&
    fits(filter.task, task) &&
    fits(filter.agent, agent) &&
    fitsOperation(filter.operation, operation) &&
    fitsAny(filter.class, classes.split(' ')) &&
    fits(filter.decision, decision) &&
    fits(filter.reason, reason) &&
    fitsAny(filter.rule, rules)
  )
}

/** Tells whether a resource is one that is asked for. A star that is a part of its name is `${*}`, as in the log. */
export function fitsResource(pattern: string, resource: string): boolean {
  return pattern === resource || arnMatch([pattern], resource)
}

/** Tells whether a time in milliseconds is asked for. One that cannot be read is, so that nothing hides behind it. */
export function fitsTime({ sinceMs = -Infinity, untilMs = Infinity }: RecordFilter, timeMs: number): boolean {
  return Number.isNaN(timeMs) || (timeMs >= sinceMs && timeMs < untilMs)
}

/** Tells whether a record is after the one that a page ended with. */
export function isAfter({ afterSeq = 0 }: RecordFilter, seq: number): boolean {
  return seq > afterSeq
}

/** Tells whether a record fits. */
export function fitsRecord(filter: RecordFilter, record: LoggedRecord): boolean {
  const { resource } = filter
  return (
    isAfter(filter, record.seq) &&
    fitsShape(filter, recordShape(record)) &&
    fitsTime(filter, Date.parse(record.time)) &&
    (resource === undefined || (record.resources ?? NONE).some((each) => fitsResource(resource, each)))
  )
}

function fits(pattern: string | undefined, text: string): boolean {
  return pattern === undefined || pattern === text || (text !== '' && wildcardMatch([pattern], text))
}

function fitsAny(pattern: string | undefined, texts: readonly string[]): boolean {
  return pattern === undefined || texts.some((each) => fits(pattern, each))
}

function fitsOperation(pattern: string | undefined, called: string): boolean {
  if (pattern === undefined) return true
  const [asked, whole] = [pattern.toLowerCase(), called.toLowerCase()]
  return fits(asked, whole) || fits(asked, whole.slice(whole.indexOf(':') + 1))
}
