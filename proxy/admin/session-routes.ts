/** Open tasks, the sessions seen here, and their end before their time: `/v1/tasks`, `/v1/sessions`. */
import { momentText, momentTextOrNull } from '../core/moment.ts'
import { z } from 'zod'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { operatorText } from '../config/schema/freeze.ts'
import { taskIn, type RevocationTarget } from '../identity/revocations.ts'
import type { SeenTask } from '../identity/task-activity.ts'
import type { KnownTask } from '../identity/open-tasks.ts'
import type { Parts } from '../server/services.ts'
import { AdminError, adminRoute, type AdminRoute } from './route.ts'
import { orStoreError } from './stored.ts'
import { markOf, unreadableMark } from './unreadable.ts'

const name = z.string().min(1).max(512)

const Counts = z.object({
  calls: z.int(),
  forwarded: z.int(),
  refused: z.int(),
  failed: z.int().describe('The client went away, or AWS did not answer.'),
  held: z.int(),
  waitedMs: z.int(),
})

export const TasksAnswer = z.object({
  tasks: z
    .array(
      z.object({
        task: z.string(),
        agent: z.string().describe('Empty where the entry cannot be read.'),
        root: z
          .string()
          .describe('Whose names of tasks these are; the agent, or what a template made it of.'),
        intent: z
          .string()
          .describe("The agent's own words, in quotes; what is no letter or sign is escaped."),
        ticket: z
          .string()
          .describe("The agent's own words, in quotes; what is no letter or sign is escaped."),
        openedBy: z.string(),
        openedAt: z.iso.datetime(),
        expiresAt: z.iso.datetime().nullable(),
        ancestors: z.array(z.string()),
        counts: Counts.describe('As this replica saw it.'),
        leftBehind: z.int().describe('Things that would act without it, as this replica saw it.'),
        unreadable: unreadableMark,
      }),
    )
    .describe('Open, on whatever replica they were opened.'),
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
    .describe('The newest of each task that called this replica; tokens need no list, so there is no other.'),
})

/** Everything must be meant: a body that names nothing is refused, not taken for all. */
const RevokeBody = z
  .strictObject({
    session: name.optional(),
    task: name.optional().describe('With all that was opened from it.'),
    root: name.optional().describe('All of a root; beside task, whose task it is.'),
    agent: name.optional(),
    all: z.literal(true).optional(),
    reason: operatorText.describe('Told to agents, too.'),
  })
  .refine(
    ({ session, task, root, agent, all }) =>
      [session, task ?? root, agent, all].filter((each) => each !== undefined).length === 1,
    'name one: session, task (and root, if it is not the only one of that name), agent, root, or all: true',
  )
type RevokeBody = z.output<typeof RevokeBody>

export const RevokedAnswer = z.object({
  kind: z.enum(['session', 'task', 'agent', 'root', 'all']),
  id: z.string().nullable(),
  issuedUntil: z.iso.datetime().describe('Sessions issued up to then are over; a task stays over.'),
  by: z.string(),
  reason: z.string(),
  tasksEnded: z.int().describe('Open tasks that it ended.'),
})

type SessionParts = Pick<Parts, 'tasks' | 'endings' | 'revocations' | 'clock'>

export function sessionRoutes(parts: SessionParts): readonly AdminRoute[] {
  const { tasks, endings, revocations } = parts
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/tasks',
      needs: 'token',
      summary: 'The open tasks.',
      answer: TasksAnswer,
      handle: () => ({ tasks: tasks.all().map((task) => taskShown(task, parts)) }),
    }),
    adminRoute({
      method: 'GET',
      path: '/v1/sessions',
      needs: 'token',
      summary: 'The sessions that called this replica.',
      answer: SessionsAnswer,
      handle() {
        const cause = ({ session }: SeenTask) => revocations.of(session)?.cause ?? null
        return { sessions: endings.activity.all().map((task) => sessionShown(task, cause(task))) }
      },
    }),
    adminRoute({
      method: 'POST',
      path: '/v1/sessions/revoke',
      needs: 'token',
      summary: 'Ends sessions before their time, on every replica; held calls and uploads under way, too.',
      body: RevokeBody,
      answer: RevokedAnswer,
      handle: ({ caller, body }) =>
        orStoreError(revoke(body, caller.subject, parts), 'whether this holds is not known. Revoke again.'),
    }),
  ]
}

async function revoke(body: RevokeBody, by: string, { tasks, revocations, clock }: SessionParts) {
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
  }
}

interface Meant {
  readonly target: RevocationTarget
  /** The open tasks that are over by it. A session's task may have another session. */
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

/** Agents choose the names of their tasks, so two may have one of the same name. */
function onlyRoot(task: string, open: readonly KnownTask[]): string {
  const roots = new Set(open.filter(({ taskId }) => taskId === task).map(({ root }) => root))
  const [only] = roots
  if (only !== undefined && roots.size === 1) return only
  throw roots.size === 0
    ? new AdminError(
        404,
        'no_such_task',
        'No task of that name is open; moderato sessions list, or GET /v1/tasks, shows them.',
      )
    : new AdminError(409, 'ambiguous_task', `Say whose: root is one of ${[...roots].join(', ')}.`)
}

function taskShown(task: KnownTask, { endings }: SessionParts): object {
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
