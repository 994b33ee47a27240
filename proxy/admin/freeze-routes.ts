/** Freezing and lifting: `/v1/freeze`. */
import { momentText, momentTextOrNull } from '../core/moment.ts'
import { z } from 'zod'
import { ACTION_CLASSES } from '../core/action-class.ts'
import { freezeScope, operatorText } from '../config/schema/freeze.ts'
import { durationMs } from '../config/schema/values.ts'
import type { Freeze, Freezes } from '../freeze/freezes.ts'
import { scopeAlone } from '../freeze/scope.ts'
import type { Clock } from '../core/ports.ts'
import { AdminError, adminRoute, type AdminRoute } from './route.ts'
import { lookAgain, orStoreError } from './stored.ts'
import { markOf, unreadableMark } from './unreadable.ts'

/** Everything must be meant: a body that names nothing is refused, not taken for all. */
const FreezeBody = z
  .strictObject({
    everything: z.literal(true).optional().describe('In place of classes, agents, accounts and services.'),
    ...freezeScope,
    reason: operatorText.describe('Told to agents, too.'),
    for: durationMs.optional().describe('A duration such as 2h; until it is lifted otherwise.'),
    until: z.iso.datetime({ offset: true }).optional().describe('Or a moment.'),
  })
  .refine(
    ({ everything, classes, agents, accounts, services }) =>
      (everything !== undefined) !==
      [classes, agents, accounts, services].some((selector) => selector !== undefined),
    'name what to freeze: everything: true, or any of classes, agents, accounts, services',
  )
  .refine((body) => body.for === undefined || body.until === undefined, 'for and until exclude each other')

const scopeAnswer = z.object({
  classes: z.array(z.enum(ACTION_CLASSES)).optional(),
  agents: z.array(z.string()).optional(),
  accounts: z.array(z.string()).optional(),
  services: z.array(z.string()).optional(),
})

export const FreezeAnswer = z.object({
  id: z.string(),
  scope: scopeAnswer.describe('Without members: everything.'),
  reason: z.string(),
  by: z.string().describe('The person, or the shared token.'),
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable().describe('null: until it is lifted.'),
  unreadable: unreadableMark,
})

export const FrozenAnswer = FreezeAnswer.extend({
  unknownAgents: z.array(z.string()).describe('Those named of which there is, and may be, none.'),
})

export const FreezesAnswer = z.object({
  freezes: z.array(FreezeAnswer),
  windows: z
    .array(
      z.object({
        name: z.string(),
        scope: scopeAnswer,
        open: z.boolean(),
        until: z.iso.datetime().nullable().describe('When it closes, or opens next.'),
      }),
    )
    .describe('Of freeze.windows in the configuration.'),
})

interface FreezeDeps {
  readonly clock: Clock
  readonly services: { has(name: string): boolean }
  readonly isAgent: (id: string) => boolean
}

export function freezeRoutes(
  freezes: Freezes,
  { clock, services, isAgent }: FreezeDeps,
): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/freeze',
      needs: 'token',
      summary: 'The freezes in force, and the freeze windows.',
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
    adminRoute({
      method: 'POST',
      path: '/v1/freeze',
      needs: 'token',
      summary:
        'Freezes everything, or what all the given selectors name; held calls and uploads under way, too.',
      body: FreezeBody,
      answer: FrozenAnswer,
      async handle({ caller, body }) {
        const unknown = body.services?.find((name) => !services.has(name))
        if (unknown !== undefined)
          throw new AdminError(400, 'invalid_body', `services: the catalogue has no service ${unknown}.`)
        const untilMs = untilOf(body, clock.nowMs())
        const why = { reason: body.reason, by: caller.subject, ...(untilMs === undefined ? {} : { untilMs }) }
        const frozen = await orStoreError(freezes.freeze(scopeAlone(body), why), lookAgain('/v1/freeze'))
        const unknownAgents = (body.agents ?? []).filter((each) => !each.includes('*') && !isAgent(each))
        return { ...freezeAnswer(frozen), unknownAgents }
      },
    }),
    adminRoute({
      method: 'DELETE',
      path: '/v1/freeze/{id}',
      needs: 'token',
      summary: 'Lifts a freeze. A window is lifted by changing the configuration.',
      answer: FreezeAnswer,
      async handle({ params }) {
        const lifted = await orStoreError(freezes.lift(params.id), lookAgain('/v1/freeze'))
        if (lifted !== undefined) return freezeAnswer(lifted)
        throw new AdminError(
          404,
          'no_such_freeze',
          'No freeze of that id is in force; moderato freeze list, or GET /v1/freeze, shows them.',
        )
      },
    }),
  ]
}

function untilOf({ for: forMs, until }: z.output<typeof FreezeBody>, nowMs: number): number | undefined {
  if (forMs !== undefined) return nowMs + forMs
  if (until === undefined) return undefined
  const untilMs = Date.parse(until)
  if (untilMs > nowMs) return untilMs
  throw new AdminError(400, 'invalid_body', 'until: is over already.')
}

function freezeAnswer(freeze: Freeze): object {
  const { id, scope, reason, by, sinceMs, untilMs } = freeze
  const [since, until] = [momentText(sinceMs), momentTextOrNull(untilMs)]
  return { id, scope, reason, by, since, until, ...markOf(freeze) }
}
