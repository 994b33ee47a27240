/** A request as far as it came, and what became of it. */
import type { DenialReason } from '../core/denial/table.ts'
import type { Classified, Forwarded, Received } from './exchange.ts'
import type { PresignFacts } from './presign-request.ts'
import type { TaskFacts } from './task-opening.ts'

/** A request with all facts that it reached, on whatever route. */
export type Furthest = Received & Partial<Forwarded> & PresignFacts & TaskFacts

/** A request that is about to have an effect: it is known whose it is and what it does. */
export type Recordable = Furthest & Pick<Classified, 'agent' | 'payload' | 'call'>

/** Says what the run of a request became, for metrics and for whoever watches. */
export interface Outcome {
  readonly exchange: Furthest
  readonly decision: 'allow' | 'deny' | 'throttle' | 'abort' | 'error'
  readonly reason: DenialReason | 'none'
  readonly durationMs: number
}
