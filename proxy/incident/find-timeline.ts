/** Finds what a task, or an agent, did: in the audit logs of one or more replicas. */
import type { LoggedRecord } from '../audit/search/filter.ts'
import type { SearchedLogs } from '../audit/search/search.ts'
import { openingOf } from './task-facts.ts'
import { TimelineMaker, type Timeline } from './timeline.ts'

/** Asking names one task, or an agent and a time. */
export interface Asking {
  readonly task?: string | undefined
  readonly agent?: string | undefined
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
}

/** Records about an agent that may not name its task. */
const OF_AGENTS = ['drift', 'refusals', 'breakglass'] as const

/** Returns the timeline; undefined if the logs have no record of it. */
export function findTimeline(logs: SearchedLogs, asking: Asking): Timeline | undefined {
  const { task } = asking
  const maker = new TimelineMaker()
  for (const { record } of logs.oldest(asking)) if (isOf(asking, record)) maker.take(record)
  if (maker.isEmpty) return undefined
  const sinceMs = Date.parse(maker.from)
  // The last refusals of a task are counted a little later.
  const untilMs = asking.untilMs ?? Date.parse(maker.until) + 60_000
  if (task !== undefined) {
    for (const agent of maker.agents) {
      for (const phase of OF_AGENTS) {
        const found = logs.oldest({ phase, agent, sinceMs, untilMs })
        for (const { record } of found)
          if (record.task === undefined && record.agent === agent) maker.other(record)
      }
    }
  }
  const names = [...(task === undefined ? [] : [task]), ...maker.agents]
  // What people did about it may come long after it ended.
  for (const { record } of logs.oldest({ phase: 'admin', sinceMs, untilMs: asking.untilMs }))
    if (isAbout(record, names)) maker.other(record)
  return maker.end(task ?? null, task === undefined ? [] : openedFrom(logs, task, sinceMs))
}

/** Names of tasks and agents are compared as they are: an agent may have put a `*` in them. */
function isOf({ task, agent }: Asking, record: LoggedRecord): boolean {
  return (task === undefined || record.task === task) && (agent === undefined || record.agent === agent)
}

function openedFrom(logs: SearchedLogs, task: string, sinceMs: number): string[] {
  const found = new Set<string>()
  for (const { record } of logs.oldest({ phase: 'decision', operation: 'moderato:OpenTask', sinceMs })) {
    const opening = openingOf(record)
    if (opening?.task === null || opening?.decision !== 'allow') continue
    if (opening.ancestors.includes(task)) found.add(opening.task)
  }
  return [...found]
}

/** Tells whether a write of an operator names one of them, in its path or its body. */
function isAbout({ admin }: LoggedRecord, names: readonly string[]): boolean {
  const named = textsIn(admin?.body)
  const path = (admin?.does ?? '').split(/[ /]/).map(decoded)
  return names.some((name) => named.includes(name) || path.includes(name))
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}
