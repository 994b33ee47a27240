import type { PaceWeights } from './charges.ts'
import type { PaceRules } from './rules.ts'

/** Holds what the configuration sets about pace. */
export interface Pacing {
  readonly rules: PaceRules
  readonly weights: PaceWeights
  /** 0: no dwell. */
  readonly dwellMs: number
}
