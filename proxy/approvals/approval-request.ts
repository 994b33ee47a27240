/** Makes what people are shown of a call, and says how many of them it needs. */
import type { Agent } from '../core/agent.ts'
import { changesState } from '../core/action-class.ts'
import type { Classified, Decided } from '../exchange/exchange.ts'
import type { PresignFacts } from '../exchange/presign-request.ts'
import type { Need } from '../exchange/approval-need.ts'
import { callFields, type CallFacts } from '../core/call.ts'
import type { ApprovalFacts } from './approval.ts'
import type { Approvals, NewApproval } from './approvals.ts'
import type { Demand } from './required-approvals.ts'
import { dependenciesOf } from './dependencies.ts'

/** Bounds the lists that people read; the digest is over all. */
export const MAX_LISTED = 20
const MAX_CHARACTERS = 2048

/** Needs somebody. */
export type RequiredApprovals = Need & { readonly approvers: 1 | 2 }

/** Returns the person who answers for an agent. */
export type OwnerOf = (agentId: string) => string | undefined

/** Returns what policy wants, and what somebody demanded of the agent's changes; the more people of the two. */
export function needOf({ decision, agent, call }: Decided, approvals: Pick<Approvals, 'demandOn'>): Need {
  const demand = changesState(call.classes) ? demandOn(agent, approvals) : undefined
  const { askedBy = [] } = decision
  if (demand === undefined)
    return { approvers: decision.approvals, why: decision.why, rules: decision.askedBy }
  return {
    approvers: demand.approvers > decision.approvals ? demand.approvers : decision.approvals,
    why: [...decision.why, demand.reason],
    rules: [...askedBy, demand.by],
  }
}

/** Returns the demand on an agent, or on all of its root, that wants more people. */
function demandOn({ id, root }: Agent, approvals: Pick<Approvals, 'demandOn'>): Demand | undefined {
  const own = id === root ? undefined : approvals.demandOn(id)
  const shared = approvals.demandOn(root)
  return own !== undefined && own.approvers > (shared?.approvers ?? 0) ? own : shared
}

/** Makes what people are asked of a call. */
export function newApproval(
  exchange: Classified & PresignFacts,
  digest: string,
  need: RequiredApprovals,
  ownerOf: OwnerOf,
): NewApproval {
  const { agent, call } = exchange
  return {
    ...whoAsks(agent, ownerOf),
    digest,
    approvers: need.approvers,
    why: cutList(need.why),
    facts: factsOf(exchange),
    dependsOn: dependenciesOf(call),
  }
}

/** Returns the agent, with its owner and the task that it asks from, if it has them. */
export function whoAsks(
  { id, root, session }: Agent,
  ownerOf: OwnerOf,
): Pick<NewApproval, 'agent' | 'root' | 'owner' | 'task'> {
  const owner = ownerOf(id)
  const task = session?.task
  return {
    agent: id,
    root,
    ...(owner === undefined ? {} : { owner }),
    ...(task === undefined
      ? {}
      : { task: { id: task.id, says: cut(task.intent ?? ''), ticket: cut(task.ticket ?? '') } }),
  }
}

function factsOf(exchange: Classified & PresignFacts): ApprovalFacts {
  const { call, accountId, method, headers, authorization, presign } = exchange
  const { actions, resources, facts } = call
  return {
    ...callFields(call),
    actions: cutList(actions),
    resources: cutList(resources),
    resourceCount: resources.length,
    parameters: Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, parameterOf(value)])),
    method,
    host: cut(headers.all('host').join()),
    region: authorization.scope.region,
    ...(accountId === undefined ? {} : { account: accountId }),
    ...(presign === undefined ? {} : { signs: presign.type }),
  }
}

/** Tags and the like as `key=value`. */
function parameterOf(value: CallFacts[string]): boolean | readonly string[] {
  if (typeof value !== 'object') return value ?? false
  if (isList(value)) return cutList(value)
  return cutList(Object.entries(value).map(([key, values]) => `${key}=${values.join()}`))
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value)
}

export function cutList(texts: readonly string[]): readonly string[] {
  return texts.slice(0, MAX_LISTED).map(cut)
}

export function cut(text: string): string {
  return text.slice(0, MAX_CHARACTERS)
}
