/** Serves break-glass, `/v1/breakglass`. Only a named person can open it; every operator can close it. */
import { momentText, momentTextOrNull } from '../core/moment.ts'
import { z } from 'zod'
import { problemWith, stateOf, type Breakglass, type BreakglassRequest } from '../breakglass/breakglass.ts'
import type { BreakglassService } from '../breakglass/open.ts'
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
  classes: z.array(breakableClass).min(1).optional().describe('The default is all of breakglass.classes.'),
  resources: z
    .array(pattern)
    .min(1)
    .max(50)
    .optional()
    .describe('The default is all of breakglass.resources.'),
  pace: z.boolean().default(false).describe('True also gives the agent the pace of breakglass.pace.'),
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
  from: z.iso.datetime().nullable().describe('null if it waits for a second person.'),
  until: z.iso.datetime().describe('The time when it expires, or stops waiting for a second person.'),
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
  'This agent already has a break-glass that is open or waits for a second person; close it first.',
)
const UNREADABLE = new AdminError(
  409,
  'unreadable',
  'Another version of Moderato opened it, and this one cannot read it: here it is closed. Confirm or close it on a replica of that version.',
)
const OWN = new AdminError(403, 'second_person_required', 'You opened it; another person must confirm it.')

/** Returns the routes of break-glass. */
export function breakglassRoutes(deps: BreakglassService, clock: Clock): readonly AdminRoute[] {
  const { breakglasses } = deps
  const answer = (each: Breakglass) => breakglassAnswer(each, clock.nowMs())
  return [
    adminRoute({
      method: 'GET',
      path: PATH,
      needs: 'token',
      summary: 'Lists every break-glass that has not expired.',
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
      summary: 'Opens a break-glass for an agent, or makes it wait for a second person.',
      body: OpenBody,
      answer: BreakglassAnswer,
      check: ({ body }) => void openingOf(body, deps),
      async handle({ caller, body }) {
        const opened = await orStoreError(
          breakglasses.open(openingOf(body, deps), caller.subject),
          lookAgain(PATH),
        )
        if (opened === 'already') throw ALREADY_OPEN
        return answer(opened)
      },
    }),
    confirmRoute(breakglasses, answer),
    closeRoute(breakglasses, answer),
  ]
}

type AnswerOf = (each: Breakglass) => z.output<typeof BreakglassAnswer>

function confirmRoute(breakglasses: BreakglassService['breakglasses'], answer: AnswerOf): AdminRoute {
  return adminRoute({
    method: 'POST',
    path: '/v1/breakglass/{id}/confirm',
    needs: 'person',
    summary: 'Opens a break-glass that waits; the caller is the second person.',
    answer: BreakglassAnswer,
    check({ caller, params }) {
      const objection = breakglasses.objectionTo(params.id, caller.subject)
      if (objection !== undefined) throw unconfirmed(objection)
    },
    async handle({ caller, params }) {
      const confirmed = await orStoreError(breakglasses.confirm(params.id, caller.subject), lookAgain(PATH))
      if (typeof confirmed === 'string') throw unconfirmed(confirmed)
      return answer(confirmed)
    },
  })
}

function unconfirmed(why: 'own' | 'none' | 'unreadable'): AdminError {
  if (why === 'none') return notFound('No break-glass with that id waits for a second person')
  return why === 'own' ? OWN : UNREADABLE
}

function closeRoute(breakglasses: BreakglassService['breakglasses'], answer: AnswerOf): AdminRoute {
  return adminRoute({
    method: 'DELETE',
    path: '/v1/breakglass/{id}',
    needs: 'token',
    summary: 'Closes a break-glass now; calls that wait under it are checked again.',
    answer: BreakglassAnswer,
    async handle({ caller, params }) {
      const closed = await orStoreError(breakglasses.close(params.id, caller.subject), lookAgain(PATH))
      if (closed === 'unreadable') throw UNREADABLE
      if (closed !== 'none') return answer(closed)
      throw notFound('No break-glass with that id is open or waits for a second person')
    },
  })
}

function openingOf(
  body: z.output<typeof OpenBody>,
  { settings, isAgent, nearestAgent }: BreakglassService,
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
    : `agent: the configuration has no agent with that id${hint(nearestAgent(body.agent))}.`
  if (problem !== undefined) throw new AdminError(400, 'invalid_body', problem)
  return opening
}

function hint(near: string | undefined): string {
  return near === undefined ? '' : ` (did you mean ${near}?)`
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
