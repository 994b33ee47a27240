/**
 * Gives what calls are signed with upstream: a session of the role that a rule picks, for one task of one agent, with a
 * session policy generated from its grants; or Moderato's own credentials, where a rule says so (rule S21).
 */
import { hash } from 'node:crypto'
import type { Agent, Session } from '../core/agent.ts'
import { partitionOf } from '../aws/endpoints/endpoints.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Paced } from '../exchange/exchange.ts'
import type { Clock, CredentialSource, Credentials, Signer } from '../core/ports.ts'
import {
  isTooLarge,
  MAX_SESSION_SECONDS,
  MIN_SESSION_SECONDS,
  type AssumeRole,
  type RoleSession,
} from './assume-role.ts'
import { mapMaybePromise } from '../core/maybe-promise.ts'
import { Backoff } from './backoff.ts'
import { chosen, isPlain, type Chosen, type RoleRules } from './role-rules.ts'
import { sessionName, tagValue } from './session-names.ts'
import { currentCredentials, refreshed } from './source.ts'
import { TaskPolicies, type Candidate, type TaskPoliciesOptions } from './task-policies.ts'

export type Signable = Pick<Paced, 'agent' | 'call' | 'authorization'>

export interface RoleSessionsOptions extends TaskPoliciesOptions {
  readonly rules: RoleRules
  readonly plain: CredentialSource
  readonly assume: AssumeRole
  readonly clock: Clock
}

type Role = Exclude<Chosen, 'plain'>

/** Credentials of one agent, task, role, policy and set of tags: never of two. */
interface Held {
  readonly session: Session | undefined
  readonly source: CredentialSource
  isTooLarge: boolean
}

/** Some 3 KB each. The one that was not used for longest goes. */
const HELD_PER_AGENT = 256

export class RoleSessions {
  readonly #options: RoleSessionsOptions
  readonly #backoff: Backoff
  readonly #byAgent = new Map<string, Map<string, Held>>()
  readonly #policies: TaskPolicies

