/** Serves open tasks, the sessions seen by this replica, and their revocation: `/v1/tasks`, `/v1/sessions`. */
import { momentText, momentTextOrNull } from '../core/moment.ts'
import { z } from 'zod'
import { CallCounts } from '../core/call-counts.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { operatorText } from '../config/schema/freeze.ts'
import { taskIn, type RevocationTarget } from '../identity/revocations.ts'
import type { SeenTask } from '../identity/task-activity.ts'
import type { KnownTask } from '../identity/open-tasks.ts'
import type { Clock } from '../core/ports.ts'
import type { IdentityService } from '../identity/open.ts'
import { AdminError, adminRoute, type AdminRoute } from './route.ts'
import { orStoreError } from './stored.ts'
import { markOf, unreadableMark } from './unreadable.ts'

const name = z.string().min(1).max(512)
const OWN_WORDS =
  "The agent's own words, in quotes; characters other than letters, digits and signs are escaped."

export const TasksAnswer = z.object({
  tasks: z
    .array(
      z.object({
        task: z.string(),
        agent: z.string().describe('Empty if the entry cannot be read.'),
        root: z.string().describe('The owner of the task name: the agent, or the root of its template.'),
        intent: z.string().describe(OWN_WORDS),
        ticket: z.string().describe(OWN_WORDS),
        openedBy: z.string(),
        openedAt: z.iso.datetime(),
        expiresAt: z.iso.datetime().nullable(),
        ancestors: z.array(z.string()),
        counts: CallCounts.describe('As counted by this replica.'),
        leftBehind: z
          .int()
          .describe('The number of things that can still act after the task, as counted by this replica.'),
        unreadable: unreadableMark,
      }),
    )
    .describe('The open tasks of all replicas.'),
})

export const SessionsAnswer = z.object({
  sessions: z
    .array(
      z.object({
        session: z.string(),
        task: z.string(),
        agent: z.string(),
        root: z.string(),
        issuedAt: z.iso.datetime(),
        expiresAt: z.iso.datetime(),
        lastSeenAt: z.iso.datetime(),
        revoked: z.string().nullable().describe('The cause.'),
      }),
    )
    .describe(
      'The newest session of each task that called this replica. There is no other list, because tokens need none.',
    ),
})

/** Parses a revocation. A body without a target is refused: it does not mean everything. */
const RevokeBody = z
  .strictObject({
    session: name.optional(),
    task: name.optional().describe('Also ends all tasks that were opened from it.'),
    root: name.optional().describe('All tasks of a root; together with task, the owner of the task.'),
    agent: name.optional(),
    all: z.literal(true).optional(),
    reason: operatorText.describe('Agents see it, too.'),
  })
  .refine(
    ({ session, task, root, agent, all }) =>
      [session, task ?? root, agent, all].filter((each) => each !== undefined).length === 1,
    'give exactly one: session, task (with root if several tasks have that name), agent, root, or all: true',
  )
type RevokeBody = z.output<typeof RevokeBody>

export const RevokedAnswer = z.object({
  kind: z.enum(['session', 'task', 'agent', 'root', 'all']),
  id: z.string().nullable(),
  issuedUntil: z.iso
    .datetime()
    .describe('Sessions issued up to this time have ended; an ended task stays ended.'),
  by: z.string(),
  reason: z.string(),
  tasksEnded: z.int().describe('The number of open tasks that it ended.'),
  isKnown: z.boolean().describe('False for an agent that does not exist: nothing ended.'),
  nearest: z.string().optional().describe('An agent whose name is nearly the same as one that is not known.'),
})

export interface SessionRoutesDeps {
  readonly identity: Pick<IdentityService, 'tasks' | 'endings' | 'revocations'>
  readonly clock: Clock
  readonly isAgent: (id: string) => boolean
  readonly nearestAgent: (id: string) => string | undefined
}

/** Returns the routes of tasks and sessions. */
export function sessionRoutes(deps: SessionRoutesDeps): readonly AdminRoute[] {
  const { tasks, endings, revocations } = deps.identity
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/tasks',
      needs: 'token',
      summary: 'Lists the open tasks.',
      answer: TasksAnswer,
      handle: () => ({ tasks: tasks.all().map((task) => taskShown(task, deps)) }),
    }),
    adminRoute({
      method: 'GET',
      path: '/v1/sessions',
      needs: 'token',
      summary: 'Lists the sessions that called this replica.',
      answer: SessionsAnswer,
      handle() {
        const cause = ({ session }: SeenTask) => revocations.of(session)?.cause ?? null
        return { sessions: endings.activity.all().map((task) => sessionShown(task, cause(task))) }
      },
    }),
    revokeRoute(deps),
  ]
}

