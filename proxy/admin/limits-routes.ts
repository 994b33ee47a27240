/** Serves limits: what is left of each budget, and why the next call of an agent would wait. */
import { jsonOrUndefined } from '../core/json.ts'
import { z } from 'zod'
import { ACTION_CLASSES, severest, TRAITS } from '../core/action-class.ts'
import { taskIn } from '../identity/revocations.ts'
import { chargesOf } from '../pacing/charges.ts'
import { explainCharges, liveBuckets } from '../pacing/limits-view.ts'
import type { Agent } from '../core/agent.ts'
import type { Clock } from '../core/ports.ts'
import type { KeptBuckets, Limiter } from '../pacing/limiter.ts'
import { RuleFinder, type Bucket } from '../pacing/live-buckets.ts'
import type { PaceQueue } from '../pacing/queue.ts'
import { widenedRules, type Widened } from '../pacing/widened.ts'
import type { Rates } from '../runtime/rate-settings.ts'
import { Denial } from '../core/denial/denial.ts'
import { adminRoute, type AdminRoute } from './route.ts'
import { storeError } from './stored.ts'

const MOST_BUCKETS = 1_000

const BucketAnswer = z.strictObject({
  rule: z.string(),
  mode: z.enum(['enforce', 'observe']),
  per: z.record(z.string(), z.string()).describe('The values that the bucket belongs to.'),
  rate: z.string(),
  burst: z.int(),
  level: z.int().describe('The number of things that may go at once now.'),
  fullAtMs: z
    .number()
    .nullable()
    .describe('The time when it is full again, in ms since the epoch; null if it is full.'),
})

export const LimitsAnswer = z.strictObject({
  nowMs: z.number(),
  enforced: z.boolean().describe('False in observe mode: no bucket holds or throttles a call.'),
  buckets: z
    .array(BucketAnswer)
    .describe('The buckets that are not full; the one that is full again last comes first.'),
  more: z.int().describe('The number of buckets that are not shown.'),
  held: z.int().describe('The number of calls that wait now.'),
})
export type LimitsAnswer = z.output<typeof LimitsAnswer>

export const ExplainAnswer = z.strictObject({
  nowMs: z.number(),
  enforced: z.boolean().describe('False in observe mode: the verdict is what would be.'),
  verdict: z.enum(['unpaced', 'now', 'held', 'throttled', 'never']),
  turnAtMs: z.number().nullable().describe('null: never, as it counts more than a burst.'),
  maxWaitMs: z.number(),
  limiting: z.string().nullable().describe('The rule that makes it wait.'),
  ahead: z
    .int()
    .describe(
      'The number of calls of this agent that wait already; those in a bucket of this call go first.',
    ),
  buckets: z.array(
    BucketAnswer.extend({
      weight: z.number(),
      slowed: z.number().describe('The factor by which the agent is slowed.'),
      turnAtMs: z
        .number()
        .nullable()
        .describe('The time when this bucket alone would let it go; null if never.'),
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

export interface LimitsRoutesDeps {
  readonly limiter: Limiter & KeptBuckets
  readonly queue: PaceQueue
  readonly rates: Pick<Rates, 'pacing' | 'slowdownOf'>
  readonly mode: () => 'enforce' | 'observe'
  /** Returns the break-glasses that widen the pace of their agents now. */
  readonly widened: () => readonly Widened[]
  readonly steadyClock: Clock
  readonly accountOf: (agent: Agent) => string | undefined
}

/** Returns the routes of limits. */
export function limitsRoutes(deps: LimitsRoutesDeps): readonly AdminRoute[] {
  return [listRoute(deps), explainRoute(deps)]
}

function listRoute({ rates, limiter, queue, steadyClock, mode, widened }: LimitsRoutesDeps): AdminRoute {
  return adminRoute({
    method: 'GET',
    path: '/v1/limits',
    needs: 'token',
    summary: 'Lists the buckets that are not full, whichever process charged them.',
    query: z.strictObject({ agent: z.string().optional(), rule: z.string().optional() }),
    answer: LimitsAnswer,
    async handle({ query: { agent, rule } }) {
      const nowMs = steadyClock.nowMs()
      const { rules } = rates.pacing()
      const finder = new RuleFinder(rules, ...widened().map((each) => widenedRules(rules, each)))
      const isAsked = (bucket: Bucket): boolean =>
        (rule === undefined || bucket.rule.name === rule) &&
        (agent === undefined || bucket.parts.some(([, value]) => value === agent))
      const live = await read(liveBuckets({ limiter, rules: finder }, isAsked, nowMs, MOST_BUCKETS))
      return { nowMs, enforced: mode() === 'enforce', ...live, held: queue.held }
    },
  })
}

function explainRoute({ rates, limiter, queue, steadyClock, accountOf, mode }: LimitsRoutesDeps): AdminRoute {
  return adminRoute({
    method: 'GET',
    path: '/v1/limits/explain',
    needs: 'token',
    summary: 'Explains why the next call of an agent would wait. Charges nothing.',
    query: ExplainQuery,
    answer: ExplainAnswer,
    async handle({ query: { classes, traits, count, ...who } }) {
      const { rules, weights } = rates.pacing()
      const call = { class: severest(classes), classes, traits, count }
      const root = who.root ?? who.agent
      const task = who.task === undefined ? undefined : taskIn(root, who.task)
      const account = accountOf({ id: who.agent, root, accessKeyId: '', session: undefined }) ?? '*'
      const subject = { ...who, root, task, account }
      const charges = chargesOf(call, subject, rules, weights, rates.slowdownOf(who.agent))
      const nowMs = steadyClock.nowMs()
      return {
        nowMs,
        enforced: mode() === 'enforce',
        ...(await read(explainCharges(charges, limiter, nowMs))),
        ahead: queue.heldBy(who.agent),
      }
    },
  })
}

/** Returns the answer of the limiter's store. A denial means that the store does not answer; any other error is a bug. */
async function read<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof Denial)) throw error
    throw storeError('see /readyz.')
  }
}
