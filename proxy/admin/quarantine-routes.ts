/** Serves quarantines, which stop agents: `/v1/quarantine`. */
import { momentText, momentTextOrNull } from '../core/moment.ts'
import { z } from 'zod'
import { durationMs } from '../config/schema/values.ts'
import type { HoldChange } from '../watch/hold-alert.ts'
import type { Quarantine, Quarantines } from '../watch/quarantines.ts'
import { AdminError, adminRoute, type AdminRoute } from './route.ts'
import { lookAgain, orStoreError } from './stored.ts'
import { markOf, unreadableMark } from './unreadable.ts'

const QuarantineBody = z.strictObject({
  reason: z.string().trim().min(1).max(500).describe('The agent sees it, too.'),
  for: durationMs
    .refine((ms) => ms > 0, 'must be above 0s')
    .optional()
    .describe('A duration such as 10m; without it the quarantine lasts until it is lifted.'),
})

export const QuarantineAnswer = z.object({
  agent: z.string(),
  reason: z.string(),
  by: z.string().describe('The watcher, the person, or the shared token.'),
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable().describe('null if it lasts until it is lifted.'),
  unreadable: unreadableMark,
})

export const QuarantinedAnswer = QuarantineAnswer.extend({
  isKnown: z.boolean().describe('True if an agent with this name exists or can exist.'),
  nearest: z.string().optional().describe('An agent whose name is nearly the same as one that is not known.'),
})

export const QuarantinesAnswer = z.object({ quarantines: z.array(QuarantineAnswer) })

interface QuarantineRoutesDeps {
  readonly isAgent: (id: string) => boolean
  readonly nearestAgent: (id: string) => string | undefined
  /** Tells people elsewhere what an operator did. */
  readonly announce: (change: HoldChange) => void
}

/** Returns the routes of quarantines. */
export function quarantineRoutes(
  quarantines: Quarantines,
  deps: QuarantineRoutesDeps,
): readonly AdminRoute[] {
  const { isAgent, nearestAgent, announce } = deps
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/quarantine',
      needs: 'token',
      summary: 'Lists the agents that are stopped, with who stopped them and why.',
      answer: QuarantinesAnswer,
      handle: () => ({ quarantines: quarantines.all().map(quarantineAnswer) }),
    }),
    adminRoute({
      method: 'POST',
      path: '/v1/quarantine/{agent}',
      needs: 'token',
      summary:
        'Stops an agent: all its calls are refused, also held ones. A quarantine that lasts longer is kept.',
      body: QuarantineBody,
      answer: QuarantinedAnswer,
      async handle({ caller, params, body }) {
        const why = { reason: body.reason, by: caller.subject, forMs: body.for }
        const added = await orStoreError(quarantines.add(params.agent, why), lookAgain('/v1/quarantine'))
        announce(changeOf(added, 'made', caller.subject))
        const isKnown = isAgent(params.agent)
        const nearest = isKnown ? undefined : nearestAgent(params.agent)
        return { ...quarantineAnswer(added), isKnown, nearest }
      },
    }),
    liftRoute(quarantines, deps),
  ]
}

const NOT_QUARANTINED = new AdminError(
  404,
  'not_quarantined',
  'This agent is not in quarantine; moderato quarantine list, or GET /v1/quarantine, lists those that are.',
)

function liftRoute(quarantines: Quarantines, { announce }: QuarantineRoutesDeps): AdminRoute {
  return adminRoute({
    method: 'DELETE',
    path: '/v1/quarantine/{agent}',
    needs: 'token',
    summary: 'Lets an agent continue. Watchers start again from zero for it.',
    answer: QuarantineAnswer,
    check({ params }) {
      if (!quarantines.all().some(({ agent }) => agent === params.agent)) throw NOT_QUARANTINED
    },
    async handle({ caller, params }) {
      const lifted = await orStoreError(quarantines.lift(params.agent), lookAgain('/v1/quarantine'))
      if (lifted === undefined) throw NOT_QUARANTINED
      announce(changeOf(lifted, 'lifted', caller.subject))
      return quarantineAnswer(lifted)
    },
  })
}

function changeOf(
  { agent, reason, untilMs }: Quarantine,
  change: HoldChange['change'],
  by: string,
): HoldChange {
  return { kind: 'quarantine', change, id: agent, what: `agent ${agent}`, reason, by, untilMs }
}

function quarantineAnswer(quarantine: Quarantine): object {
  const { agent, reason, by, sinceMs, untilMs } = quarantine
  const [since, until] = [momentText(sinceMs), momentTextOrNull(untilMs)]
  return { agent, reason, by, since, until, ...markOf(quarantine) }
}
