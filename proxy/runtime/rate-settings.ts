/** Builds the rates of the pace stage from the configuration and the ledger. */
import type { Config } from '../config/schema/config.ts'
import { pacesFrom } from '../pacing/paces.ts'
import { rulesFrom } from '../pacing/rules.ts'
import { FirstSeen } from '../pacing/first-seen.ts'
import { slowdownOf } from '../state/slowdown.ts'
import type { Pacing } from '../pacing/pacing.ts'
import type { Ledger } from '../state/ledger.ts'

/** The rates of calls. */
export interface Rates {
  /** Read again for each call; a held call keeps the rules under which it came. */
  readonly pacing: () => Pacing
  /** Returns the factor by which an agent's own pace is slowed, 1 or more. */
  readonly slowdownOf: (agentId: string) => number
  readonly firstSeen: FirstSeen
}

/** Opens the rates: no resource was seen yet. */
export function openRates(pacing: () => Pacing, ledger: Ledger): Rates {
  return {
    pacing,
    slowdownOf: slowdownOf(ledger),
    firstSeen: new FirstSeen(),
  }
}

/** Returns the pace that the configuration asks for. */
export function pacingOf({ classes, rules, dwell, ...weights }: Config['pacing']): Pacing {
  return { rules: rulesFrom(pacesFrom(classes), rules), weights, dwellMs: dwell }
}
