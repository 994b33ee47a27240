/** Reads what records say of a task: how it was opened, and how it ended. */
import { z } from 'zod'
import type { LoggedRecord } from '../audit/search/filter.ts'
import { jsonOrUndefined } from '../core/json.ts'

const Opened = z.object({
  root: z.string().optional(),
  openedBy: z.string(),
  subject: z.string().optional(),
  intent: z.string().optional(),
  justification: z.string().optional(),
  ticket: z.string().optional(),
  ancestors: z.array(z.string()).optional(),
  roleArn: z.string().optional(),
  expiresAt: z.string().optional(),
})
const Ended = z.object({ cause: z.string() })

/** A TaskOpening says who opened a task, and why. Its texts are the agent's own words; empty: it said nothing. */
export interface TaskOpening {
  readonly time: string
  readonly task: string | null
  readonly agent: string | null
  readonly root: string | null
  /** The identity provider, or the kind of credentials, that vouched for the agent; and whom it named. */
  readonly vouchedBy: string
  readonly subject: string
  readonly intent: string
  readonly justification: string
  readonly ticket: string
  /** The tasks from which it was opened, the oldest first. */
  readonly ancestors: readonly string[]
  readonly role: string | null
  readonly expiresAt: string | null
  /** The approval that allowed it. */
  readonly approval: string | null
  readonly decision: string
  readonly reason: string
}

/** Returns how a task was opened, or was to be; undefined if the record is of something else. */
export function openingOf(record: LoggedRecord): TaskOpening | undefined {
  if (record.phase !== 'decision' || record.service !== 'moderato') return undefined
  const read = z.object({ task: Opened }).safeParse(record.facts)
  if (!read.success) return undefined
  const { task } = read.data
  return {
    time: record.time,
    task: record.task ?? null,
    agent: record.agent ?? null,
    root: task.root ?? null,
    vouchedBy: task.openedBy,
    subject: said(task.subject),
    intent: said(task.intent),
    justification: said(task.justification),
    ticket: said(task.ticket),
    ancestors: task.ancestors ?? [],
    role: task.roleArn ?? null,
    expiresAt: task.expiresAt ?? null,
    approval: record.approval ?? null,
    decision: record.decision ?? 'unknown',
    reason: record.reason ?? 'none',
  }
}

/** Returns why a task ended (`ended`, `expired`, `operator`, ...); undefined if the record does not say so. */
export function endingOf({ phase, facts }: LoggedRecord): string | undefined {
  if (phase !== 'task') return undefined
  const read = Ended.safeParse(facts)
  return read.success ? read.data.cause : 'unknown'
}

/** The record has the agent's text in quotes, unless it was too long. */
function said(text = ''): string {
  const plain = jsonOrUndefined(text)
  return typeof plain === 'string' ? plain : text
}
