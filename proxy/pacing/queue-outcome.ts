/** Defines what a call asks of the queue, and how it leaves. */
import type { ClientSignal } from '../core/http/client-signal.ts'
import type { BucketCharge } from './limiter.ts'

/** A QueueRequest asks the queue to let a call go at its turn. */
export interface QueueRequest {
  /** The agent, who owns the queue. */
  readonly holder: string
  readonly charges: readonly BucketCharge[]
  /** The charges in buckets that other agents share. */
  readonly shared: readonly BucketCharge[]
  readonly maxWaitMs: number
  /** The earliest time of its turn; until then it holds up no other call. */
  readonly notBeforeMs: number
  /** Returns the same text for every re-send of one call and for no other call; undefined if unknown. Called only if it waits. */
  readonly identity: () => string | undefined
  /** Throws if the call is no longer allowed; called whenever `reconsider` is called. */
  readonly judge: () => void
  /** Called when the call must wait, with the index of the charge for which; again when that is another. */
  readonly held?: ((limiting: number) => void) | undefined
  /** Aborts when no client waits for the answer. */
  readonly gone: ClientSignal
}

/** A QueueOutcome says how a request left; it is charged only if `go`. `limiting` is the index of a charge. */
export type QueueOutcome =
  | { readonly kind: 'go'; readonly waitedMs: number }
  | { readonly kind: 'late'; readonly turnAtMs: number; readonly limiting: number }
  | { readonly kind: 'never'; readonly limiting: number }
  /** `replaced`: the same call came again and took its place. */
  | { readonly kind: 'full' | 'gone' | 'replaced' | 'draining' }
