/** The stages that find out what an agent asks of Moderato itself: one for each way in which it proves who it is. */
import { hash } from 'node:crypto'
import type { Agent } from '../core/agent.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Classified, Received, Verified } from '../exchange/exchange.ts'
import type { Payload } from '../sigv4/types.ts'
import type { Identities, Workload } from '../identity/identities.ts'
import type { Opener } from '../exchange/task-opening.ts'
import type { Sessions } from '../identity/sessions.ts'
import { described, type AgentRequest, type AskingExchange } from './agent-request.ts'
import { checkOwnRequest, ownBody, smallBody } from './own-request.ts'
import { taskRoute } from './route.ts'
import { namedTask, parseStsForm, parseTaskBody, stsTask } from './task-request.ts'

const MAX_BODY_BYTES = 64 * 1024

export interface AskDeps {
  readonly identities: Identities
}

/** The tasks endpoint, signed: by a static key, or by a session, which can open tasks within its own and end itself. */
export function askSigned() {
  return async function ask(exchange: Verified): Promise<Classified & AskingExchange> {
    checkOwnRequest(exchange)
    const route = taskRoute(exchange)
    const bytes = await ownBody(exchange, MAX_BODY_BYTES)
    const { agent } = exchange
    const ask: AgentRequest =
      route.kind === 'open'
        ? { kind: 'open', wanted: { opener: openerOf(agent), asked: taskOf(bytes, agent) }, words: undefined }
        : { kind: route.kind, taskId: ownTask(agent, route.taskId) }
    return { ...exchange, ...described(ask), ask, servicePath: exchange.path, outgoing: { kind: 'empty' } }
  }
}

/** The tasks endpoint, with the token of an identity provider, or with a client certificate that it vouches for. */
export function askProved({ identities }: AskDeps) {
  return async function ask(exchange: Received): Promise<AskingExchange> {
    const route = taskRoute(exchange)
    const workload = await workloadOf(exchange, identities)
    const bytes = await smallBody(exchange, MAX_BODY_BYTES)
    const opener = provedOpener(workload)
    const { asked } = parseTaskBody(bytes)
    const ask: AgentRequest =
      route.kind === 'open' ? { kind: 'open', wanted: { opener, asked }, words: undefined } : route
    return { ...exchange, ...proved(workload, bytes), ...described(ask), ask }
  }
}

/** AssumeRoleWithWebIdentity at the root: the token is in the form. */
export function askWebIdentity({ identities }: AskDeps) {
  return async function ask(exchange: Received): Promise<AskingExchange> {
    const bytes = await smallBody(exchange, MAX_BODY_BYTES)
    const { action, parameters } = parseStsForm(bytes)
    if (action !== 'AssumeRoleWithWebIdentity') {
      throw new Denial(
        'missing_credential',
        'The request has no Authorization header, and no signature in its query.',
      )
    }
    const asked = stsTask(parameters)
    const workload = await identities.ofToken(parameters['WebIdentityToken'] ?? '')
    const { subject, audience } = workload
    const ask: AgentRequest = {
      kind: 'open',
      wanted: { opener: provedOpener(workload), asked },
      words: { action, subject, audience },
    }
    return { ...exchange, ...proved(workload, bytes), ...described(ask), ask }
  }
}

/** Signed calls of STS that are answered here, or by nobody. */
export function askSts() {
  return function ask(exchange: Classified): Classified & AskingExchange {
    const { call, agent } = exchange
    if (call.operation === 'GetCallerIdentity') return { ...exchange, ask: { kind: 'whoami' } }
    if (call.operation !== 'AssumeRole') {
      throw new Denial('credentials_withheld', `sts:${call.operation} would hand out credentials of AWS.`)
    }
    const { parameters } = parseStsForm(formOf(exchange))
    const words = { action: call.operation, subject: undefined, audience: undefined } as const
    const ask: AgentRequest = {
      kind: 'open',
      wanted: { opener: openerOf(agent), asked: stsTask(parameters) },
      words,
    }
    return { ...exchange, ...described(ask), ask }
  }
}

/**
 * The container credentials endpoint: the ticket of a task in `Authorization`, as SDKs send it. Or, for
 * `credential_process`, a client certificate, and in the query the name of the task that it opens or carries on.
 */