  constructor(options: RoleSessionsOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.clock)
    this.#policies = new TaskPolicies(options)
  }

  /**
   * Returns the signer of a call: at once if it is held, else when STS has answered. Denial `upstream_credentials` if
   * there is no rule for the call or its role cannot be assumed; nothing else is ever taken in its place.
   */
  of(call: Signable): Signer | Promise<Signer> {
    const { rules, plain } = this.#options
    const role = chosen(call.agent, rules)
    if (role !== 'plain') return this.#signer(call, role, this.#policies.of(call, partitionIn(role.roleArn)))
    return mapMaybePromise(currentCredentials(plain), (credentials) => ({ credentials, as: 'plain' }))
  }

  /** Returns a session that is not kept, with exactly this policy. Denial as of `of`. */
  async once(agent: Agent, region: string, policy: string): Promise<Credentials> {
    const { rules, plain } = this.#options
    const role = chosen(agent, rules)
    if (role === 'plain') return currentCredentials(plain)
    return this.#assume(agent, role, region, policy, MIN_SESSION_SECONDS).catch((cause: unknown) => {
      throw refusal(role, cause)
    })
  }

  /** Tells whether what `of` and `once` give is Moderato's own credentials as they are. */
  isPlain(agent: Agent): boolean {
    return isPlain(agent, this.#options.rules)
  }

  /** Forgets the credentials of sessions that are over. */
  drop(isOver: (session: Session) => boolean): void {
    for (const [agentId, held] of this.#byAgent) {
      for (const [key, { session }] of held) if (session !== undefined && isOver(session)) held.delete(key)
      if (held.size === 0) this.#byAgent.delete(agentId)
    }
  }

  #signer(call: Signable, role: Role, policies: Iterator<Candidate, undefined>): Signer | Promise<Signer> {
    const { value: policy } = policies.next()
    if (policy === undefined)
      throw new Denial(
        'upstream_credentials',
        'What the call touches fits into no session policy: name fewer things at once.',
      )
    const held = this.#held(call, role, policy.text)
    if (held.isTooLarge) return this.#signer(call, role, policies)
    const as = { role: role.roleArn, policy: policy.of }
    const refused = (cause: unknown): Signer | Promise<Signer> => {
      if (!isTooLarge(cause)) throw refusal(role, cause)
      held.isTooLarge = true
      return this.#signer(call, role, policies)
    }
    const credentials = held.source.current()
    return credentials instanceof Promise
      ? credentials.then((each) => ({ credentials: each, as }), refused)
      : { credentials, as }
  }

  #held({ agent, authorization }: Signable, role: Role, policy: string): Held {
    const { session, id } = agent
    const ofAgent = this.#byAgent.get(id) ?? new Map<string, Held>()
    this.#byAgent.set(id, ofAgent)
    const { roleArn, externalId } = role
    const task = session === undefined ? null : [session.root, session.task.id]
    const key = JSON.stringify([task, roleArn, externalId, hash('sha256', policy), tagsOf(agent)])
    const { clock } = this.#options
    const held = ofAgent.get(key) ?? {
      session,
      source: refreshed(
        () => this.#assume(agent, role, authorization.scope.region, policy, secondsFor(session, clock)),
        clock,
      ),
      isTooLarge: false,
    }
    ofAgent.delete(key)
    ofAgent.set(key, held)
    if (ofAgent.size > HELD_PER_AGENT) ofAgent.delete(ofAgent.keys().next().value ?? '')
    return held
  }

  /** One agent's failures hold up no other's calls, nor those with another role. */
  async #assume(
    agent: Agent,
    { roleArn, externalId }: Role,
    region: string,
    policy: string,
    durationSeconds: number,
  ): Promise<Credentials> {
    checkPartition(roleArn, region)
    const name = `${roleArn} ${agent.id}`
    const waitMs = this.#backoff.waitMs(name)
    if (waitMs > 0) {
      const detail = `${roleArn} could not be assumed; it is tried again in ${Math.ceil(waitMs / 1000)} s.`
      throw new Denial('upstream_credentials', detail, { retryAfterMs: waitMs })
    }
    const asked: RoleSession = {
      roleArn,
      externalId,
      region,
      policy,
      durationSeconds,
      name: sessionName(agent.session?.task.id ?? agent.id),
      sourceIdentity: sessionName(agent.id),
      tags: tagsOf(agent),
    }
    try {
      const credentials = await this.#options.assume(asked)
      this.#backoff.succeeded(name)
      return credentials
    } catch (error) {
      if (!isTooLarge(error)) this.#backoff.failed(name)
      throw error
    }
  }
}

/** No longer than the task, as far as STS goes so low. */
function secondsFor(session: Session | undefined, clock: Clock): number {
  if (session === undefined) return MAX_SESSION_SECONDS
  const left = Math.ceil((session.expiresAtMs - clock.nowMs()) / 1000)
  return Math.min(Math.max(left, MIN_SESSION_SECONDS), MAX_SESSION_SECONDS)
}

/** With a prefix of their own: an agent words some of them, and roles may go by other tags. */
function tagsOf({ id, session }: Agent): Readonly<Record<string, string>> {
  const { ticket, justificationHash } = session?.task ?? {}
  return {
    'moderato:agent': tagValue(id),
    ...(session === undefined ? {} : { 'moderato:task': tagValue(session.task.id) }),
    ...(ticket === undefined ? {} : { 'moderato:ticket': tagValue(ticket) }),
    ...(justificationHash === undefined ? {} : { 'moderato:justification': justificationHash }),
  }
}

/** A session works in its role's partition only; its secret signs nothing for another one. */
function checkPartition(roleArn: string, region: string): void {
  const ofRole = partitionIn(roleArn)
  const ofCall = partitionOf(region)
  if (ofRole === ofCall) return
  throw new Denial('upstream_credentials', `${roleArn} is of partition ${ofRole}, the call of ${ofCall}.`)
}

function partitionIn(roleArn: string): string {
  return roleArn.split(':')[1] ?? ''
}

/** STS's own words name our credentials: the agent gets its error code alone. */
function refusal({ roleArn }: Role, cause: unknown): Denial {
  if (cause instanceof Denial) return cause
  const code = cause instanceof Error && /^\w{1,64}$/.test(cause.name) ? cause.name : 'no answer'
  return new Denial('upstream_credentials', `${roleArn} could not be assumed: ${code}.`, { cause })
}
