/** What the pace stage needs beside the queue, from the configuration and the ledger. */
import type { Config } from '../config/schema/config.ts'
import { Buckets } from '../pacing/buckets.ts'
import { pacesFrom } from '../pacing/paces.ts'
import { rulesFrom } from '../pacing/rules.ts'
import { FirstSeen } from '../pacing/first-seen.ts'
import { slowdownOf } from '../state/slowdown.ts'
import type { Pacing } from '../pacing/pacing.ts'
import type { Ledger } from '../state/ledger.ts'

/** `pacing` is read anew for each call; what waits goes by the rules that it came under. */
export function openPace(pacing: () => Pacing, ledger: Ledger) {
  return {
    pacing,
    slowdownOf: slowdownOf(ledger),
    sights: new FirstSeen(),
    buckets: new Buckets(),
  }
}

/** The pace that the configuration asks for. */
export function pacingOf({ classes, rules, dwell, ...weights }: Config['pacing']): Pacing {
  return { rules: rulesFrom(pacesFrom(classes), rules), weights, dwellMs: dwell }
}