function revokeRoute(deps: SessionRoutesDeps): AdminRoute {
  return adminRoute({
    method: 'POST',
    path: '/v1/sessions/revoke',
    needs: 'token',
    summary: 'Ends sessions early, on every replica; also held calls and uploads in progress.',
    body: RevokeBody,
    answer: RevokedAnswer,
    check: ({ body }) => void targetOf(body, deps.identity.tasks.all()),
    handle: ({ caller, body }) =>
      orStoreError(
        revoke(body, caller.subject, deps),
        'it is not known whether this was done. Revoke again.',
      ),
  })
}

async function revoke(body: RevokeBody, by: string, deps: SessionRoutesDeps) {
  const { identity, clock } = deps
  const { tasks, revocations } = identity
  const { reason } = body
  const meant = targetOf(body, tasks.all())
  const ended = tasks.all().filter(meant.ends).length
  const why = { cause: 'operator', by, reason } as const
  await revocations.revoke(meant.target, why)
  await tasks.close(meant.ends)
  const { target } = meant
  return {
    kind: target.kind,
    id: body.session ?? body.task ?? body.agent ?? body.root ?? null,
    issuedUntil: momentText(clock.nowMs()),
    by,
    reason,
    tasksEnded: ended,
    ...(ended > 0 || body.agent === undefined ? { isKnown: true } : knownAs(body.agent, deps)),
  }
}

function knownAs(agent: string, { isAgent, nearestAgent }: SessionRoutesDeps) {
  return isAgent(agent) ? { isKnown: true } : { isKnown: false, nearest: nearestAgent(agent) }
}

interface Meant {
  readonly target: RevocationTarget
  /** Tells whether it ends an open task. A session ends none: its task may have another session. */
  readonly ends: (task: KnownTask) => boolean
}

function targetOf({ session, task, agent, root }: RevokeBody, open: readonly KnownTask[]): Meant {
  if (session !== undefined) return { target: { kind: 'session', id: session }, ends: () => false }
  if (task !== undefined) {
    const of = root ?? onlyRoot(task, open)
    return {
      target: { kind: 'task', id: taskIn(of, task) },
      ends: (each) => each.root === of && (each.taskId === task || each.ancestors.includes(task)),
    }
  }
  if (agent !== undefined)
    return { target: { kind: 'agent', id: agent }, ends: ({ agentId }) => agentId === agent }
  if (root !== undefined) return { target: { kind: 'root', id: root }, ends: (each) => each.root === root }
  return { target: { kind: 'all' }, ends: () => true }
}

/** Returns the one root with an open task of this name. Agents choose the names, so two may use the same one. */
function onlyRoot(task: string, open: readonly KnownTask[]): string {
  const roots = new Set(open.filter(({ taskId }) => taskId === task).map(({ root }) => root))
  const [only] = roots
  if (only !== undefined && roots.size === 1) return only
  throw roots.size === 0
    ? new AdminError(
        404,
        'no_such_task',
        'No task with that name is open; moderato sessions list, or GET /v1/tasks, lists them.',
      )
    : new AdminError(
        409,
        'ambiguous_task',
        `Several tasks have this name: name the root as well: root is one of ${[...roots].join(', ')}.`,
      )
}

function taskShown(task: KnownTask, { identity: { endings } }: SessionRoutesDeps): object {
  const { counts, leftBehind, leftMore } = endings.summary(task.root, task.taskId)
  return {
    task: task.taskId,
    agent: task.agentId,
    root: task.root,
    intent: quoteUntrusted(task.intent, { prose: true }),
    ticket: quoteUntrusted(task.ticket, { prose: true }),
    openedBy: task.openedBy,
    openedAt: momentText(task.openedAtMs),
    expiresAt: momentTextOrNull(task.expiresAtMs),
    ancestors: task.ancestors,
    counts,
    leftBehind: leftBehind.length + leftMore,
    ...markOf(task),
  }
}

function sessionShown({ session, lastSeenAtMs }: SeenTask, revoked: string | null): object {
  return {
    session: session.id,
    task: session.task.id,
    agent: session.agentId,
    root: session.root,
    issuedAt: momentText(session.issuedAtMs),
    expiresAt: momentText(session.expiresAtMs),
    lastSeenAt: momentText(lastSeenAtMs),
    revoked,
  }
}
