/** Approval by people: a call that needs one and has none is answered with its id, or held until somebody decides. */
import { grantedOf, statusOf } from '../approvals/approval.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { callKey, type Known } from '../approvals/known.ts'
import { needOf, newApproval, type Need } from '../approvals/asked.ts'
import { digestOf } from '../approvals/digest.ts'
import { shown } from '../approvals/shown.ts'
import type { Waiting } from '../approvals/waiting.ts'
import { Denial } from '../denial.ts'
import type { Approved, Call, Decided, Decision } from '../exchange.ts'
import type { Clock } from '../ports.ts'

export interface ApproveDeps {
  readonly approvals: Approvals
  /** The person who answers for an agent. */
  readonly ownerOf: (agentId: string) => string | undefined
  /** Where people decide, for the agent to pass on. */
  readonly place: (id: string) => string
  readonly clock: Clock
  /** Undefined: a call is never held for its approval. */
  readonly hold:
    | {
        readonly waiting: Waiting
        readonly maxWaitMs: (call: Call) => number
        /** For waits. */
        readonly steadyClock: Clock
        /** Judges a held call again (S4). Throws a Denial if anything changed for the worse. */
        readonly recheck: (exchange: Decided) => unknown
      }
    | undefined
}

/** What the call needs; more than nobody. */
type Wanted = Need & { readonly approvers: 1 | 2 }

/**
 * Lets a call on that nobody needs to approve, or that people have approved byte for byte; the use is spent later
 * (stages/spend.ts). Denials: `approval_required` with the id of an approval that now waits, `approval_denied` with who
 * and why, `approvals_full`, `unapprovable`, `state_unavailable`.
 */
export function approve(deps: ApproveDeps) {
  return function approve(exchange: Decided): Approved | Promise<Approved> {
    const need = needOf(exchange, deps.approvals)
    if (!isWanted(need)) return { ...exchange, approval: undefined }
    const digest = digestOf(exchange)
    if (digest === undefined) {
      throw new Denial('unapprovable', `${need.why.join(' ')} Its body is not known before it is sent.`)
    }
    return given(exchange, digest, need.approvers, deps) ?? asked(exchange, digest, need, deps)
  }
}

/**
 * Throws a Denial if a call that was approved would not be by now, or one that needed nobody does; `decision` is what
 * policy says now.
 */
export function checkApproval(exchange: Approved, decision: Decision, approvals: Approvals): void {
  const need = needOf({ ...exchange, decision }, approvals)
  if (!isWanted(need)) return
  const { approval, agent } = exchange
  const known = approval && approvals.find(callKey(agent, approval.digest), need.approvers)
  if (known !== undefined && statusOf(known.approval, need.approvers) === 'approved') return
  if (known !== undefined) refuseDenied(known)
  throw new Denial('approval_required', `${need.why.join(' ')} The call was not approved when its turn came.`)
}

function isWanted(need: Need): need is Wanted {
  return need.approvers > 0
}

/** Undefined if nobody has decided. Throws `approval_denied`. */
function given(
  exchange: Decided,
  digest: string,
  approvers: 1 | 2,
  { approvals }: ApproveDeps,
): Approved | undefined {
  const known = approvals.find(callKey(exchange.agent, digest), approvers)
  if (known === undefined) return undefined
  refuseDenied(known)
  if (statusOf(known.approval, approvers) !== 'approved') return undefined
  const { skipPace } = grantedOf(known.approval)
  return { ...exchange, approval: { id: known.id, digest, skipPace } }
}

function refuseDenied({ id, approval }: Known): void {
  const denied = approval.decisions.find((decision) => !decision.approve)
  if (denied === undefined) return
  const why = denied.reason === undefined ? 'gave no reason' : `said ${shown(denied.reason, { prose: true })}`
  throw new Denial('approval_denied', `${denied.person} refused approval ${id} and ${why}.`, { approval: id })
}

async function asked(exchange: Decided, digest: string, need: Wanted, deps: ApproveDeps): Promise<Approved> {
  const { approvals, ownerOf, hold } = deps
  const wanted = newApproval(exchange, digest, need, ownerOf)
  const known = await approvals.ask(wanted).catch((cause: unknown) => {
    throw new Denial('state_unavailable', 'An approval could not be asked for.', { cause })
  })
  if (known === undefined) throw new Denial('approvals_full', need.why.join(' '))
  const approved = given(exchange, digest, need.approvers, deps)
  if (approved !== undefined) return approved
  const held =
    hold && (await hold.waiting.within(exchange.agent.id, () => holdUp(exchange, digest, need, deps)))
  if (held !== undefined && held !== 'undecided') return held
  throw required(known, need, deps)
}

async function holdUp(
  exchange: Decided,
  digest: string,
  need: Wanted,
  deps: ApproveDeps,
): Promise<Approved | 'undecided'> {
  const { hold } = deps
  if (hold === undefined) return 'undecided'
  const { waiting, steadyClock, recheck } = hold
  const { gone } = exchange.client
  const untilMs = steadyClock.nowMs() + hold.maxWaitMs(exchange.call)
  while (await waiting.next(untilMs - steadyClock.nowMs(), gone)) {
    recheck(exchange)
    const approved = given(exchange, digest, need.approvers, deps)
    if (approved !== undefined && !gone.aborted) return approved
  }
  if (gone.aborted) throw new Denial('client_gone', 'The connection was closed.')
  return 'undecided'
}

function required({ id, approval, expiresAtMs }: Known, need: Wanted, { place, clock }: ApproveDeps): Denial {
  const { decisions, askedAtMs } = approval
  const people = need.approvers === 1 ? 'one person' : 'two people'
  const minutes = Math.max(1, Math.round((expiresAtMs - clock.nowMs()) / 60_000))
  const isNew = decisions.length === 0 && clock.nowMs() - askedAtMs < 1_000
  return new Denial(
    'approval_required',
    `${need.why.join(' ')} Approval ${id} ${isNew ? 'was asked for' : 'still waits'}: it needs ${people}` +
      `${decisions.length === 0 ? '' : ', one has approved'}. ${place(id)} It is good for ${minutes} more min.`,
    { approval: id },
  )
}
