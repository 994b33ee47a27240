import type { PaceWeights } from './charges.ts'
import type { Rules } from './rules.ts'

/** What the configuration says of pace. */
export interface Pacing {
  readonly rules: Rules
  readonly weights: PaceWeights
  /** 0: no dwell. */
  readonly dwellMs: number
}
