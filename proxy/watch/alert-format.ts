/** Tells of drift in the audit, in the log, and to people elsewhere. */
import { momentText } from '../core/moment.ts'
import type { AuditRecord } from '../audit/record.ts'
import { quoteRedacted } from '../observe/redact.ts'
import type { Drift } from './watch.ts'

/** Returns the audit record of phase `drift`. */
export function driftFields(drift: Drift): AuditRecord {
  const { agent, task, words, detector, response, requestIds, requests } = drift
  return {
    phase: 'drift',
    agent,
    task: task?.id,
    detail: words,
    drift: { detector, response, requestIds, requests },
  }
}

/** Returns what a program is posted. */
export function jsonAlert(drift: Drift, nowMs: number): object {
  const { detector, response, agent, task, words, requestIds, requests } = drift
  const time = momentText(nowMs)
  return { kind: 'drift', time, detector, response, agent, task: task?.id, words, requestIds, requests }
}

/** Returns what people are told. */
export function textAlert({ detector, response, agent, task, words, requestIds }: Drift): string {
  const of = task === undefined ? '' : `, task ${quoteRedacted(task.id)}`
  const lines = [
    `Moderato: ${detector} (${response}) by agent ${quoteRedacted(agent)}${of}`,
    words,
    `Requests: ${requestIds.join(', ')}`,
  ]
  return lines.join('\n')
}
