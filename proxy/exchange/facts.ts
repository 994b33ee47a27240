/**
 * Declares the facts that only the type of an exchange carries: a stage checked it and let it pass. They cost nothing at
 * run time. They make it a type error to leave such a stage out of a route or to move it.
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

/** The head can be read in one way only (`checkHead`). */
export interface HeadChecked {
  readonly [headChecked]: true
}

/** The path is that of the signing endpoint (`checkSignPath`). */
export interface SignPathChecked {
  readonly [signPathChecked]: true
}

/** The path is one of the tasks endpoint (`checkTaskPath`). */
export interface TaskPathChecked {
  readonly [taskPathChecked]: true
}

/** The agent has no more calls in flight than it may have (`limitConcurrency`). */
export interface ConcurrencyLimited {
  readonly [concurrencyLimited]: true
}

/** No copy was forwarded before (`refuseReplay`), or its proof is not a signature and is claimed by another stage. */
export interface Unreplayed {
  readonly [unreplayed]: true
}

/** No freeze, quarantine or revocation holds the request back (`checkHolds`). */
export interface Unheld {
  readonly [unheld]: true
}

/** It is known whether a break-glass is open for its agent (`applyBreakglass`). */
export interface BreakglassApplied {
  readonly [breakglassApplied]: true
}

/** The approval that the call needed is consumed (`consumeApproval`). */
export interface ApprovalConsumed {
  readonly [approvalConsumed]: true
}

/** The proof cannot serve a copy: it is claimed (`claimSignature`, `claimProof`), cannot be copied, or may be used again. */
export interface ProofClaimed {
  readonly [proofClaimed]: true
}

/** The root identity may be given credentials now (`paceIssuance`). */
export interface IssuancePaced {
  readonly [issuancePaced]: true
}

/** Policy was asked about the task that the request opens, if it opens one (`authorizeTask`). */
export interface TaskAuthorized {
  readonly [taskAuthorized]: true
}

/** Nobody needs to approve the task, or people have approved it (`approveTask`). */
export interface TaskApproved {
  readonly [taskApproved]: true
}

/** The approval that the task needed is consumed (`consumeTaskApproval`). */
export interface TaskApprovalConsumed {
  readonly [taskApprovalConsumed]: true
}

/** The request was forwarded or answered here: the last fact of every route. */
export interface EffectMade {
  readonly [effectMade]: true
}

type Mark<Fact> = <Exchange>(exchange: Exchange) => Exchange & Fact

/** Returns its argument. This one cast is behind all marks: the type alone says that a stage let the exchange pass. */
const mark = (exchange: unknown): never => exchange as never

/** Each mark is called by the stage of its name, and returns the same object. */
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
