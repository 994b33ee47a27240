/** Serves freezes: `/v1/freeze`. */
import { momentText, momentTextOrNull } from '../core/moment.ts'
import { z } from 'zod'
import { ACTION_CLASSES } from '../core/action-class.ts'
import { freezeScope, operatorText } from '../config/schema/freeze.ts'
import { durationMs } from '../config/schema/values.ts'
import { didYouMean } from '../core/did-you-mean.ts'
import type { Freeze, Freezes } from '../freeze/freezes.ts'
import { scopeAlone, scopeInWords } from '../freeze/scope.ts'
import type { Clock } from '../core/ports.ts'
import type { HoldChange } from '../watch/hold-alert.ts'
import { AdminError, adminRoute, type AdminRoute } from './route.ts'
import { lookAgain, orStoreError } from './stored.ts'
import { markOf, unreadableMark } from './unreadable.ts'

/** Parses a freeze. A body without a selector is refused: it does not mean everything. */
const FreezeBody = z
  .strictObject({
    everything: z
      .literal(true)
      .optional()
      .describe('Freezes everything; replaces classes, agents, accounts and services.'),
    ...freezeScope,
    reason: operatorText.describe('Agents see it, too.'),
    for: durationMs
      .optional()
      .describe('A duration such as 2h; without it the freeze lasts until it is lifted.'),
    until: z.iso.datetime({ offset: true }).optional().describe('A time; replaces for.'),
  })
  .refine(
    ({ everything, classes, agents, accounts, services }) =>
      (everything !== undefined) !==
      [classes, agents, accounts, services].some((selector) => selector !== undefined),
    'say what to freeze: everything: true, or any of classes, agents, accounts, services',
  )
  .refine((body) => body.for === undefined || body.until === undefined, 'give either for or until, not both')

const scopeAnswer = z.object({
  classes: z.array(z.enum(ACTION_CLASSES)).optional(),
  agents: z.array(z.string()).optional(),
  accounts: z.array(z.string()).optional(),
  services: z.array(z.string()).optional(),
})

export const FreezeAnswer = z.object({
  id: z.string(),
  scope: scopeAnswer.describe('Without members it means everything.'),
  reason: z.string(),
  by: z.string().describe('The person, or the shared token.'),
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable().describe('null if it lasts until it is lifted.'),
  unreadable: unreadableMark,
})

export const FrozenAnswer = FreezeAnswer.extend({
  unknownAgents: z
    .array(z.string())
    .describe('The named agents that do not exist and cannot exist. A pattern may be about agents to come.'),
  nearestAgents: z
    .record(z.string(), z.string())
    .describe('For each of them, an agent whose name is nearly the same, if there is one.'),
})

export const FreezesAnswer = z.object({
  freezes: z.array(FreezeAnswer),
  windows: z
    .array(
      z.object({
        name: z.string(),
        scope: scopeAnswer,
        open: z.boolean(),
        until: z.iso.datetime().nullable().describe('The time when it closes, or opens next.'),
      }),
    )
    .describe('The windows of freeze.windows in the configuration.'),
})

interface FreezeDeps {
  readonly clock: Clock
  readonly services: ReadonlySet<string>
  readonly isAgent: (id: string) => boolean
  readonly nearestAgent: (id: string) => string | undefined
  /** Tells people elsewhere what an operator did. */
  readonly announce: (change: HoldChange) => void
}

/** Returns the routes of freezes. */
export function freezeRoutes(freezes: Freezes, deps: FreezeDeps): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/freeze',
      needs: 'token',
      summary: 'Lists the freezes in force and the freeze windows.',
      answer: FreezesAnswer,
      handle: () => ({
        freezes: freezes.active().map(freezeAnswer),
        windows: freezes.windows().map(({ window, state }) => ({
          name: window.name,
          scope: scopeAlone(window),
          open: state.open,
          until: momentTextOrNull(state.untilMs),
        })),
      }),
    }),
    freezeRoute(freezes, deps),
    liftRoute(freezes, deps),
  ]
}

function freezeRoute(freezes: Freezes, deps: FreezeDeps): AdminRoute {
  const { clock, services, isAgent, nearestAgent, announce } = deps
  return adminRoute({
    method: 'POST',
    path: '/v1/freeze',
    needs: 'token',
    summary:
      'Freezes everything, or calls that match every selector; also held calls and uploads in progress.',
    body: FreezeBody,
    answer: FrozenAnswer,
    check({ body }) {
      const unknown = body.services?.find((name) => !services.has(name))
      if (unknown !== undefined)
        throw new AdminError(
          400,
          'invalid_body',
          `services: the catalogue has no service ${unknown}${didYouMean(unknown, services)}.`,
        )
      untilOf(body, clock.nowMs())
    },
    async handle({ caller, body }) {
      const untilMs = untilOf(body, clock.nowMs())
      const why = { reason: body.reason, by: caller.subject, ...(untilMs === undefined ? {} : { untilMs }) }
      const frozen = await orStoreError(freezes.freeze(scopeAlone(body), why), lookAgain('/v1/freeze'))
      announce(changeOf(frozen, 'made', caller.subject))
      const unknownAgents = (body.agents ?? []).filter((each) => !each.includes('*') && !isAgent(each))
      const near = unknownAgents.map((each) => [each, nearestAgent(each)] as const)
      const nearestAgents = Object.fromEntries(near.filter(([, agent]) => agent !== undefined))
      return { ...freezeAnswer(frozen), unknownAgents, nearestAgents }
    },
  })
}

const NO_SUCH_FREEZE = new AdminError(
  404,
  'no_such_freeze',
  'No freeze with that id is in force; moderato freeze list, or GET /v1/freeze, lists them.',
)

function liftRoute(freezes: Freezes, { announce }: FreezeDeps): AdminRoute {
  return adminRoute({
    method: 'DELETE',
    path: '/v1/freeze/{id}',
    needs: 'token',
    summary: 'Lifts a freeze. To lift a window, change the configuration.',
    answer: FreezeAnswer,
    check({ params }) {
      if (!freezes.active().some(({ id }) => id === params.id)) throw NO_SUCH_FREEZE
    },
    async handle({ caller, params }) {
      const lifted = await orStoreError(freezes.lift(params.id), lookAgain('/v1/freeze'))
      if (lifted === undefined) throw NO_SUCH_FREEZE
      announce(changeOf(lifted, 'lifted', caller.subject))
      return freezeAnswer(lifted)
    },
  })
}

function untilOf({ for: forMs, until }: z.output<typeof FreezeBody>, nowMs: number): number | undefined {
  if (forMs !== undefined) return nowMs + forMs
  if (until === undefined) return undefined
  const untilMs = Date.parse(until)
  if (untilMs > nowMs) return untilMs
  throw new AdminError(400, 'invalid_body', 'until: this time is in the past.')
}

function changeOf(
  { id, scope, reason, untilMs }: Freeze,
  change: HoldChange['change'],
  by: string,
): HoldChange {
  return { kind: 'freeze', change, id, what: scopeInWords(scope), reason, by, untilMs }
}

function freezeAnswer(freeze: Freeze): object {
  const { id, scope, reason, by, sinceMs, untilMs } = freeze
  const [since, until] = [momentText(sinceMs), momentTextOrNull(untilMs)]
  return { id, scope, reason, by, since, until, ...markOf(freeze) }
}
