/** What is left of each budget, and why the next call of somebody would wait. */
import { jsonOrUndefined } from '../core/json.ts'
import { z } from 'zod'
import { ACTION_CLASSES, severest, TRAITS } from '../core/action-class.ts'
import { taskIn } from '../identity/revocations.ts'
import { chargesOf } from '../pacing/charges.ts'
import { explainDues, liveBuckets } from '../pacing/limits-view.ts'
import type { Parts } from '../server/services.ts'
import { Denial } from '../core/denial/denial.ts'
import { adminRoute, type AdminRoute } from './route.ts'
import { storeError } from './stored.ts'

const MOST_BUCKETS = 1_000

const BucketAnswer = z.strictObject({
  rule: z.string(),
  mode: z.enum(['enforce', 'observe']),
  per: z.record(z.string(), z.string()).describe('What the bucket is for.'),
  rate: z.string(),
  burst: z.int(),
  level: z.int().describe('How many things may go at once now.'),
  fullAtMs: z.number().nullable().describe('When it is full again, in ms since the epoch; null: it is.'),
})

export const LimitsAnswer = z.strictObject({
  nowMs: z.number(),
  buckets: z.array(BucketAnswer).describe('Those that are not full, the emptiest for longest first.'),
  more: z.int().describe('How many further ones are not shown.'),
  held: z.int().describe('Calls that wait now.'),
})
export type LimitsAnswer = z.output<typeof LimitsAnswer>

export const ExplainAnswer = z.strictObject({
  nowMs: z.number(),
  verdict: z.enum(['unpaced', 'now', 'held', 'throttled', 'never']),
  turnAtMs: z.number().nullable().describe('null: never, as it counts more than a burst.'),
  maxWaitMs: z.number(),
  limiting: z.string().nullable().describe('The rule that makes it wait.'),
  ahead: z.int().describe('Calls of this agent that wait already; each in a bucket of this call goes first.'),
  buckets: z.array(
    BucketAnswer.extend({
      weight: z.number(),
      slowed: z.number().describe('How many times as slow the agent is.'),
      turnAtMs: z.number().nullable().describe('When this bucket alone would let it go; null: never.'),
    }),
  ),
})
export type ExplainAnswer = z.output<typeof ExplainAnswer>

const listOf = <const Names extends readonly string[]>(names: Names) =>
  z
    .string()
    .transform((text) => (text === '' ? [] : text.split(',')))
    .pipe(z.array(z.enum(names)))

const resources = z.string().transform((text, context): string[] => {
  const read = z.array(z.string().min(1)).safeParse(jsonOrUndefined(text))
  if (read.success) return read.data
  context.addIssue({ code: 'custom', message: 'must be a JSON list of texts' })
  return z.NEVER
})

const ExplainQuery = z.strictObject({
  agent: z.string().min(1),
  classes: listOf(ACTION_CLASSES).describe('Separated by commas.'),
  traits: listOf(TRAITS).default([]).describe('Separated by commas.'),
  count: z.coerce.number().int().min(1).default(1),
  service: z.string().default('unknown'),
  region: z.string().default('us-east-1'),
  resources: resources.default(['*']).describe('A JSON list.'),
  root: z.string().min(1).optional(),
  task: z.string().min(1).optional().describe('The outermost, where it was opened from another.'),
})

type Asked = Pick<Parts, 'limiter' | 'queue' | 'steadyClock' | 'accountOf'> & {
  readonly pace: Pick<Parts['pace'], 'buckets' | 'pacing' | 'slowdownOf'>
}

export function limitsRoutes(parts: Asked): readonly AdminRoute[] {
  const { pace, limiter, queue, steadyClock, accountOf } = parts
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/limits',
      needs: 'token',
      summary: 'The buckets that calls were charged in and that are not full.',
      query: z.strictObject({ agent: z.string().optional(), rule: z.string().optional() }),
      answer: LimitsAnswer,
      async handle({ query: { agent, rule } }) {
        const nowMs = steadyClock.nowMs()
        const asked = pace.buckets
          .all()
          .filter((each) => rule === undefined || each.rule.name === rule)
          .filter(({ parts: key }) => agent === undefined || key.some(([, value]) => value === agent))
        return { nowMs, ...(await read(liveBuckets(asked, limiter, nowMs, MOST_BUCKETS))), held: queue.held }
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/v1/limits/explain',
      needs: 'token',
      summary: 'Why the next call of an agent would wait. Charges nothing.',
      query: ExplainQuery,
      answer: ExplainAnswer,
      async handle({ query: { classes, traits, count, ...who } }) {
        const { rules, weights } = pace.pacing()
        const call = { class: severest(classes), classes, traits, count }
        const root = who.root ?? who.agent
        const task = who.task === undefined ? undefined : taskIn(root, who.task)
        const account = accountOf({ id: who.agent, root, accessKeyId: '', session: undefined }) ?? '*'
        const payer = { ...who, root, task, account }
        const dues = chargesOf(call, payer, rules, weights, pace.slowdownOf(who.agent))
        const nowMs = steadyClock.nowMs()
        return { nowMs, ...(await read(explainDues(dues, limiter, nowMs))), ahead: queue.heldBy(who.agent) }
      },
    }),
  ]
}

/** Waits for what the limiter's store says. Its guard throws a denial where the store fails; anything else is a bug. */
async function read<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof Denial)) throw error
    throw storeError('see /readyz.')
  }
}
