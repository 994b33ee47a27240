/** Tells what a task, or an agent, did, for people in a hurry: who and why first, then what is left, then each call. */
import type { HappenedCall, HappenedOther, Happening } from '../incident/happening.ts'
import type { Remainder } from '../incident/remains.ts'
import type { TaskOpening } from '../incident/task-facts.ts'
import type { Summary, Timeline } from '../incident/timeline.ts'
import { MAX_ARN, quoteUntrusted } from '../core/quote-untrusted.ts'
import { shownName, shownResources } from './record-words.ts'

const MOST_SHOWN = 100
const MOST_TEXT = 4_096

/** Returns the summary in lines. */
export function summaryInWords(summary: Summary): string {
  const { task, agents, from, until, endings, openedFromIt, counts, classes, ...rest } = summary
  const who = task === null ? '' : `task ${quoteUntrusted(task)} of `
  const lines = [
    `${who}agent ${agents.map(shownName).join(', ') || 'unknown'}, ${from} to ${until}`,
    ...rest.openings.flatMap(openingLines),
    ...(rest.openings.length === 0 ? ['no opening of a task is in the log'] : []),
    ...endings.map(({ time, cause }) => `ended ${time}: ${shownName(cause)}`),
    ...(task === null
      ? [`tasks: ${rest.tasks.map((each) => quoteUntrusted(each)).join(', ') || 'none'}`]
      : []),
    ...openedFromIt.map((each) => `opened from it: task ${quoteUntrusted(each)}`),
    `calls: ${counts.calls}, of them ${counts.forwarded} forwarded, ${counts.refused} refused, ${counts.failed} failed, ${counts.held} held for ${seconds(counts.waitedMs)} together`,
    `by class: ${
      Object.entries(classes)
        .map(([name, calls]) => `${shownName(name)} ${calls}`)
        .join(', ') || 'none'
    }`,
    ...remainderLines('destroyed', rest.destroyed, rest.destroyedMore),
    ...remainderLines('left behind, able to act', rest.leftBehind, rest.leftMore),
  ]
  return `${lines.join('\n')}\n`
}

/** Returns the happenings, one in a line. */
export function* happeningsInWords({ happenings, leftOut, agents }: Timeline): Generator<string> {
  const several = agents.length > 1
  for (const each of happenings) yield `${inWords(each, several)}\n`
  if (leftOut.reads > 0)
    yield `and ${leftOut.reads} more calls that only read: moderato audit search finds them\n`
  if (leftOut.others > 0) yield `and ${leftOut.others} more: moderato audit search finds them\n`
}

function openingLines(opening: TaskOpening): string[] {
  const { time, task, agent, vouchedBy, subject, decision, reason, approval, expiresAt, ancestors, role } =
    opening
  const said = (name: string, text: string): string[] =>
    text === '' ? [] : [`  ${name} ${quoteUntrusted(text, { prose: true, max: MOST_TEXT })}`]
  const done = decision === 'allow' ? 'opened' : `not opened (${decision}, ${reason})`
  const until = expiresAt === null ? '' : `, until ${expiresAt}`
  return [
    `${done} ${time}${until}: task ${quoteUntrusted(task ?? '')} of agent ${shownName(agent ?? 'unknown')}`,
    `  vouched for by ${shownName(vouchedBy)}${subject === '' ? '' : ` as ${quoteUntrusted(subject)}`}`,
    ...said('intent', opening.intent),
    ...said('justification', opening.justification),
    ...said('ticket', opening.ticket),
    ...(approval === null ? [] : [`  approved by people: approval ${approval}`]),
    ...(role === null ? [] : [`  role ${quoteUntrusted(role)}`]),
    ...(ancestors.length === 0
      ? []
      : [`  opened from ${ancestors.map((each) => quoteUntrusted(each)).join(', ')}`]),
  ]
}

function remainderLines(what: string, things: readonly Remainder[], more: number): string[] {
  if (things.length + more === 0) return [`${what}: nothing that the log shows`]
  const shown = things.slice(0, MOST_SHOWN).map(({ operation, resource, times, answered, lastAt }) => {
    const often = times === 1 ? '' : `, ${times} times`
    const sure = answered ? '' : ', NO ANSWER SEEN: check whether it was done'
    return `  ${quoteUntrusted(resource, { max: MAX_ARN })} by ${shownName(operation)}, ${lastAt}${often}${sure}`
  })
  const left = things.length - shown.length + more
  return [
    `${what}: ${things.length + more}`,
    ...shown,
    ...(left === 0 ? [] : [`  and ${left} more: --json has up to 20,000`]),
  ]
}

function inWords(happening: Happening, several: boolean): string {
  return happening.kind === 'call' ? callInLine(happening, several) : otherInLine(happening)
}

function callInLine(call: HappenedCall, several: boolean): string {
  const { time, decision, reason, operation, resources, omitted, count } = call
  const parts = [
    time,
    decision,
    reason === 'none' ? '' : reason,
    call.class,
    shownName(operation),
    shownResources(resources, omitted),
    count > 1 ? `count ${count}` : '',
    several ? `agent ${shownName(call.agent ?? 'unknown')}` : '',
    call.waitedMs > 0 ? `waited ${seconds(call.waitedMs)}` : '',
    call.rules.length === 0 ? '' : `by ${call.rules.map(shownName).join(', ')}`,
    call.approval === null ? '' : `approval ${call.approval}`,
    call.breakglass === null ? '' : `break-glass ${call.breakglass}`,
    ...became(call),
    `request ${call.requestId}`,
  ]
  return parts.filter((part) => part !== '').join(' ')
}

function became({ decision, operation, outcome }: HappenedCall): string[] {
  if (operation.startsWith('moderato:')) return []
  if (outcome === null) return decision === 'allow' ? ['NO OUTCOME IN THE LOG'] : []
  const { status, errorCode, awsRequestId, reason } = outcome
  return [
    status === null ? `not answered (${outcome.decision})` : `AWS ${status}`,
    errorCode === null ? '' : quoteUntrusted(errorCode),
    reason === 'none' ? '' : reason,
    awsRequestId === null ? '' : `AWS request ${shownName(awsRequestId)}`,
  ]
}

function otherInLine({ time, kind, what, by, about, words, resources }: HappenedOther): string {
  const parts = [
    time,
    kind,
    shownName(what),
    about === null ? '' : shownName(about),
    by === null ? '' : `by ${shownName(by)}`,
    shownResources(resources),
    words === null ? '' : quoteUntrusted(words, { prose: true }),
  ]
  return parts.filter((part) => part !== '').join(' ')
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}
