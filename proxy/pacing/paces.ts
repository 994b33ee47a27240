/** Computes the pace of each action class: the defaults, overridden by the configuration. Pure. */
import { ACTION_CLASSES, type ActionClass } from '../core/action-class.ts'
import { rateOf, type Rate } from './gcra.ts'
import { formatRate, parseDurationMs, parseRate, type RatePer } from './rates.ts'

/** A PaceSetting is one class of `pacing.classes` in the configuration, parsed. */
export interface PaceSetting {
  readonly rate: RatePer
  readonly burst: number
  /** The longest wait, in milliseconds. */
  readonly maxWait: number
}

/** Names what has a pace: the classes, and the trait of writes that may replace what exists (rule S14). */
export type PacedName = ActionClass | 'may-overwrite'

/** A Pace is a class's pace, ready for use. */
export interface Pace extends Rate {
  readonly class: PacedName
  /** The rate as operators write it, for messages. */
  readonly rateText: string
  /** The longest time that a call of this class may be held. */
  readonly maxWaitMs: number
}

export type Paces = ReadonlyMap<PacedName, Pace>

/** The longest wait that a configuration may set. No measured AWS client gives up before; botocore's read timeout is 60 s. */
export const LONGEST_WAIT_MS = 45_000

const HUMAN = { rate: '6/min', burst: 2, maxWait: '20s' } as const

/** Holds the default pace of each class, as a configuration would have it; a class that is not here is not paced. */
export const DEFAULT_PACES = {
  destructive: HUMAN,
  disruptive: HUMAN,
  protection: HUMAN,
  permissions: HUMAN,
  credentials: HUMAN,
  opaque: { rate: '30/min', burst: 10, maxWait: '20s' },
  'data-delete': { rate: '60/min', burst: 100, maxWait: '20s' },
  write: { rate: '300/min', burst: 60, maxWait: '5s' },
  'may-overwrite': { rate: '240/min', burst: 100, maxWait: '5s' },
} as const

/**
 * Returns the paces in force. A class that is not configured keeps its default, never none (S2). Throws a RangeError for
 * a burst or a wait that is out of range.
 */
export function pacesFrom(configured: Readonly<Partial<Record<PacedName, PaceSetting>>> = {}): Paces {
  const usual = defaults()
  const paces = new Map<PacedName, Pace>()
  for (const name of [...ACTION_CLASSES, 'may-overwrite'] as const) {
    const setting = configured[name] ?? usual[name]
    if (setting !== undefined) paces.set(name, paceOf(name, setting))
  }
  return paces
}

function defaults(): Partial<Record<PacedName, PaceSetting>> {
  return Object.fromEntries(
    Object.entries(DEFAULT_PACES).map(([name, { rate, burst, maxWait }]) => [
      name,
      { rate: parseRate(rate), burst, maxWait: parseDurationMs(maxWait) },
    ]),
  )
}

function paceOf(name: PacedName, { rate, burst, maxWait }: PaceSetting): Pace {
  if (!Number.isSafeInteger(burst) || burst < 1) {
    throw new RangeError(`pacing.classes.${name}.burst is ${burst}: give a whole number from 1`)
  }
  if (!(maxWait >= 0 && maxWait <= LONGEST_WAIT_MS)) {
    throw new RangeError(
      `pacing.classes.${name}.maxWait is ${maxWait} ms: give 0s to ${LONGEST_WAIT_MS / 1000}s`,
    )
  }
  return {
    class: name,
    rateText: formatRate(rate),
    maxWaitMs: maxWait,
    ...rateOf(rate.things, rate.perMs, burst),
  }
}
