/** What the audit keeps of a request: the contract's fields, redacted, from the furthest exchange that it reached. */
import { callFields, type Call, type CallFields } from '../core/call.ts'
import type { Denial } from '../core/denial/denial.ts'
import { DENIALS, type DenialReason } from '../core/denial/table.ts'
import type { Received } from '../exchange/exchange.ts'
import type { Furthest, Recordable } from '../exchange/outcome.ts'
import type { PresignRequest } from '../exchange/presign-request.ts'
import type { AuditRecord } from '../audit/record.ts'
import { redactText, redactValue } from '../observe/redact.ts'
import { ALLOWED, boundedFacts, boundedList, REFUSED, type RecordBounds } from './record-bounds.ts'
import type { Clock, SignedAs } from '../core/ports.ts'

const MAX_USER_AGENT = 256
const MAX_DETAIL = 512
/** A justification is kept whole, each character escaped if need be: it is what an incident is explained by. */
const MAX_WORDS = 6 * 4_096 + 2

/**
 * One decision record. `facts` completes the other fields to the policy's whole input, so that a decision can be
 * explained and replayed; nothing of the body, and no raw URL, is kept (security rule S8).
 */
export function decisionFields(
  exchange: Furthest,
  clock: Clock,
  decision: string,
  reason: string,
  denial?: Denial,
): AuditRecord {
  const { call = NOT_CLASSIFIED, waitedMs, authorization, breakglass } = exchange
  const policy = exchange.decision ?? exchange.taskGrant?.policy ?? denial?.policy
  const { fields, omitted, parts } = boundedCall(call, denial === undefined ? ALLOWED : REFUSED)
  return {
    phase: 'decision',
    requestId: exchange.requestId,
    ...whoOf(exchange),
    breakglass: breakglass?.id,
    ...fields,
    omitted,
    facts: {
      root: rootOf(exchange),
      accessLevel: call.accessLevel,
      region: authorization?.scope.region,
      timeSeconds: Math.floor(clock.nowMs() / 1000),
      ...parts,
      handOn: exchange.presign && presignFacts(exchange.presign),
      upstream: signedAs(exchange),
      task: taskFacts(exchange),
      breakglass: breakglass && { classes: breakglass.classes, resources: breakglass.resources },
    },
    decision,
    reason,
    detail: denial === undefined ? undefined : redactText(denial.message, MAX_DETAIL),
    wouldDeny: exchange.decision?.wouldDeny,
    wouldThrottle: exchange.wouldThrottle,
    wouldRules: exchange.wouldRules,
    policy:
      policy === undefined
        ? undefined
        : // A copy of the rules: JSON.stringify takes its slow way, four times as long, for a frozen array.
          { engine: policy.engine, revision: policy.revision, rules: [...policy.rules] },
    approval: approvalOf(exchange) ?? denial?.approval,
    waitedMs: waitedMs === undefined ? undefined : Math.round(waitedMs),
    client: { address: exchange.client.address, userAgent: userAgentOf(exchange) },
  }
}

type RecordableCall = CallFields & Pick<Call, 'unmodelled' | 'facts'>

/** What a record holds of a call, and how much it left out: `omitted` of resources, `facts.omitted` of the rest. */
function boundedCall(call: RecordableCall, bounds: RecordBounds) {
  const resources = boundedList(call.resources, bounds.resources)
  const actions = boundedList(call.actions, bounds.actions)
  const unmodelled = boundedList(call.unmodelled, bounds.actions)
  const parameters = boundedFacts(call.facts, bounds.parameterCharacters)
  const fields = { ...callFields(call), actions: actions.kept, resources: resources.kept }
  return {
    fields,
    omitted: resources.omitted === 0 ? undefined : resources.omitted,
    parts: {
      unmodelled: unmodelled.kept.length === 0 ? undefined : unmodelled.kept.map((each) => quoted(each)),
      parameters: Object.keys(parameters.kept).length === 0 ? undefined : redactValue(parameters.kept),
      omitted:
        actions.omitted + unmodelled.omitted + parameters.omitted === 0
          ? undefined
          : {
              actions: actions.omitted,
              unmodelled: unmodelled.omitted,
              parameters: parameters.omitted,
            },
    },
  }
}

/** Whom the request is of. An agent is named only once that was proved: a key id alone proves nothing. */
function whoOf(exchange: Furthest) {
  const { agent, payload, taskGrant, taskRequest, namedTask } = exchange
  const trace = taskRequest?.asked.traceId ?? traceOf(exchange)
  if (payload === undefined) return { agent: undefined, trace }
  const session = taskGrant?.session ?? agent?.session
  const task = taskGrant?.session.task.id ?? taskRequest?.asked.id ?? namedTask ?? session?.task.id
  return { agent: agent?.id, task, session: session?.id, trace }
}

