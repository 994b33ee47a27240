/** Shows a record of the audit log, with what it is about, as one line for people. */
import type { LoggedRecord } from '../audit/search/filter.ts'
import { MAX_ARN, quoteUntrusted } from '../core/quote-untrusted.ts'

const MOST_RESOURCES = 5
/** What needs no quotes, since it holds no space and nothing that looks like another part of the line. */
const PLAIN = /^[\w:/.@+-]{1,200}$/

/** Returns the line. Names that agents chose are in quotes. */
export function recordInWords(record: LoggedRecord): string {
  const parts = [record.time, record.phase, ...judged(record), ...about(record), ...became(record)]
  return `${parts.filter((part) => part !== undefined && part !== '').join(' ')}\n`
}

/** Returns a name as it is where nothing in it misleads, and in quotes otherwise. */
export function shownName(name: string): string {
  return PLAIN.test(name) ? name : quoteUntrusted(name)
}

/** Returns the first names, in quotes, and how many there are more. */
export function shownResources(resources: readonly string[], omitted = 0, most = MOST_RESOURCES): string {
  const shown = resources.slice(0, most).map((each) => quoteUntrusted(each, { max: MAX_ARN }))
  const left = resources.length - shown.length + omitted
  return left === 0 ? shown.join(', ') : `${shown.join(', ')} and ${left} more`
}

function judged({ decision, reason, service, operation, ...record }: LoggedRecord) {
  const call = service === undefined ? undefined : shownName(`${service}:${operation ?? '?'}`)
  return [decision, reason === 'none' ? undefined : reason, record.class, call]
}

function about({ resources = [], omitted, count = 1, agent, task }: LoggedRecord) {
  return [
    shownResources(resources, omitted),
    count > 1 ? `count=${count}` : undefined,
    agent === undefined ? undefined : `agent=${shownName(agent)}`,
    task === undefined ? undefined : `task=${quoteUntrusted(task)}`,
  ]
}

function became({
  waitedMs = 0,
  rules,
  paceRules,
  admin,
  detail,
  upstream,
  requestId,
  ...record
}: LoggedRecord) {
  const by = [...new Set([...(rules ?? []), ...(paceRules ?? [])])]
  const { status, errorCode, requestId: awsId } = upstream ?? {}
  return [
    waitedMs > 0 ? `waited=${waitedMs}ms` : undefined,
    by.length === 0 ? undefined : `by=${by.map(shownName).join()}`,
    record.approval === undefined ? undefined : `approval=${record.approval}`,
    admin === undefined ? undefined : `${shownName(admin.subject)} did ${quoteUntrusted(admin.does)}`,
    status === undefined ? undefined : `aws=${status}`,
    errorCode === undefined ? undefined : shownName(errorCode),
    awsId === undefined ? undefined : `aws-request=${shownName(awsId)}`,
    record.phase === 'decision' || detail === undefined ? undefined : quoteUntrusted(detail, { prose: true }),
    requestId === undefined ? undefined : `request=${requestId}`,
  ]
}
