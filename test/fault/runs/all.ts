/** Lists the runs of faults, with how many rounds of each take some minutes together, and how many the tests take. */
import { randomOf } from '../../fuzz/random.ts'
import { clock } from './clock.ts'
import { disk } from './disk.ts'
import type { FaultResult, FaultRun } from './fault-run.ts'
import { kills } from './kills.ts'
import { reloads } from './reloads.ts'
import { replicas } from './replicas.ts'
import { upgrade } from './upgrade.ts'

export interface NamedRun {
  readonly name: string
  readonly holds: string
  readonly run: FaultRun
  readonly rounds: number
  readonly fewRounds: number
}

export const FAULT_RUNS: readonly NamedRun[] = [
  {
    name: 'kills',
    holds: 'kill -9: nothing goes without a record, nothing twice, nothing is refilled, no freeze is lost',
    run: kills,
    rounds: 64,
    fewRounds: 1,
  },
  {
    name: 'replicas',
    holds: 'two replicas over faults of the store let through what one may, and share each freeze',
    run: replicas,
    rounds: 24,
    fewRounds: 2,
  },
  {
    name: 'disk',
    holds: 'a full disk: nothing goes that cannot be recorded, and calls go again by themselves',
    run: disk,
    rounds: 20,
    fewRounds: 1,
  },
  {
    name: 'clock',
    holds: 'a clock that is set, restarts and reboots refill nothing',
    run: clock,
    rounds: 100,
    fewRounds: 5,
  },
  {
    name: 'reloads',
    holds: 'reloads give no charge back and break off no call',
    run: reloads,
    rounds: 100,
    fewRounds: 5,
  },
  {
    name: 'upgrade',
    holds: 'an older version and this one, in turn: no freeze is lost, nothing is refilled',
    run: upgrade,
    rounds: 4,
    fewRounds: 1,
  },
]

/** Runs one; an error that it throws is a broken invariant too. */
export async function faultResult({ run }: NamedRun, seed: number, rounds: number): Promise<FaultResult> {
  try {
    return await run({ random: randomOf(seed), rounds })
  } catch (error) {
    return { did: {}, broken: [error instanceof Error ? (error.stack ?? error.message) : String(error)] }
  }
}
