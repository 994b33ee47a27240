import type { PaceWeights } from './charges.ts'
import type { PaceRules } from './rules.ts'

/** What the configuration says of pace. */
export interface Pacing {
  readonly rules: PaceRules
  readonly weights: PaceWeights
  /** 0: no dwell. */
  readonly dwellMs: number
}
