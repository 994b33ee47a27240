/** Builds the audit records of a request: the contract's fields, redacted, from the furthest exchange that it reached. */
import { momentText } from '../core/moment.ts'
import { callFields, type Call, type CallFields } from '../core/call.ts'
import type { Denial } from '../core/denial/denial.ts'
import type { RefusedBy } from '../core/denial/refused-by.ts'
import { DENIALS, type DenialReason } from '../core/denial/table.ts'
import type { Received } from '../exchange/exchange.ts'
import type { Furthest, Recordable } from '../exchange/outcome.ts'
import type { PresignRequest } from '../exchange/presign-request.ts'
import type { AuditRecord } from '../audit/record.ts'
import { redactText, redactValue } from '../observe/redact.ts'
import { wouldHaveBeen } from './would.ts'
import { ALLOWED, boundedFacts, boundedList, REFUSED, type RecordBounds } from './record-bounds.ts'
import type { Clock, SignedAs } from '../core/ports.ts'

const MAX_USER_AGENT = 256
const MAX_DETAIL = 512
/** A justification is kept whole, even if each character is escaped: responders need it to explain an incident. */
const MAX_AGENT_TEXT = 6 * 4_096 + 2

/**
 * Returns one decision record. Its `facts` complete the other fields to the policy's whole input, so that a decision can
 * be explained and replayed. Nothing of the body, and no raw URL, is kept (security rule S8).
 */
export function decisionFields(
  exchange: Furthest,
  clock: Clock,
  decision: string,
  reason: string,
  denial?: Denial,
): AuditRecord {
  const { call = NOT_CLASSIFIED, waitedMs, breakglass } = exchange
  const policy = exchange.decision ?? exchange.taskGrant?.policy ?? denial?.policy
  const { fields, omitted, parts } = boundedCall(call, denial === undefined ? ALLOWED : REFUSED)
  return {
    phase: 'decision',
    requestId: exchange.requestId,
    ...agentFields(exchange),
    breakglass: breakglass?.id,
    ...fields,
    omitted,
    facts: decisionFacts(exchange, clock, parts),
    decision,
    reason,
    detail: denial === undefined ? undefined : redactText(denial.message, MAX_DETAIL),
    wouldDeny: exchange.decision?.wouldDeny,
    wouldThrottle: exchange.wouldThrottle,
    wouldRules: exchange.wouldRules,
    would: wouldHaveBeen(exchange),
    paceRules: exchange.paceRules ?? paceRulesOf(denial?.by),
    rules: denial?.by && [...denial.by.rules],
    overrides: exchange.call?.overrides,
    policy:
      policy === undefined
        ? undefined
        : // A copy of the rules: JSON.stringify takes four times as long for a frozen array.
          { engine: policy.engine, revision: policy.revision, rules: [...policy.rules] },
    approval: approvalOf(exchange) ?? denial?.approval,
    waitedMs: waitedMs === undefined ? undefined : Math.round(waitedMs),
    client: { address: exchange.client.address, userAgent: userAgentOf(exchange) },
  }
}

/** Returns the pace rules that throttled, or held a call that left; undefined if others refused it. */
function paceRulesOf(by: RefusedBy | undefined): readonly string[] | undefined {
  return by?.kind === 'pace' ? by.rules : undefined
}

/** Returns the parts of the policy's input that the record's other fields do not hold. */
function decisionFacts(exchange: Furthest, clock: Clock, parts: ReturnType<typeof boundedCall>['parts']) {
  const { call = NOT_CLASSIFIED, authorization, breakglass } = exchange
  return {
    root: rootOf(exchange),
    accessLevel: call.accessLevel,
    region: authorization?.scope.region,
    timeSeconds: Math.floor(clock.nowMs() / 1000),
    ...parts,
    handOn: exchange.presign && presignFacts(exchange.presign),
    upstream: signedAs(exchange),
    task: taskFacts(exchange),
    breakglass: breakglass && { classes: breakglass.classes, resources: breakglass.resources },
  }
}

type RecordableCall = CallFields & Pick<Call, 'unmodelled' | 'facts'>

/** Returns what a record holds of a call, and how much it left out: `omitted` of resources, `facts.omitted` of the rest. */
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

/** Returns whose request it is. An agent is named only once it is proved: a key id alone proves nothing. */
function agentFields(exchange: Furthest) {
  const { agent, payload, taskGrant, taskRequest, namedTask } = exchange
  const trace = taskRequest?.asked.traceId ?? traceOf(exchange)
  if (payload === undefined) return { agent: undefined, trace }
  const session = taskGrant?.session ?? agent?.session
  const task = taskGrant?.session.task.id ?? taskRequest?.asked.id ?? namedTask ?? session?.task.id
  return { agent: agent?.id, task, session: session?.id, trace }
}

/** Returns the id of the approval under which a call was made or a task opened. */
function approvalOf({ approval, taskGrant }: Furthest): string | undefined {
  return approval?.id ?? taskGrant?.approved?.id
}

/** Returns the identity that holds the agent's grants, if that is not the agent itself. */
function rootOf({ agent, payload }: Furthest): string | undefined {
  return payload === undefined || agent?.root === agent?.id ? undefined : agent?.root
}

/** Tells which credentials sign the call; undefined if it did not come so far. */
function signedAs({ signer, presign }: Furthest): SignedAs | undefined {
  return signer?.as ?? (presign?.narrowed === false ? 'plain' : undefined)
}

/** Describes a request to sign for somebody else, without its head: the query will hold the signature. */
function presignFacts({ type, expiresSeconds, narrowed }: PresignRequest) {
  return { type, expiresSeconds, narrowed }
}

/** Describes a task: its purpose in the agent's own words, what the agent asked for, what was granted and until when. */
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
      expiresAt: momentText(taskGrant.session.expiresAtMs),
    }),
  }
}

function inFull(text: string | undefined): string | undefined {
  return text === undefined ? undefined : quoted(text, MAX_AGENT_TEXT)
}

/** Quotes the agent's own text, so that nobody can take it for Moderato's. */
function quoted(text: string, maxLength = MAX_DETAIL): string {
  return redactText(JSON.stringify(text), maxLength)
}

/** The call of a request that was refused before it was classified. */
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

/** Returns the decision record of bytes that no HTTP parser takes for a request. Nothing else is known of them. */
export function unreadableFields(requestId: string, address: string, words: string): AuditRecord {
  return {
    phase: 'decision',
    requestId,
    ...NOT_CLASSIFIED,
    decision: 'deny',
    reason: 'malformed_request',
    detail: words,
    client: { address },
  }
}

/** Returns the record of how a call ended after its decision was recorded. */
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

/** Returns the W3C trace id, the only part of `traceparent` that correlates; nothing else of it is kept. */
function traceOf(exchange: Received): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(
    exchange.headers.one('traceparent') ?? '',
  )?.[1]
}

/** Matches capitals and digits, or a UUID: AWS writes request ids so, and no secret has this shape. */
const PLAIN_REQUEST_ID = /^(?:[0-9A-Z]{1,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const MAX_REQUEST_ID = 128

/** Redacts an id only if its shape is unusual: ids never repeat, so each would cost the redactor's full run. */
function upstreamRequestId(text: string): string {
  return PLAIN_REQUEST_ID.test(text) ? text : redactText(text, MAX_REQUEST_ID)
}
