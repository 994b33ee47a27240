/** Break-glass: `/v1/breakglass`. A named person opens it; whoever may operate can close it. */
import { momentText, momentTextOrNull } from '../core/moment.ts'
import { z } from 'zod'
import { problemWith, stateOf, type Breakglass, type BreakglassRequest } from '../breakglass/breakglass.ts'
import type { openBreakglass } from '../breakglass/open.ts'
import { ACTION_CLASSES } from '../core/action-class.ts'
import { breakableClass } from '../config/schema/breakglass.ts'
import { operatorText } from '../config/schema/freeze.ts'
import { durationMs } from '../config/schema/values.ts'
import type { Clock } from '../core/ports.ts'
import { AdminError, adminRoute, type AdminRoute } from './route.ts'
import { lookAgain, orStoreError } from './stored.ts'
import { unreadableList, unreadableOf } from './unreadable.ts'

const PATH = '/v1/breakglass'
const pattern = z.string().regex(/^[\x21-\x7e]{1,2048}$/, 'must be printable ASCII, 2048 characters at most')

const OpenBody = z.strictObject({
  agent: z.string().min(1).max(256),
  for: durationMs.describe('A duration such as 30m.'),
  reason: operatorText,
  ticket: operatorText,
  classes: z.array(breakableClass).min(1).optional().describe('All of breakglass.classes otherwise.'),
  resources: z.array(pattern).min(1).max(50).optional().describe('All of breakglass.resources otherwise.'),
  pace: z.boolean().default(false).describe('The agent goes at breakglass.pace, too.'),
})

export const BreakglassAnswer = z.object({
  id: z.string(),
  state: z.enum(['pending', 'open', 'closed', 'ended']),
  agent: z.string(),
  reason: z.string(),
  ticket: z.string(),
  classes: z.array(z.enum(ACTION_CLASSES)),
  resources: z.array(z.string()),
  pace: z.boolean(),
  openedBy: z.string(),
  openedAt: z.iso.datetime(),
  confirmedBy: z.string().nullable(),
  from: z.iso.datetime().nullable().describe('null: it waits for a second person.'),
  until: z.iso.datetime().describe('When it ends by itself, or stops to wait.'),
  closedBy: z.string().nullable(),
  closedAt: z.iso.datetime().nullable(),
})
export const BreakglassList = z.object({
  breakglasses: z.array(BreakglassAnswer),
  unreadable: unreadableList,
})

const ALREADY_OPEN = new AdminError(
  409,
  'already_open',
  'This agent has one, open or waiting for a second person; close it first.',
)
const UNREADABLE = new AdminError(
  409,
  'unreadable',
  'Another version of Moderato opened it, and this one cannot read it: here it is closed. Confirm or close it on a replica of that version.',
)
const OWN = new AdminError(403, 'second_person_required', 'You opened it; another person must confirm it.')

type OpenedBreakglass = Pick<ReturnType<typeof openBreakglass>, 'breakglasses' | 'settings' | 'isAgent'>

export function breakglassRoutes(deps: OpenedBreakglass, clock: Clock): readonly AdminRoute[] {
  const { breakglasses } = deps
  const answer = (each: Breakglass) => breakglassAnswer(each, clock.nowMs())
  return [
    adminRoute({
      method: 'GET',
      path: PATH,
      needs: 'token',
      summary: 'Every break-glass whose time is not over.',
      answer: BreakglassList,
      handle: () => ({
        breakglasses: breakglasses.all().map(answer),
        ...unreadableOf(breakglasses.unreadable()),
      }),
    }),
    adminRoute({
      method: 'POST',
      path: PATH,
      needs: 'person',
      summary: 'Opens one for an agent, or has it wait for a second person.',
      body: OpenBody,
      answer: BreakglassAnswer,
      async handle({ caller, body }) {
        const opened = await orStoreError(
          breakglasses.open(openingOf(body, deps), caller.subject),
          lookAgain(PATH),
        )
        if (opened === 'already') throw ALREADY_OPEN
        return answer(opened)
      },
    }),
    adminRoute({
      method: 'POST',
      path: '/v1/breakglass/{id}/confirm',
      needs: 'person',
      summary: 'Opens one that waits, from now on: as the second person.',
      answer: BreakglassAnswer,
      async handle({ caller, params }) {
        const confirmed = await orStoreError(breakglasses.confirm(params.id, caller.subject), lookAgain(PATH))
        if (confirmed === 'own') throw OWN
        if (confirmed === 'unreadable') throw UNREADABLE
        if (confirmed !== 'none') return answer(confirmed)
        throw notFound('No break-glass of that id waits for a second person')
      },
    }),
    adminRoute({
      method: 'DELETE',
      path: '/v1/breakglass/{id}',
      needs: 'token',
      summary: 'Closes one now; what waits under it is judged again.',
      answer: BreakglassAnswer,
      async handle({ caller, params }) {
        const closed = await orStoreError(breakglasses.close(params.id, caller.subject), lookAgain(PATH))
        if (closed === 'unreadable') throw UNREADABLE
        if (closed !== 'none') return answer(closed)
        throw notFound('No break-glass of that id is open or waits')
      },
    }),
  ]
}

function openingOf(
  body: z.output<typeof OpenBody>,
  { settings, isAgent }: OpenedBreakglass,
): BreakglassRequest {
  const { for: forMs, classes, resources, ...rest } = body
  const allowed = settings()
  const opening = {
    ...rest,
    forMs,
    classes: classes ?? allowed.classes,
    resources: resources ?? allowed.resources,
  }
  const problem = isAgent(body.agent)
    ? problemWith(opening, allowed)
    : 'agent: the configuration has no agent of that id.'
  if (problem !== undefined) throw new AdminError(400, 'invalid_body', problem)
  return opening
}

function notFound(what: string): AdminError {
  return new AdminError(404, 'no_such_breakglass', `${what}; GET ${PATH} lists them.`)
}

function breakglassAnswer(each: Breakglass, nowMs: number): z.output<typeof BreakglassAnswer> {
  const { id, agent, reason, ticket, classes, resources, pace, openedBy } = each
  return {
    id,
    state: stateOf(each, nowMs),
    agent,
    reason,
    ticket,
    classes,
    resources,
    pace,
    openedBy,
    openedAt: momentText(each.openedAtMs),
    confirmedBy: each.confirmedBy ?? null,
    from: momentTextOrNull(each.fromMs),
    until: momentText(each.untilMs),
    closedBy: each.closedBy ?? null,
    closedAt: momentTextOrNull(each.closedAtMs),
  }
}
