/** Defines detectors: each looks at one agent's requests, one after another, and says when they drift. */
import type { Observation } from './observation.ts'
import type { Ownership } from './scratch.ts'

/** A request as detectors see it. */
export interface Seen extends Observation {
  readonly ownership: Ownership
}

/** Holds what a detector found, in words that explain it. */
export interface DriftFinding {
  /** What it is about: the same key is not found again while the detector's window lasts. */
  readonly key: string
  readonly words: string
  /** The keys of the things that it is about, for a summary of many findings. */
  readonly things?: readonly string[] | undefined
  /** How many more there are than `things` names. */
  readonly moreThings?: number
  /** The requests that led to it, the newest last. */
  readonly requestIds: readonly string[]
  /** How long a finding of this key stays the same finding. */
  readonly quietMs: number
  /** Worse than the detector's usual finding. */
  readonly grave?: boolean
}

/**
 * Looks at one agent's requests in their order; the clock is passed in. It does no I/O, keeps a bounded number of
 * things, and may read other parameters each time: a reload swaps them.
 */
export type Look<Parameters> = (seen: Seen, parameters: Parameters, nowMs: number) => DriftFinding | undefined

/** Makes the detector of one agent, with nothing seen yet. */
export type Detector<Parameters> = () => Look<Parameters>
