/**
 * Facts that only the type of an exchange carries: a stage looked at it and let it pass. They cost nothing at run time,
 * and make it a type error to leave such a stage out of a route or to move it.
 */
declare const headChecked: unique symbol
declare const signPathChecked: unique symbol
declare const taskPathChecked: unique symbol
declare const concurrencyLimited: unique symbol
declare const unreplayed: unique symbol
declare const unheld: unique symbol
declare const breakglassApplied: unique symbol
declare const approvalConsumed: unique symbol
declare const proofClaimed: unique symbol
declare const issuancePaced: unique symbol
declare const taskAuthorized: unique symbol
declare const taskApproved: unique symbol
declare const taskApprovalConsumed: unique symbol
declare const effectMade: unique symbol

/** Its head can be read in one way only (`checkHead`). */
export interface HeadChecked {
  readonly [headChecked]: true
}

/** Its path is that of the signing endpoint (`checkSignPath`). */
export interface SignPathChecked {
  readonly [signPathChecked]: true
}

/** Its path is one of the tasks endpoint (`checkTaskPath`). */
export interface TaskPathChecked {
  readonly [taskPathChecked]: true
}

/** Its agent has no more calls in flight than it may have (`limitConcurrency`). */
export interface ConcurrencyLimited {
  readonly [concurrencyLimited]: true
}

/** No copy of it was forwarded before (`refuseReplay`), or what proves it is no signature, and is claimed by itself. */
export interface Unreplayed {
  readonly [unreplayed]: true
}

/** Nothing is held against it: no freeze, no quarantine, no revocation (`checkHolds`). */
export interface Unheld {
  readonly [unheld]: true
}

/** It is known whether a break-glass is open for its agent (`applyBreakglass`). */
export interface BreakglassApplied {
  readonly [breakglassApplied]: true
}

/** The use of the approval that it needed is taken (`consumeApproval`). */
export interface ApprovalConsumed {
  readonly [approvalConsumed]: true
}

/** What proves it serves no copy of it (`claimSignature`, `claimProof`), or cannot be copied, or may serve again. */
export interface ProofClaimed {
  readonly [proofClaimed]: true
}

/** Its root may be given credentials now (`paceIssuance`). */
export interface IssuancePaced {
  readonly [issuancePaced]: true
}

/** Policy was asked about the task that it opens, if it opens one (`authorizeTask`). */
export interface TaskAuthorized {
  readonly [taskAuthorized]: true
}

/** Nobody needs to approve its task, or people have (`approveTask`). */
export interface TaskApproved {
  readonly [taskApproved]: true
}

/** The use of the approval that its task needed is taken (`consumeTaskApproval`). */
export interface TaskApprovalConsumed {
  readonly [taskApprovalConsumed]: true
}

/** It was forwarded, or answered here: the last fact of every route. */
export interface EffectMade {
  readonly [effectMade]: true
}

type Mark<Fact> = <Exchange>(exchange: Exchange) => Exchange & Fact

/** The one cast behind all of them: it says in the type alone that a stage let the exchange pass. */
const mark = (exchange: unknown): never => exchange as never

/** Each is called by the stage of its name, and returns the same object. */
export const markHeadChecked: Mark<HeadChecked> = mark
export const markSignPathChecked: Mark<SignPathChecked> = mark
export const markTaskPathChecked: Mark<TaskPathChecked> = mark
export const markConcurrencyLimited: Mark<ConcurrencyLimited> = mark
export const markUnreplayed: Mark<Unreplayed> = mark
export const markUnheld: Mark<Unheld> = mark
export const markBreakglassApplied: Mark<BreakglassApplied> = mark
export const markApprovalConsumed: Mark<ApprovalConsumed> = mark
export const markProofClaimed: Mark<ProofClaimed> = mark
export const markIssuancePaced: Mark<IssuancePaced> = mark
export const markTaskAuthorized: Mark<TaskAuthorized> = mark
export const markTaskApproved: Mark<TaskApproved> = mark
export const markTaskApprovalConsumed: Mark<TaskApprovalConsumed> = mark
export const markEffectMade: Mark<EffectMade> = mark