export function askTicket({ sessions, identities }: AskDeps & { readonly sessions: Sessions }) {
  return async function ask(exchange: Received): Promise<AskingExchange> {
    if (exchange.method !== 'GET') throw new Denial('malformed_request', 'Credentials are fetched with GET.')
    const ticket = exchange.headers.one('authorization')
    const nothing = Buffer.alloc(0)
    if (ticket !== undefined) {
      const session = sessions.openTicket(ticket.replace(/^Bearer /i, ''))
      const agent: Agent = { id: session.agentId, root: session.root, accessKeyId: '', session }
      const ask: AgentRequest = { kind: 'renew', session }
      return { ...exchange, agent, payload: readWhole(nothing), ...described(ask), ask }
    }
    const chain = exchange.client.certificates?.() ?? []
    if (chain.length === 0) {
      throw new Denial(
        'missing_credential',
        'AWS_CONTAINER_AUTHORIZATION_TOKEN must hold the ticket of a task.',
      )
    }
    const asked = namedTask(new URLSearchParams(exchange.query).get('task') ?? '')
    const workload = await identities.ofCertificate(chain)
    const ask: AgentRequest = {
      kind: 'open',
      wanted: { opener: provedOpener(workload), asked },
      words: 'process',
    }
    return { ...exchange, ...proved(workload, nothing), ...described(ask), ask }
  }
}

/** Whatever else STS does hands out credentials, however an operator may class it. */
const PASSED_ON: ReadonlySet<string> = new Set(['DecodeAuthorizationMessage', 'GetAccessKeyInfo'])

/** The calls of STS that hand out credentials: never passed on. Who a session is, AWS cannot know. */
export function isAnsweredHere(
  { agent, call }: Classified,
  accountOf: (agent: Agent) => string | undefined,
): boolean {
  if (call.service !== 'sts' || call.operation === null) return false
  if (call.operation === 'GetCallerIdentity')
    return agent.session !== undefined && accountOf(agent) !== undefined
  return !PASSED_ON.has(call.operation)
}

function taskOf(bytes: Buffer, agent: Agent) {
  const { asked, parent } = parseTaskBody(bytes)
  const own = agent.session?.task.id
  if (parent !== undefined && parent !== own) {
    throw new Denial(
      'policy_denied',
      `A task is opened from another with that one's own credentials; sign with them.`,
    )
  }
  return asked
}

/** A session ends its own task, or asks of it, and of none beside it; a static key of any of its agent's. */
function ownTask({ session }: Agent, taskId: string): string {
  if (session === undefined || session.task.id === taskId) return taskId
  throw new Denial(
    'policy_denied',
    'A task is ended, or asked about, with its own credentials, or by its identity.',
  )
}

function openerOf({ id, root, session }: Agent): Opener {
  return { agentId: id, root, by: session === undefined ? 'static-key' : 'session', parent: session }
}

function provedOpener({ agentId, root, provider, subject }: Workload): Opener {
  return { agentId, root, by: provider, subject, parent: undefined }
}

function proved({ agentId, root, token }: Workload, bytes: Buffer) {
  const agent: Agent = { id: agentId, root, accessKeyId: '', session: undefined }
  return { agent, payload: readWhole(bytes), ...(token === undefined ? {} : { proof: token }) }
}

/** Nothing of it is signed, but all of it is here and came with its proof. */
function readWhole(bytes: Buffer): Payload {
  return { kind: 'hashed', sha256: hash('sha256', bytes, 'hex') }
}

async function workloadOf({ headers, client }: Received, identities: Identities): Promise<Workload> {
  const authorization = headers.one('authorization')
  if (authorization === undefined) return await identities.ofCertificate(client.certificates?.() ?? [])
  const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1]
  if (token !== undefined) return await identities.ofToken(token)
  throw new Denial('missing_credential', 'Send Authorization: Bearer TOKEN of an identity provider, or sign.')
}

/** The parameters as they were signed, in the body or in the query string. */
function formOf({ outgoing, reading }: Classified): Buffer {
  return outgoing.kind === 'buffered' && outgoing.bytes.length > 0
    ? outgoing.bytes
    : Buffer.from(reading.query)
}
