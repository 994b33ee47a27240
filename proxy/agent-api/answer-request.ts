/** The end of each way on which Moderato answers by itself: credentials are made, a task is ended, and the agent is told. */
import type { Agent, Grant, Session } from '../core/agent.ts'
import type { TaskGrant } from '../exchange/task-opening.ts'
import type { Sealed } from '../identity/sealed-token.ts'
import type { Sessions } from '../identity/sessions.ts'
import type { TaskEndings } from '../identity/task-endings.ts'
import type { Tasks } from '../identity/tasks.ts'
import type { Clock } from '../core/ports.ts'
import type { AgentRequest, AskingExchange } from './agent-request.ts'
import { assumedRole, callerIdentity } from './sts-answer.ts'

export interface AnswerDeps {
  readonly tasks: Tasks
  readonly sessions: Sessions
  readonly accountOf: (agent: Agent) => string | undefined
  readonly clock: Clock
  readonly endings: Pick<TaskEndings, 'summary'>
}

interface Answer {
  readonly type: 'application/json' | 'text/xml'
  readonly text: string
}

type Open = Extract<AgentRequest, { kind: 'open' }>

/** Botocore fetches credentials anew for each call that come with less than a quarter of an hour left. */
const SHOWN_AT_LEAST_MS = 16 * 60_000

/** Does what was asked, once its decision is recorded, and answers in the words of whoever asked. */
export function answerAsk(deps: AnswerDeps) {
  return async function answer<Exchange extends AskingExchange>(exchange: Exchange): Promise<Exchange> {
    const { type, text } = await answerOf(exchange, deps)
    const body = Buffer.from(text)
    exchange.reply.writeHead(200, undefined, [
      'content-type',
      type,
      'content-length',
      String(body.length),
      'cache-control',
      'no-store',
      'x-moderato-request-id',
      exchange.requestId,
      'x-moderato-decision',
      'allow',
    ])
    exchange.reply.end(body)
    return exchange
  }
}

async function answerOf(
  { ask, agent, opening, requestId }: AskingExchange,
  deps: AnswerDeps,
): Promise<Answer> {
  if (ask.kind === 'open') return opened(opening, ask.words, requestId, deps)
  if (ask.kind === 'renew') {
    return json(keysShown(deps.tasks.renew(ask.session), 'Token', shownEnd(ask.session, deps.clock)))
  }
  if (ask.kind === 'end') {
    const why = { cause: 'ended', by: agent.id, reason: 'its agent completed it' } as const
    const ended = await deps.tasks.end(agent, ask.taskId, why)
    return json({ task: { id: ask.taskId, ended }, ...summaryShown(agent, ask.taskId, deps) })
  }
  if (ask.kind === 'show') {
    const open = deps.tasks.findOwn(agent, ask.taskId)
    const shown = open === undefined ? {} : { agent: open.agentId, expiresAt: iso(open.expiresAtMs) }
    return json({
      task: { id: ask.taskId, open: open !== undefined, ...shown },
      ...summaryShown(agent, ask.taskId, deps),
    })
  }
  return xml(callerIdentity(agent, deps.accountOf(agent) ?? '', requestId))
}

/** The session token is `Token` for the container credentials endpoint, `SessionToken` for `credential_process`. */
function keysShown(
  { accessKeyId, secretAccessKey, sessionToken }: Sealed,
  tokenName: 'Token' | 'SessionToken',
  expiration: string,
): object {
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    [tokenName]: sessionToken,
    Expiration: expiration,
  }
}

async function opened(
  opening: TaskGrant | undefined,
  words: Open['words'],
  requestId: string,
  { tasks, sessions, clock }: AnswerDeps,
): Promise<Answer> {
  if (opening === undefined) throw new Error('policy was not asked about the task')
  const { session } = opening
  const sealed = await tasks.open(opening)
  const expiration = shownEnd(session, clock)
  if (words === 'process') return json({ Version: 1, ...keysShown(sealed, 'SessionToken', expiration) })
  if (words !== undefined) return xml(assumedRole(words, session, sealed, expiration, requestId))
  const { accessKeyId, secretAccessKey, sessionToken } = sealed
  return json({
    task: taskShown(opening),
    credentials: { accessKeyId, secretAccessKey, sessionToken, expiration },
    // For AWS_CONTAINER_AUTHORIZATION_TOKEN, with /.moderato/v1/credentials as AWS_CONTAINER_CREDENTIALS_FULL_URI.
    containerToken: sessions.ticket(session),
  })
}

/** As this replica saw it: what went through others, they know. */
function summaryShown({ id, root }: Agent, taskId: string, { endings }: AnswerDeps): object {
  const { counts, leftBehind, leftMore } = endings.summary(root, taskId, id)
  return {
    counts,
    leftBehind: leftBehind.map(({ lastAtMs, ...each }) => ({ ...each, lastAt: iso(lastAtMs) })),
    leftMore,
  }
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

function taskShown({ session, asked, durationSeconds }: TaskGrant): object {
  const { id, scopes, ancestors } = session.task
  const own = scopes.at(-1)
  const granted = own !== undefined && 'grants' in own ? own.grants : []
  return {
    id,
    agent: session.agentId,
    ...(ancestors.length === 0 ? {} : { parent: ancestors.at(-1) }),
    scopes,
    // Fewer grants than were asked for, or less time.
    narrowed: pairsOf(granted) < pairsOf(asked.grants) || durationSeconds < (asked.durationSeconds ?? 0),
    expiresAt: iso(session.expiresAtMs),
  }
}

/** What clients are told: they would fetch anew all the time with less, and the real end is kept here. */
function shownEnd({ expiresAtMs }: Session, clock: Clock): string {
  return iso(Math.max(expiresAtMs, clock.nowMs() + SHOWN_AT_LEAST_MS))
}

/** How many pairs of class and pattern there are: policy takes pairs away, and adds none. */
function pairsOf(grants: readonly Grant[]): number {
  return grants.reduce((sum, { classes, resources }) => sum + classes.length * resources.length, 0)
}

function json(body: object): Answer {
  return { type: 'application/json', text: JSON.stringify(body) }
}

function xml(text: string): Answer {
  return { type: 'text/xml', text }
}
