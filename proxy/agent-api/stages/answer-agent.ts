/** Answers requests to Moderato itself, the last stage of their routes: issues credentials, ends or shows a task. */
import { momentText } from '../../core/moment.ts'
import type { Agent, Grant, Session } from '../../core/agent.ts'
import type { TaskGrant } from '../../exchange/task-opening.ts'
import type { Sealed } from '../../identity/sealed-token.ts'
import type { Sessions } from '../../identity/sessions.ts'
import type { TaskEndings } from '../../identity/task-endings.ts'
import type { Tasks } from '../../identity/tasks.ts'
import type { Clock } from '../../core/ports.ts'
import { markEffectMade, type EffectMade, type TaskApprovalConsumed } from '../../exchange/facts.ts'
import type { AgentRequest, AgentRequested } from '../agent-request.ts'
import { assumedRole, callerIdentity } from '../sts-answer.ts'

/** Declares what `answerAgent` needs. */
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

/** With less than a quarter of an hour left, botocore fetches credentials again for each call. */
const MIN_STATED_LIFE_MS = 16 * 60_000

/** Does what the agent asks, once the decision is recorded, and answers in the agent's own protocol. */
export function answerAgent(deps: AnswerDeps) {
  return async function answerAgent<Exchange extends AgentRequested & TaskApprovalConsumed>(
    exchange: Exchange,
  ): Promise<Exchange & EffectMade> {
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
    return markEffectMade(exchange)
  }
}

async function answerOf(
  { agentRequest: request, agent, taskGrant, requestId }: AgentRequested,
  deps: AnswerDeps,
): Promise<Answer> {
  if (request.kind === 'open') return opened(taskGrant, request.answerAs, requestId, deps)
  if (request.kind === 'renew') {
    const { session } = request
    return json(credentialsJson(deps.tasks.renew(session), 'Token', statedExpiration(session, deps.clock)))
  }
  if (request.kind === 'end') {
    const why = { cause: 'ended', by: agent.id, reason: 'its agent completed it' } as const
    const ended = await deps.tasks.end(agent, request.taskId, why)
    return json({ task: { id: request.taskId, ended }, ...summaryJson(agent, request.taskId, deps) })
  }
  if (request.kind === 'show') {
    const open = deps.tasks.findOwn(agent, request.taskId)
    const details = open === undefined ? {} : { agent: open.agentId, expiresAt: momentText(open.expiresAtMs) }
    return json({
      task: { id: request.taskId, open: open !== undefined, ...details },
      ...summaryJson(agent, request.taskId, deps),
    })
  }
  return xml(callerIdentity(agent, deps.accountOf(agent) ?? '', requestId))
}

/** Returns credentials; their token is `Token` for the container endpoint, `SessionToken` for `credential_process`. */
function credentialsJson(
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
  grant: TaskGrant | undefined,
  answerAs: Open['answerAs'],
  requestId: string,
  { tasks, sessions, clock }: AnswerDeps,
): Promise<Answer> {
  if (grant === undefined) throw new Error('policy was not asked about the task')
  const { session } = grant
  const sealed = await tasks.open(grant)
  const expiration = statedExpiration(session, clock)
  if (answerAs === 'process')
    return json({ Version: 1, ...credentialsJson(sealed, 'SessionToken', expiration) })
  if (answerAs !== undefined) return xml(assumedRole(answerAs, session, sealed, expiration, requestId))
  const { accessKeyId, secretAccessKey, sessionToken } = sealed
  return json({
    task: taskJson(grant),
    credentials: { accessKeyId, secretAccessKey, sessionToken, expiration },
    // For AWS_CONTAINER_AUTHORIZATION_TOKEN, with /.moderato/v1/credentials as AWS_CONTAINER_CREDENTIALS_FULL_URI.
    containerToken: sessions.ticket(session),
  })
}

/** Returns the summary of the calls that this replica saw; other replicas have their own. */
function summaryJson({ id, root }: Agent, taskId: string, { endings }: AnswerDeps): object {
  const { counts, leftBehind, leftMore } = endings.summary(root, taskId, id)
  return {
    counts,
    leftBehind: leftBehind.map(({ lastAtMs, ...each }) => ({ ...each, lastAt: momentText(lastAtMs) })),
    leftMore,
  }
}

function taskJson({ session, asked, durationSeconds }: TaskGrant): object {
  const { id, scopes, ancestors } = session.task
  const own = scopes.at(-1)
  const granted = own !== undefined && 'grants' in own ? own.grants : []
  return {
    id,
    agent: session.agentId,
    ...(ancestors.length === 0 ? {} : { parent: ancestors.at(-1) }),
    scopes,
    // True for fewer grants, or less time, than the agent asked for.
    narrowed: pairsOf(granted) < pairsOf(asked.grants) || durationSeconds < (asked.durationSeconds ?? 0),
    expiresAt: momentText(session.expiresAtMs),
  }
}

/** Returns the expiration that clients see. An earlier one would make them fetch all the time; the real one holds here. */
function statedExpiration({ expiresAtMs }: Session, clock: Clock): string {
  return momentText(Math.max(expiresAtMs, clock.nowMs() + MIN_STATED_LIFE_MS))
}

/** Counts the pairs of class and pattern: policy takes pairs away, and adds none. */
function pairsOf(grants: readonly Grant[]): number {
  return grants.reduce((sum, { classes, resources }) => sum + classes.length * resources.length, 0)
}

function json(body: object): Answer {
  return { type: 'application/json', text: JSON.stringify(body) }
}

function xml(text: string): Answer {
  return { type: 'text/xml', text }
}
