/** Cuts a request that is over to what watchers go by. */
import { thingName } from '../../../policy/restricts.ts'
import type { Agent, Scope } from '../../core/agent.ts'
import type { ActionClass, Trait } from '../../core/action-class.ts'
import { DENIALS } from '../../core/denial/table.ts'
import type { Outcome } from '../../exchange/outcome.ts'

export interface Observation {
  readonly requestId: string
  readonly agent: string
  /** Undefined for a static key. */
  readonly task: ObservedTask | undefined
  readonly service: string
  readonly operation: string
  readonly class: ActionClass
  readonly classes: readonly ActionClass[]
  readonly traits: readonly Trait[]
  readonly count: number
  /** What it touched by name, as `resourceKey` names it; `*` is no name. At most `MAX_RESOURCES`. */
  readonly resources: readonly string[]
  readonly decision: Outcome['decision']
  readonly reason: string
  /** Refused by a decision that another try does not change; what SDKs retry by themselves is not meant. */
  readonly refused: boolean
  /** The service did it, or may have: what was refused, throttled or answered with an error did nothing. */
  readonly done: boolean
  /** The service answered that it did it. */
  readonly confirmed: boolean
  /** The account of the call; undefined if it is not known. */
  readonly account: string | undefined
  /** It names a thing in an account that is not known to be the account of the call. */
  readonly elsewhere: boolean
}

export interface ObservedTask {
  readonly id: string
  readonly root: string
  /** The agent's own words. */
  readonly intent: string | undefined
  readonly scopes: readonly Scope[]
  readonly openedAtMs: number
}

const MAX_RESOURCES = 100
const MAX_KEY = 512
/** Service, region, resource. */
const ARN_PARTS = /^arn:[^:]*:([^:]*):([^:]*):[^:]*:([^]*)$/

/** An account that a resource names; where a plain name stands, it is `*`. */
const ACCOUNT = /^arn:[^:]*:[^:]*:[^:]*:(\d{12}):/

/** Refusals that answer what somebody decided of the agent, watchers among them: they are no news about it. */
const RESPONSES: ReadonlySet<string> = new Set(['quarantined', 'revoked', 'frozen', 'approval_required'])

/**
 * Returns a request as watchers see it; undefined for what must not count against an agent: one whose signature was not
 * verified, since anybody may know an access key id, one that was not classified, and one that a response answered.
 */
export function observationOf({ exchange, decision, reason }: Outcome): Observation | undefined {
  const { agent, call, payload, upstream, accountId } = exchange
  if (payload === undefined || agent === undefined || call === undefined || RESPONSES.has(reason))
    return undefined
  const confirmed = decision === 'allow' && upstream !== undefined && upstream.status < 400
  return {
    requestId: exchange.requestId,
    agent: agent.id,
    task: taskOf(agent),
    service: call.service,
    operation: call.operation ?? 'unknown',
    class: call.class,
    classes: call.classes,
    traits: call.traits,
    count: call.count,
    resources: namesOf(call.resources),
    decision,
    reason,
    refused: decision === 'deny' && reason !== 'none' && !DENIALS[reason].retryable,
    done: confirmed || mayHaveActed(exchange, decision, reason),
    confirmed,
    account: accountId,
    elsewhere: call.resources.some((arn) => isElsewhere(arn, accountId)),
  }
}

/** An agent that leaves before the answer hides nothing: its call was signed and may have reached the service. */
function mayHaveActed(
  { signed, upstream }: Outcome['exchange'],
  decision: Outcome['decision'],
  reason: Outcome['reason'],
): boolean {
  if (signed === undefined || upstream !== undefined) return false
  return decision === 'abort' || reason === 'upstream_timeout'
}

function isElsewhere(arn: string, account: string | undefined): boolean {
  const named = ACCOUNT.exec(arn)?.[1]
  return named !== undefined && named !== account
}

function taskOf({ session }: Agent): ObservedTask | undefined {
  if (session === undefined) return undefined
  const { task, root, issuedAtMs } = session
  return { id: task.id, root, intent: task.intent, scopes: task.scopes, openedAtMs: issuedAtMs }
}

function namesOf(arns: readonly string[]): string[] {
  const names = new Set<string>()
  for (const arn of arns) {
    if (names.size >= MAX_RESOURCES) break
    if (arn !== '*') names.add(resourceKey(arn))
  }
  return [...names]
}

/**
 * Returns one name for a resource, however a call says it: without partition and account, which a plain name leaves
 * out, without what only the service adds (a stack's id, a secret's suffix, a policy of everything within), and in one
 * case if the service folds names (rule S25).
 */
export function resourceKey(arn: string): string {
  const parts = ARN_PARTS.exec(thingName(arn.slice(0, MAX_KEY)))
  if (parts === null) return arn.slice(0, MAX_KEY)
  const [, service = '', region = '', rest = ''] = parts
  const name = rest.endsWith('/*') || rest.endsWith(':*') ? rest.slice(0, -2) : rest
  const plain = service === 'cloudformation' ? name.split('/').slice(0, 2).join('/') : name
  return `${service}:${region}:${plain}`
}
