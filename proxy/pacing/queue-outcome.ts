/** A call at the queue: what it asks for, and how it leaves. */
import type { Departure } from '../core/http/client-signal.ts'
import type { Charge } from './limiter.ts'

export interface PassRequest {
  /** The agent: the owner of the lane. */
  readonly holder: string
  readonly charges: readonly Charge[]
  /** Those of the charges whose buckets other holders are charged in too. */
  readonly shared: readonly Charge[]
  readonly maxWaitMs: number
  /** Its turn does not come before; held until then it stands in nobody's way. */
  readonly notBeforeMs: number
  /** The same for every re-send of one call, for no other call; undefined: it cannot be told. Asked only if it waits. */
  readonly identity: () => string | undefined
  /** Throws what forbids the call by now, if anything does; asked whenever `reconsider` is called. */
  readonly judge: () => void
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: Departure
}

/** How a request left; charged only if `go`. `limiting` is the index of a charge. */
export type Passage =
  | { readonly kind: 'go'; readonly waitedMs: number }
  | { readonly kind: 'late'; readonly turnAtMs: number; readonly limiting: number }
  | { readonly kind: 'never'; readonly limiting: number }
  /** `replaced`: the same call came again, and has its place. */
  | { readonly kind: 'full' | 'gone' | 'replaced' | 'draining' }
