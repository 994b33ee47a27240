/** Reads from an audit log what can be replayed, one record at a time. */
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { Scope } from '../core/agent.ts'
import { ACTION_CLASSES, TRAITS, type ActionClass } from '../core/action-class.ts'
import { callFields, type Call } from '../core/call.ts'
import { segmentName, segmentNumbers } from '../audit/chain.ts'
import { readCircumstance, type Circumstance } from './circumstances.ts'

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
  /** The id of the approval under which it was made; undefined if people had not approved it. */
  readonly approval: string | undefined
  /** The break-glass that was open for its agent. */
  readonly breakglass: RecordedBreakglass | undefined
  readonly now: Fate
}

export interface RecordedBreakglass {
  readonly id: string
  readonly classes: readonly ActionClass[]
  readonly resources: readonly string[]
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
  | { readonly kind: 'circumstance'; readonly circumstance: Circumstance }
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
      .object({
        root: z.string(),
        // Of a task that was refused there are none.
        ancestors: z.array(z.string()).optional(),
        scopes: z.array(z.unknown()).optional(),
      })
      .optional(),
    breakglass: z
      .object({ classes: z.array(z.enum(ACTION_CLASSES)), resources: z.array(z.string()) })
      .optional(),
  }),
  decision: z.string(),
  reason: z.string(),
  waitedMs: z.number().optional(),
  approval: z.string().optional(),
  breakglass: z.string().optional(),
})

/** A decision about a request that was refused before it was known what it does. */
const Refused = z.object({ phase: z.literal('decision'), agent: z.string().optional(), reason: z.string() })

const Count = z.object({ agent: z.string().optional(), refusals: z.record(z.string(), z.number()) })

/** Yields what replay goes by, in order. Rejects if there is no such folder. */
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
  if (phase !== 'decision') {
    const circumstance = readCircumstance(phase, json)
    return circumstance && { kind: 'circumstance', circumstance }
  }
  const parsed = Decision.safeParse(json)
  if (parsed.success) return readDecision(parsed.data)
  const refused = Refused.safeParse(json).data
  if (refused === undefined || REPLAYABLE.has(refused.reason)) return { kind: 'unreadable' }
  return skipped(refused.agent === undefined ? 'no verified agent' : refused.reason)
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
  if (facts.task !== undefined) return readOpening(record)
  // A task fetches its credentials, ends, and has things signed: these ways have pipelines of their own.
  if (record.service === 'moderato') return skipped('requests to Moderato itself')
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
      approval: reason === 'approval_required' ? undefined : record.approval,
      breakglass: breakglassOf(record),
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

/** Openings are not judged again: what was asked for is in the record as a text of the agent. */
function readOpening({ agent, task, facts, reason }: z.output<typeof Decision>): Read {
  const { root, ancestors, scopes } = facts.task ?? {}
  if (agent === undefined || task === undefined || root === undefined || reason !== 'none')
    return skipped('openings of tasks')
  if (ancestors === undefined || scopes === undefined) return skipped('openings of tasks')
  return { kind: 'task', agent, task: { id: task, root, ancestors, scopes: scopes as Scope[] } }
}

function breakglassOf({ breakglass: id, facts }: z.output<typeof Decision>): RecordedBreakglass | undefined {
  return id === undefined || facts.breakglass === undefined ? undefined : { id, ...facts.breakglass }
}

/** Removes the quotes in which a record shows an agent's text. */
function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}
