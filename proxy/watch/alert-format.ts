/** Tells of drift in the audit, in the log, and to people elsewhere. */
import { momentText } from '../core/moment.ts'
import type { AuditRecord } from '../audit/record.ts'
import { quoteRedacted } from '../observe/redact.ts'
import type { Alert } from './alerts.ts'
import { lasting } from './detectors/phrasing.ts'
import { USUAL_RESPONSE_MS } from './respond.ts'
import type { DriftReport } from './groups.ts'

/** Returns the audit record of phase `drift`. */
export function driftFields(report: DriftReport): AuditRecord {
  const { agent, task, detector, response, requestIds, requests, findings, moreThings } = report
  const things = quoted(report)
  return {
    phase: 'drift',
    agent,
    task: task?.id,
    detail: driftWords(report),
    drift: { detector, response, findings, things, moreThings, requestIds, requests, ...lasts(report) },
  }
}

/** Says how long a response lasts that changes what later calls get: replay goes by it. */
function lasts({ response, factor, fromMs, untilMs, forMs = USUAL_RESPONSE_MS }: DriftReport) {
  if (response !== 'slow' && response !== 'approve') return {}
  const [from, until] = [momentText(fromMs), momentText(untilMs + forMs)]
  return { from, until, factor: response === 'slow' ? factor : undefined }
}

/** Returns what happened, in words: of one finding its own; of many their number, what they were about, and the last. */
export function driftWords(report: DriftReport): string {
  const { words, findings, moreThings, fromMs, untilMs } = report
  const things = quoted(report)
  const named = things.join(', ') + (moreThings === 0 ? '' : ` and ${moreThings} more`)
  if (findings === 1) return things.length + moreThings < 2 ? words : `${words} It is about ${named}.`
  const about = named === '' ? '' : `, about ${named}`
  return `${findings} findings within ${lasting(Math.max(1_000, untilMs - fromMs))}${about}. The last: ${words}`
}

/** No name of a thing can be taken for ours. */
function quoted({ things }: DriftReport): string[] {
  return things.map((thing) => quoteRedacted(thing))
}

/** Returns the message that a program is posted, and the one that people read. */
export function driftAlert(report: DriftReport, nowMs: number): Alert {
  const { detector, response, agent, task, requestIds, requests, findings, moreThings } = report
  const words = driftWords(report)
  const json = {
    kind: 'drift',
    time: momentText(nowMs),
    detector,
    response,
    agent,
    task: task?.id,
    words,
    findings,
    things: quoted(report),
    moreThings,
    update: report.isUpdate,
    requestIds,
    requests,
  }
  const of = report.isOverTasks
    ? ', in many tasks'
    : task === undefined
      ? ''
      : `, task ${quoteRedacted(task.id)}`
  const more = report.isUpdate ? 'goes on: ' : ''
  const lines = [
    `Moderato: ${more}${detector} (${response}) by agent ${quoteRedacted(agent)}${of}`,
    words,
    `Requests: ${requestIds.join(', ')}`,
  ]
  return { about: detector, json, text: lines.join('\n') }
}
