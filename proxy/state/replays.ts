/** Remembers which changing calls were forwarded, so that a copied request is not carried out again. */

import type { MaybePromise } from '../core/maybe-promise.ts'

/** Describes one signed request by what a copy of it has in common with it. */
export interface SignedCall {
  readonly agentId: string
  /** What every copy has in common, however it is spelled: the signature, or of an ECDSA one its first half. */
  readonly key: string
  /** `amz-sdk-invocation-id`; empty if there is none. A hint: clients may leave it unsigned. */
  readonly invocationId: string
  readonly signedAtMs: number
  readonly receivedAtMs: number
  /** From then on its signature is refused for its age. */
  readonly validUntilMs: number
}

export type ClaimOutcome = 'claimed' | 'replayed' | 'full'

/** Keeps what was forwarded; `nowMs` is of the wall clock, as signatures are. All fail if it is not to be had. */
export interface Replays {
  /** Tells whether a copy of the call is known to have been forwarded, so that this one need not go on. A hint. */
  has(call: SignedCall, nowMs: number): MaybePromise<boolean>
  /**
   * Takes the call's one chance to be forwarded, or says why it may not: one atomic step over all replicas, and
   * whatever becomes of this process, a copy is `replayed` afterwards.
   */
  claim(call: SignedCall, nowMs: number): MaybePromise<ClaimOutcome>
  /**
   * Ends the claim of a call, on all replicas: one copy of it can be claimed again. Only whoever claimed it may ask, and
   * only for an answer that asks for a retry (rule S30).
   */
  release(call: SignedCall, nowMs: number): MaybePromise<void>
}

interface Forwarded {
  readonly invocationIds: Set<string>
  readonly validUntilMs: number
}

/** How long a request may be on its way: a copy made within its second may arrive in the next. */
const IN_FLIGHT_MS = 1_000
/** A call's age is judged when it arrives; its body and its pace may take this much longer. */
const KEPT_MS = 10 * 60_000
const SWEEP_INTERVAL_MS = 30_000

/**
 * Tells whether a call came early enough for equal ones to be its neighbours. The key is signature and invocation id.
 * SigV4's dates have a resolution of a second and botocore leaves the id out of its signature, so equal calls made
 * within one second differ in the id alone: within the second of its date (and the time on the way) a new id is a new
 * call, later it is a copy.
 */
export function inItsSecond({ receivedAtMs, signedAtMs }: SignedCall): boolean {
  return receivedAtMs < signedAtMs + 1_000 + IN_FLIGHT_MS
}

/** Tells whether a copy of it may be forgotten by now. */
export function isOver({ validUntilMs }: SignedCall, nowMs: number): boolean {
  return nowMs > validUntilMs + KEPT_MS
}

/** Returns how long the call must be remembered from now on. */
export function keptMs({ validUntilMs }: SignedCall, nowMs: number): number {
  return Math.max(0, validUntilMs + KEPT_MS - nowMs)
}

/**
 * Keeps what was forwarded in memory, bounded by `perAgent` calls of each agent; what it forgets, its signature's age
 * refuses.
 */
export class ReplayMemory implements Replays {
  readonly #perAgent: number
  readonly #byAgent = new Map<string, { readonly calls: Map<string, Forwarded>; size: number }>()
  #sweptAtMs = 0

  constructor({ perAgent }: { readonly perAgent: number }) {
    this.#perAgent = perAgent
  }

  has(call: SignedCall, nowMs: number): boolean {
    if (isOver(call, nowMs)) return true
    const forwarded = this.#byAgent.get(call.agentId)?.calls.get(call.key)
    if (forwarded === undefined) return false
    return forwarded.invocationIds.has(call.invocationId) || !inItsSecond(call)
  }

  claim(call: SignedCall, nowMs: number): ClaimOutcome {
    if (this.has(call, nowMs)) return 'replayed'
    this.#sweep(nowMs)
    let own = this.#byAgent.get(call.agentId)
    if (own === undefined) this.#byAgent.set(call.agentId, (own = { calls: new Map(), size: 0 }))
    if (own.size >= this.#perAgent) return 'full'
    const { key, invocationId, validUntilMs } = call
    const forwarded = own.calls.get(key)
    if (forwarded !== undefined) forwarded.invocationIds.add(invocationId)
    else own.calls.set(key, { invocationIds: new Set([invocationId]), validUntilMs })
    own.size += 1
    return 'claimed'
  }

  release({ agentId, key, invocationId }: SignedCall): void {
    const own = this.#byAgent.get(agentId)
    const forwarded = own?.calls.get(key)
    if (own === undefined || forwarded?.invocationIds.delete(invocationId) !== true) return
    own.size -= 1
    if (forwarded.invocationIds.size === 0) own.calls.delete(key)
    if (own.size === 0) this.#byAgent.delete(agentId)
  }

  get size(): number {
    let size = 0
    for (const own of this.#byAgent.values()) size += own.size
    return size
  }

  /** Forgets what is refused for its age; a clock set back only keeps more. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < SWEEP_INTERVAL_MS) return
    this.#sweptAtMs = nowMs
    for (const [agentId, own] of this.#byAgent) {
      for (const [key, { invocationIds, validUntilMs }] of own.calls) {
        if (validUntilMs + KEPT_MS >= nowMs) continue
        own.calls.delete(key)
        own.size -= invocationIds.size
      }
      if (own.size === 0) this.#byAgent.delete(agentId)
    }
  }
}
