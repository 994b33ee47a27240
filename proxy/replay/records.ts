/** Reads from an audit log what can be replayed, one record at a time. */
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { Scope } from '../core/agent.ts'
import { ACTION_CLASSES, TRAITS } from '../core/action-class.ts'
import { callFields, type Call } from '../core/call.ts'
import { segmentName, segmentNumbers } from '../audit/chain.ts'

/** A Fate is the result of a call: as recorded, or as a simulation gives it. */
export interface Fate {
  readonly decision: 'allow' | 'deny' | 'throttle'
  readonly reason: string
  readonly waitedMs: number
}

/** Describes a recorded call that can be decided again. */
export interface RecordedCall {
  readonly requestId: string
  readonly agent: string
  readonly task: string | undefined
  readonly arrivedAtMs: number
  readonly region: string
  readonly call: RecordedFacts
  /** True if people had approved it. */
  readonly approved: boolean
  readonly now: Fate
}

/** Holds a call without what only the wire needs. */
export type RecordedFacts = Omit<Call, 'model' | 'protocol' | 'hostPrefix' | 'bucket'>

/** Describes a task as it was opened. */
export interface OpenedTask {
  readonly id: string
  readonly root: string
  readonly ancestors: readonly string[]
  readonly scopes: readonly Scope[]
}

export type Read =
  | { readonly kind: 'call'; readonly recordedAtMs: number; readonly call: RecordedCall }
  | { readonly kind: 'task'; readonly agent: string; readonly task: OpenedTask }
  /** Decisions that cannot be made again from the record. */
  | { readonly kind: 'skipped'; readonly why: string; readonly decisions: number }
  | { readonly kind: 'unreadable' }

/** Lists the reasons that policy and pace give; other decisions depended on that moment. */
const REPLAYABLE = new Set([
  'none',
  'policy_denied',
  'unclassified',
  'unmodelled',
  'approval_required',
  'paced',
  'pace_exceeds_burst',
  'queue_full',
  'dwell',
])

const Decision = z.object({
  time: z.iso.datetime(),
  phase: z.literal('decision'),
  requestId: z.string(),
  agent: z.string().optional(),
  task: z.string().optional(),
  service: z.string(),
  operation: z.string().nullable(),
  actions: z.array(z.string()),
  resources: z.array(z.string()),
  omitted: z.number().optional(),
  count: z.number(),
  class: z.enum(ACTION_CLASSES),
  classes: z.array(z.enum(ACTION_CLASSES)),
  traits: z.array(z.enum(TRAITS)),
  facts: z.object({
    omitted: z.unknown().optional(),
    accessLevel: z.enum(['Read', 'List', 'Write', 'Tagging', 'Permissions management', 'Unknown']),
    region: z.string().optional(),
    unmodelled: z.array(z.string()).default([]),
    parameters: z.record(z.string(), z.unknown()).default({}),
    task: z
      .object({ root: z.string(), ancestors: z.array(z.string()), scopes: z.array(z.unknown()) })
      .optional(),
  }),
  decision: z.string(),
  reason: z.string(),
  waitedMs: z.number().optional(),
  approval: z.string().optional(),
})

const Count = z.object({ agent: z.string().optional(), refusals: z.record(z.string(), z.number()) })

/** Yields the records of decisions in order, without those of other phases. Rejects if there is no such folder. */
export async function* readDecisions(dir: string): AsyncGenerator<Read> {
  for (const number of segmentNumbers(await readdir(dir))) {
    const input = createReadStream(join(dir, segmentName(number)))
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      const read = readLine(line)
      if (read !== undefined) yield read
    }
  }
}

function readLine(line: string): Read | undefined {
  if (line === '') return undefined
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    // A crash tears the last line of a segment.
    return { kind: 'unreadable' }
  }
  const phase = (json as { phase?: unknown } | null)?.phase
  if (phase === 'refusals') return readCount(json)
  if (phase !== 'decision') return undefined
  const parsed = Decision.safeParse(json)
  return parsed.success ? readDecision(parsed.data) : { kind: 'unreadable' }
}

/** Reads a record that stands for many refusals, none of which has a record of its own. */
function readCount(json: unknown): Read {
  const parsed = Count.safeParse(json)
  if (!parsed.success) return { kind: 'unreadable' }
  const { agent, refusals } = parsed.data
  const decisions = Object.values(refusals).reduce((sum, each) => sum + each, 0)
  return skipped(agent === undefined ? 'no verified agent' : 'only counted', decisions)
}

function skipped(why: string, decisions = 1): Read {
  return { kind: 'skipped', why, decisions }
}

function readDecision(record: z.output<typeof Decision>): Read {
  const { agent, task, facts, reason, decision, waitedMs = 0 } = record
  if (agent === undefined) return skipped('no verified agent')
  if (facts.task !== undefined && task !== undefined) {
    return { kind: 'task', agent, task: { ...facts.task, id: task, scopes: facts.task.scopes as Scope[] } }
  }
  if (!REPLAYABLE.has(reason)) return skipped(reason)
  // With a part of its resources, actions or parameters, a call would be judged milder than it was.
  if (record.omitted !== undefined || facts.omitted !== undefined) return skipped('record bounded')
  const recordedAtMs = Date.parse(record.time)
  const { accessLevel, region = 'us-east-1', unmodelled, parameters } = facts
  return {
    kind: 'call',
    recordedAtMs,
    call: {
      requestId: record.requestId,
      agent,
      task,
      approved: record.approval !== undefined && reason === 'none',
      arrivedAtMs: recordedAtMs - waitedMs,
      region,
      call: {
        ...callFields(record),
        accessLevel,
        facts: parameters as Call['facts'],
        unmodelled: unmodelled.map(unquoted),
      },
      now: {
        decision: decision === 'allow' || decision === 'throttle' ? decision : 'deny',
        reason,
        waitedMs,
      },
    },
  }
}

/** Removes the quotes in which a record shows an agent's text. */
function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}
