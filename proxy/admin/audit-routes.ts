/** Serves what the audit log knows: `/v1/audit/records`, `/v1/tasks/{id}` and `/v1/tasks/{id}/timeline`. */
import { z } from 'zod'
import { ASKED_TEXTS, filterOf } from '../audit/search/asked.ts'
import type { Clock } from '../core/ports.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import type { AuditSearcher } from '../incident/audit-searcher.ts'
import type { Timeline } from '../incident/timeline.ts'
import { SummaryAnswer, TimelineAnswer } from '../incident/timeline-schema.ts'
import { AdminError, adminRoute, type AdminRoute } from './route.ts'

const USUAL_LIMIT = 100
const MOST = 1_000

const asked = z.string().min(1).max(2_048).optional()
const texts = Object.fromEntries(ASKED_TEXTS.map((name) => [name, asked])) as Record<
  (typeof ASKED_TEXTS)[number],
  typeof asked
>

const RecordsQuery = z.strictObject({
  ...texts,
  since: asked.describe('30m, 2h or 7d before now, or a date.'),
  until: asked,
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/)
    .transform(Number)
    .refine((limit) => limit <= MOST, `must be at most ${MOST}`)
    .optional(),
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .optional()
    .describe('The `next` of the page before, or 0 for the first page: pages begin with the oldest record.'),
})

export const RecordsAnswer = z.object({
  records: z
    .array(z.record(z.string(), z.unknown()))
    .describe('As docs/audit.md describes them, newest last. Without `after`, the newest that fit.'),
  more: z.boolean().describe('Whether the limit left any out: older ones, or with `after` newer ones.'),
  next: z.int().nullable().describe('With `after`: the `after` of the next page; null if this is the last.'),
})

export interface AuditRoutesDeps {
  readonly auditSearcher: Pick<AuditSearcher, 'records' | 'timeline'>
  readonly clock: Clock
}

/** Returns the routes. They answer from this replica's log. */
export function auditRoutes(deps: AuditRoutesDeps): readonly AdminRoute[] {
  const timelineOf = async (task: string): Promise<Timeline> => {
    const found = await deps.auditSearcher.timeline({ task })
    if (found !== undefined) return found
    const message = `The audit log of this replica has no record of task ${quoteUntrusted(task)}; GET /v1/tasks lists the open ones, GET /v1/audit/records finds others.`
    throw new AdminError(404, 'no_such_task', message)
  }
  return [
    recordsRoute(deps),
    adminRoute({
      method: 'GET',
      path: '/v1/tasks/{id}',
      needs: 'token',
      summary:
        'Shows a task, open or ended: who opened it and why, its calls, what it destroyed and left behind.',
      answer: SummaryAnswer,
      async handle({ params }) {
        const { happenings: _, leftOut: __, ...summary } = await timelineOf(params.id)
        return summary
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/v1/tasks/{id}/timeline',
      needs: 'token',
      summary: 'Tells all that a task did, open or ended, and what people decided about it.',
      answer: TimelineAnswer,
      handle: ({ params }) => timelineOf(params.id),
    }),
  ]
}

function recordsRoute({ auditSearcher, clock }: AuditRoutesDeps): AdminRoute {
  return adminRoute({
    method: 'GET',
    path: '/v1/audit/records',
    needs: 'token',
    summary: "Finds records in this replica's audit log; a * in a value stands for any characters.",
    query: RecordsQuery,
    answer: RecordsAnswer,
    async handle({ query: { limit = USUAL_LIMIT, after, ...rest } }) {
      const filter = filterOf(rest, clock.nowMs())
      if ('wrong' in filter) throw new AdminError(400, 'invalid_query', `${filter.name}: ${filter.wrong}.`)
      const { records, more } = await auditSearcher.records({ ...filter, afterSeq: after }, limit)
      const next = after !== undefined && more ? (records.at(-1)?.seq ?? null) : null
      return { records, more, next }
    },
  })
}
