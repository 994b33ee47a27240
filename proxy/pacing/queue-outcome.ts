/** A call at the queue: what it asks for, and how it leaves. */
import type { ClientSignal } from '../core/http/client-signal.ts'
import type { BucketCharge } from './limiter.ts'

export interface QueueRequest {
  /** The agent: the owner of the lane. */
  readonly holder: string
  readonly charges: readonly BucketCharge[]
  /** Those of the charges whose buckets other holders are charged in too. */
  readonly shared: readonly BucketCharge[]
  readonly maxWaitMs: number
  /** Its turn does not come before; held until then it stands in nobody's way. */
  readonly notBeforeMs: number
  /** The same for every re-send of one call, for no other call; undefined: it cannot be told. Asked only if it waits. */
  readonly identity: () => string | undefined
  /** Throws what forbids the call by now, if anything does; asked whenever `reconsider` is called. */
  readonly judge: () => void
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: ClientSignal
}

/** How a request left; charged only if `go`. `limiting` is the index of a charge. */
export type QueueOutcome =
  | { readonly kind: 'go'; readonly waitedMs: number }
  | { readonly kind: 'late'; readonly turnAtMs: number; readonly limiting: number }
  | { readonly kind: 'never'; readonly limiting: number }
  /** `replaced`: the same call came again, and has its place. */
  | { readonly kind: 'full' | 'gone' | 'replaced' | 'draining' }
