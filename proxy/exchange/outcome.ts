import type { DenialReason } from '../core/denial/table.ts'
import type { Forwarded, Received } from './exchange.ts'

/** What the run of a request became, for metrics and for whoever watches. */
export interface Outcome {
  readonly exchange: Partial<Forwarded> & Received
  readonly decision: 'allow' | 'deny' | 'throttle' | 'abort' | 'error'
  readonly reason: DenialReason | 'none'
  readonly durationMs: number
}
