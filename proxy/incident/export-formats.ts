/** Writes records of the audit log for other tools: as CSV, and as OCSF events. Pure. */
import type { LoggedRecord } from '../audit/search/filter.ts'

type Cell = string | number | null | undefined

const COLUMNS: readonly (readonly [string, (record: LoggedRecord) => Cell])[] = [
  ['time', ({ time }) => time],
  ['seq', ({ seq }) => seq],
  ['phase', ({ phase }) => phase],
  ['decision', ({ decision }) => decision],
  ['reason', ({ reason }) => reason],
  ['class', (record) => record.class],
  ['service', ({ service }) => service],
  ['operation', ({ operation }) => operation],
  ['agent', ({ agent }) => agent],
  ['task', ({ task }) => task],
  ['resources', ({ resources }) => resources?.join(' ')],
  ['count', ({ count }) => count],
  ['waitedMs', ({ waitedMs }) => waitedMs],
  ['rules', ({ rules, paceRules }) => [...(rules ?? []), ...(paceRules ?? [])].join(' ')],
  ['approval', ({ approval }) => approval],
  ['person', ({ admin }) => admin?.subject],
  ['detail', ({ detail }) => detail],
  ['awsStatus', ({ upstream }) => upstream?.status],
  ['awsErrorCode', ({ upstream }) => upstream?.errorCode],
  ['awsRequestId', ({ upstream }) => upstream?.requestId],
  ['requestId', ({ requestId }) => requestId],
]

/** CSV_HEADER is the first line of a CSV file. */
export const CSV_HEADER: string = COLUMNS.map(([name]) => name).join(',')

/** What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"), full-width forms too. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/**
 * Returns a record as one line of CSV (RFC 4180), every cell in quotes. A text that a spreadsheet would take for a formula
 * begins with an apostrophe, because agents choose many of them; characters that nobody sees are `\u{...}`.
 */
export function csvLine(record: LoggedRecord): string {
  return COLUMNS.map(([, cellOf]) => csvCell(cellOf(record))).join(',')
}

function csvCell(cell: Cell): string {
  const text = String(cell ?? '').replaceAll(
    INVISIBLE,
    (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`,
  )
  const safe = typeof cell === 'string' && FORMULA.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}

/** OCSF 1.3, class API Activity, with the profiles cloud and security_control. */
const CLASS_UID = 6003
const SEVERE: ReadonlySet<string> = new Set(['destructive', 'permissions', 'protection', 'credentials'])

/** Returns a decision or an outcome as an OCSF event; undefined for other phases, which are no calls of an API. */
export function ocsfEvent(record: LoggedRecord, version: string): object | undefined {
  const { phase, decision, agent, task, session, upstream, client } = record
  if (phase !== 'decision' && phase !== 'outcome') return undefined
  const activity = activityOf(record)
  const isGood = decision === 'allow' && (upstream?.status ?? 200) < 400
  return {
    category_uid: 6,
    class_uid: CLASS_UID,
    activity_id: activity,
    type_uid: CLASS_UID * 100 + activity,
    time: Date.parse(record.time),
    severity_id: SEVERE.has(record.class ?? '') ? 3 : 1,
    status_id: isGood ? 1 : 2,
    status_detail: record.reason,
    action_id: decision === 'allow' ? 1 : decision === 'deny' || decision === 'throttle' ? 2 : 99,
    metadata: metadataOf(record, version),
    actor: { user: { uid: agent ?? 'unknown' }, session: { uid: session ?? task } },
    api: apiOf(record),
    cloud: { provider: 'AWS' },
    src_endpoint: { ip: client?.address ?? 'unknown' },
    resources: record.resources?.map((uid) => ({ uid })),
    unmapped: {
      task,
      class: record.class,
      classes: record.classes,
      waitedMs: record.waitedMs,
      rules: record.rules,
    },
  }
}

function metadataOf({ seq, requestId, phase }: LoggedRecord, version: string): object {
  return {
    version: '1.3.0',
    product: { name: 'Moderato', vendor_name: 'Moderato', version },
    profiles: ['cloud', 'security_control'],
    uid: `${seq}`,
    correlation_uid: requestId,
    event_code: phase,
  }
}

function apiOf({ operation, service = 'unknown', requestId = '', upstream }: LoggedRecord): object {
  return {
    operation: operation ?? 'unknown',
    service: { name: service },
    request: { uid: requestId },
    response: upstream && { code: upstream.status, error: upstream.errorCode, message: upstream.requestId },
  }
}

/** Returns OCSF's activity: 0 unknown, 1 create, 2 read, 3 update, 4 delete. */
function activityOf({ operation, classes = [], ...record }: LoggedRecord): number {
  const all = new Set([...classes, record.class])
  if (all.has('destructive') || all.has('data-delete')) return 4
  if (all.has('unknown') || record.class === undefined) return 0
  if (record.class === 'read' || record.class === 'list') return 2
  return /^(?:Create|Run|Register)/.test(operation ?? '') ? 1 : 3
}
