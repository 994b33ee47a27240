/** What the pace stage charges by, from the configuration and the ledger. */
import type { Config } from '../config/schema/config.ts'
import { Buckets } from '../pacing/buckets.ts'
import { pacesFrom } from '../pacing/paces.ts'
import { rulesFrom } from '../pacing/rules.ts'
import { FirstSeen } from '../pacing/first-seen.ts'
import { slowdownOf } from '../state/slowdown.ts'
import type { Pacing } from '../pacing/pacing.ts'
import type { Ledger } from '../state/ledger.ts'

/** What calls are charged by, and where what they were charged in is tracked. */
export interface Rates {
  /** Read anew for each call; what waits goes by the rules that it came under. */
  readonly pacing: () => Pacing
  /** Returns how many times as slow an agent's own pace is, 1 or more. */
  readonly slowdownOf: (agentId: string) => number
  readonly firstSeen: FirstSeen
  readonly buckets: Buckets
}

/** Opens the rates of calls: none is charged in a bucket yet, and nothing was seen. */
export function openRates(pacing: () => Pacing, ledger: Ledger): Rates {
  return {
    pacing,
    slowdownOf: slowdownOf(ledger),
    firstSeen: new FirstSeen(),
    buckets: new Buckets(),
  }
}

/** Returns the pace that the configuration asks for. */
export function pacingOf({ classes, rules, dwell, ...weights }: Config['pacing']): Pacing {
  return { rules: rulesFrom(pacesFrom(classes), rules), weights, dwellMs: dwell }
}
