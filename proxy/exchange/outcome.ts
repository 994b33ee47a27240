/** Declares how far a request came, and how it ended. */
import type { RefusedBy } from '../core/denial/refused-by.ts'
import type { DenialReason } from '../core/denial/table.ts'
import type { Classified, Forwarded, Received } from './exchange.ts'
import type { PresignFacts } from './presign-request.ts'
import type { TaskFacts } from './task-opening.ts'

/** A request with all the facts that it reached, on any route. */
export type Furthest = Received & Partial<Forwarded> & PresignFacts & TaskFacts

/** A request that is about to have an effect: its agent and its call are known. */
export type Recordable = Furthest & Pick<Classified, 'agent' | 'payload' | 'call'>

/** Describes how the run of a request ended, for metrics and watchers. */
export interface Outcome {
  readonly exchange: Furthest
  readonly decision: 'allow' | 'deny' | 'throttle' | 'abort' | 'error'
  readonly reason: DenialReason | 'none'
  readonly durationMs: number
  /** The rules that refused it; undefined where none did. */
  readonly by?: RefusedBy | undefined
}
