/** Describes timelines and summaries for the admin API and its clients. */
import { z } from 'zod'
import { CallCounts } from '../core/call-counts.ts'
import type { Happening } from './happening.ts'
import type { Remainder } from './remains.ts'
import type { TaskOpening } from './task-facts.ts'
import type { Summary, Timeline } from './timeline.ts'

const OWN_WORDS = "The agent's own words: show them as such, and never as HTML."
const text = z.string()
const orNone = z.string().nullable()
const texts = z.array(z.string())

const Opening = z.object({
  time: text,
  task: orNone,
  agent: orNone,
  root: orNone,
  vouchedBy: text.describe('The identity provider, or the kind of credentials.'),
  subject: text,
  intent: text.describe(OWN_WORDS),
  justification: text.describe(OWN_WORDS),
  ticket: text.describe(OWN_WORDS),
  ancestors: texts,
  role: orNone,
  expiresAt: orNone,
  approval: orNone,
  decision: text,
  reason: text,
}) satisfies z.ZodType<TaskOpening>

const Thing = z.object({
  operation: text,
  resource: text.describe('An ARN; * where only AWS knows.'),
  times: z.int(),
  answered: z.boolean().describe('False: no answer of AWS is in the log, so that it may not have been done.'),
  lastAt: text,
}) satisfies z.ZodType<Remainder>

const Outcome = z.object({
  decision: text,
  reason: text,
  status: z.int().nullable(),
  errorCode: orNone,
  awsRequestId: orNone,
})

const Call = z.object({
  kind: z.literal('call'),
  time: text,
  requestId: text,
  agent: orNone,
  task: orNone,
  operation: text,
  resources: texts,
  omitted: z.int().describe('How many resources the record left out.'),
  count: z.number(),
  class: text,
  classes: texts,
  traits: texts,
  decision: text,
  reason: text,
  detail: orNone,
  rules: texts,
  waitedMs: z.number(),
  approval: orNone,
  breakglass: orNone,
  outcome: Outcome.nullable(),
})

const Other = z.object({
  kind: z.enum(['approval', 'drift', 'refusals', 'breakglass', 'operator', 'ended']),
  time: text,
  what: text,
  by: orNone,
  about: orNone,
  words: orNone,
  resources: texts,
})

const Happenings = z.array(z.union([Call, Other])) satisfies z.ZodType<Happening[]>

export const SummaryAnswer = z.object({
  task: orNone,
  agents: texts,
  tasks: texts,
  from: text,
  until: text,
  openings: z.array(Opening),
  endings: z.array(z.object({ time: text, agent: orNone, cause: text })),
  openedFromIt: texts,
  // Waits add up as the log has them.
  counts: CallCounts.extend({ waitedMs: z.number() }),
  classes: z.record(text, z.int()),
  destroyed: z.array(Thing),
  destroyedMore: z.int(),
  leftBehind: z.array(Thing),
  leftMore: z.int(),
}) satisfies z.ZodType<Summary>

export const TimelineAnswer = SummaryAnswer.extend({
  happenings: Happenings,
  leftOut: z.object({ reads: z.int(), others: z.int() }),
}) satisfies z.ZodType<Timeline>