/** The approval under which a call was made, or a task opened. */
function approvalOf({ approval, taskGrant }: Furthest): string | undefined {
  return approval?.id ?? taskGrant?.approved?.id
}

/** Under what its grants are, if not under its own id. */
function rootOf({ agent, payload }: Furthest): string | undefined {
  return payload === undefined || agent?.root === agent?.id ? undefined : agent?.root
}

/** Whose credentials sign it; undefined of a call that did not come so far. */
function signedAs({ signer, presign }: Furthest): SignedAs | undefined {
  return signer?.as ?? (presign?.narrowed === false ? 'plain' : undefined)
}

/** What was asked to be signed for somebody else, less the request itself: its query will hold the signature. */
function presignFacts({ type, expiresSeconds, narrowed }: PresignRequest) {
  return { type, expiresSeconds, narrowed }
}

/** The whole of a task: what it is for, in its agent's own words, what was asked, and what it may do until when. */
function taskFacts({ taskRequest, taskGrant }: Furthest) {
  if (taskRequest === undefined) return undefined
  const { opener, asked } = taskRequest
  return {
    root: opener.root,
    openedBy: opener.by,
    subject: inFull(opener.subject),
    intent: inFull(asked.intent),
    justification: inFull(asked.justification),
    ticket: inFull(asked.ticket),
    asked: asked.grants,
    statements: asked.statements,
    roleArn: asked.roleArn,
    sameUser: asked.sameUser,
    ...(taskGrant && {
      ancestors: taskGrant.session.task.ancestors,
      scopes: taskGrant.session.task.scopes,
      roleArn: taskGrant.session.task.roleArn,
      expiresAt: new Date(taskGrant.session.expiresAtMs).toISOString(),
    }),
  }
}

function inFull(text: string | undefined): string | undefined {
  return text === undefined ? undefined : quoted(text, MAX_WORDS)
}

/** The agent's own text, shown so that nothing of it can be taken for ours. */
function quoted(name: string, most = MAX_DETAIL): string {
  return redactText(JSON.stringify(name), most)
}

/** What is known of a request that was refused before it was classified. */
const NOT_CLASSIFIED = {
  service: 'unknown',
  operation: null,
  actions: [],
  resources: [],
  unmodelled: [],
  facts: {},
  count: 1,
  class: 'unknown',
  classes: ['unknown'],
  traits: [],
  accessLevel: 'Unknown',
} as const

/** The decision record of what came on a connection and was no request: there is nothing else to say of it. */
export function unreadableFields(requestId: string, address: string): AuditRecord {
  return {
    phase: 'decision',
    requestId,
    ...NOT_CLASSIFIED,
    decision: 'deny',
    reason: 'malformed_request',
    detail: 'The bytes are no HTTP request that can be read in one way only.',
    client: { address },
  }
}

/** What became of a call after its decision was recorded. */
export function outcomeFields(exchange: Recordable, reason: DenialReason | 'none'): AuditRecord {
  const { upstream } = exchange
  return {
    phase: 'outcome',
    requestId: exchange.requestId,
    agent: exchange.agent.id,
    task: exchange.agent.session?.task.id,
    breakglass: exchange.breakglass?.id,
    service: exchange.call.service,
    operation: exchange.call.operation,
    decision: reason === 'none' ? 'allow' : DENIALS[reason].decision,
    reason,
    upstream:
      upstream === undefined
        ? undefined
        : {
            status: upstream.status,
            requestId: upstream.requestId === undefined ? undefined : upstreamRequestId(upstream.requestId),
            errorCode: upstream.errorCode?.slice(0, 128),
            durationMs: Math.round(upstream.durationMs),
          },
  }
}

function userAgentOf({ headers }: Received): string {
  return redactText((headers.one('user-agent') ?? '').slice(0, MAX_USER_AGENT))
}

/** W3C trace id, the only part of `traceparent` that correlates; anything else is not kept. */
function traceOf(exchange: Received): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(
    exchange.headers.one('traceparent') ?? '',
  )?.[1]
}

/** Capitals and digits, or a UUID: as AWS writes request ids, and no secret is written so. */
const PLAIN_REQUEST_ID = /^(?:[0-9A-Z]{1,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const MAX_REQUEST_ID = 128

/** Each is new, so it would cost the redactor's full run for every call; only what has another shape goes there. */
function upstreamRequestId(text: string): string {
  return PLAIN_REQUEST_ID.test(text) ? text : redactText(text, MAX_REQUEST_ID)
}
