/**
 * Opens approvals as the configuration wants them, with all that hears of them: audit, metrics, and whoever is told.
 */
import type { Logger } from 'pino'
import { originOf } from '../core/addresses.ts'
import type { Config } from '../config/schema/config.ts'
import type { Received } from '../exchange/exchange.ts'
import type { Call } from '../core/call.ts'
import type { Audit } from '../audit/audit.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Clock, Timer } from '../core/ports.ts'
import { LONGEST_WAIT_MS } from '../pacing/paces.ts'
import type { PaceRules } from '../pacing/rules.ts'
import type { Pacing } from '../pacing/pacing.ts'
import { readSecret } from '../core/secret-file.ts'
import type { Ledger } from '../state/ledger.ts'
import type { OwnerOf } from './approval-request.ts'
import { statusOf } from './approval.ts'
import { Approvals } from './approvals.ts'
import type { ApprovalEvent } from './stored-approval.ts'
import { approvalFields } from './record.ts'
import { InFlightChanges } from './in-flight-changes.ts'
import { Waiting } from './waiting.ts'
import { openApprovalWebhook } from './webhook.ts'

export interface ApprovalDeps {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly steadyClock: Clock
  readonly timer: Timer
  readonly audit: Pick<Audit, 'append'>
  readonly metrics: Pick<Metrics, 'approvalsPending' | 'approvalOldest' | 'approvalDecision'>
  readonly log: Logger
  readonly rules: () => {
    readonly loaded: { readonly config: Config }
    readonly pacing: Pick<Pacing, 'rules'>
  }
}

/** Approvals in force, and all that asks for them, waits for them and tells of them. */
export interface ApprovalService {
  readonly approvals: Approvals
  readonly inFlight: InFlightChanges
  readonly waiting: Waiting
  readonly ownerOf: OwnerOf
  /** Tells an agent where people decide its approval. */
  readonly place: (id: string) => string
  /** What the admin API needs to let people decide. */
  readonly admin: {
    readonly approvals: Approvals
    readonly clock: Clock
    readonly maxUses: number
    readonly people: () => Config['admin']['people']
    readonly callbackSecret: string | undefined
  }
  /** How long a call may wait for its approval; undefined where calls are never held for it. */
  readonly hold: ApprovalHold | undefined
  /** Hears that a request is over, however it ended. */
  ended(exchange: Received): void
  /** Hears on which port the admin listener is. */
  bound(port: number): void
  close(): void
}

export interface ApprovalHold {
  readonly waiting: Waiting
  /** For waits. */
  readonly steadyClock: Clock
  readonly maxWaitMs: (call: Call) => number
}

/** Opens approvals as the configuration wants them. Throws if a secret file cannot be read. */
export function openApprovals(deps: ApprovalDeps): ApprovalService {
  const { ledger, clock, timer, audit, metrics, log, rules } = deps
  const inForce = (): Config => rules().loaded.config
  // What a reload does not change.
  const { approvals: config, admin, listen } = inForce()
  let { port } = listen.admin
  const url = (): string =>
    config.url ?? `${originOf({ host: listen.admin.host, port }, admin.tls !== undefined)}/`
  const webhook = config.webhook && openApprovalWebhook(config.webhook, { url, clock, timer, log })
  const { expire: expireMs, pendingPerAgent } = config
  const onEvent = (event: ApprovalEvent): void => {
    audit.append(approvalFields(event))
    if (event.kind === 'decided') metrics.approvalDecision(event.decision, secondsUntil(event))
    if (event.kind === 'asked') webhook?.post(event.known)
  }
  const approvals = new Approvals({ ledger, clock, expireMs, pendingPerAgent, onEvent })
  metrics.approvalsPending(() => approvals.pending)
  metrics.approvalOldest(() => oldestSeconds(approvals, clock))
  const inFlight = new InFlightChanges(approvals)
  const waiting = new Waiting(ledger, timer, () => inForce().limits.heldPerAgent)
  return {
    approvals,
    inFlight,
    waiting,
    ownerOf: (agentId: string) => inForce().agents.find(({ id }) => id === agentId)?.owner,
    place: (id: string) => `People decide at ${url()}#${id} or with: moderato approvals show ${id}.`,
    admin: adminOf(approvals, deps),
    hold: config.hold ? holdOf(waiting, deps) : undefined,
    ended({ requestId }: Received): void {
      inFlight.end(requestId)?.catch((error: unknown) => {
        log.error({ err: error, requestId }, 'approvals that depend on a change could not be voided')
      })
    },
    bound(actual: number): void {
      port = actual
    },
    close: () => webhook?.close(),
  }
}

/** Returns the time from the request for an approval to the decision. */
function secondsUntil({ known, decision }: ApprovalEvent & { kind: 'decided' }): number {
  return Math.max(0, decision.atMs - known.approval.askedAtMs) / 1000
}

/** Returns the age of the oldest approval that waits; 0 if none does. */
function oldestSeconds(approvals: Approvals, clock: Clock): number {
  const oldest = approvals.all().find(({ approval }) => statusOf(approval) === 'pending')
  return oldest === undefined ? 0 : Math.max(0, clock.nowMs() - oldest.approval.askedAtMs) / 1000
}

function adminOf(approvals: Approvals, { clock, rules }: ApprovalDeps): ApprovalService['admin'] {
  const { maxUses, callback } = rules().loaded.config.approvals
  return {
    approvals,
    clock,
    maxUses,
    people: () => rules().loaded.config.admin.people,
    callbackSecret: callback && readSecret(callback.secretFile),
  }
}

function holdOf(waiting: Waiting, { steadyClock, rules }: ApprovalDeps): ApprovalHold {
  return { waiting, steadyClock, maxWaitMs: (call) => maxWaitMs(call, rules().pacing.rules) }
}

/**
 * Returns the shortest of the rules for its classes; no client that was measured waits longer than where there is none.
 */
function maxWaitMs({ classes }: Call, rules: PaceRules): number {
  const applying = classes.flatMap((each) => rules.get(each) ?? [])
  return Math.min(LONGEST_WAIT_MS, ...applying.map((rule) => rule.maxWaitMs))
}
