/** A wall clock that is set forward and back, restarts and reboots, on one SQLite file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rateOf } from '../../../proxy/pacing/gcra.ts'
import { sqliteStore } from '../../../proxy/state/sqlite.ts'
import type { StateStore } from '../../../proxy/state/store.ts'
import { Reference } from '../../state/reference.ts'
import { World } from '../../state/world.ts'
import type { FaultRun } from './fault-run.ts'

const STEPS = 100
const YEAR_MS = 365 * 86_400_000
const RATE = rateOf(6, 60_000, 3)

/** Nothing passes that a count of every window refuses: over restarts exactly, over reboots never more. */
export const clock: FaultRun = async ({ random, rounds }) => {
  const broken: string[] = []
  const did = { steps: 0, passed: 0, restarts: 0, reboots: 0, clockChanges: 0 }
  for (let round = 0; round < rounds; round += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-clock-'))
    const world = new World()
    const reference = new Reference()
    const open = (): StateStore =>
      sqliteStore({ path: join(folder, 'state.sqlite'), replaysPerAgent: 10, bootClock: world })
    let store = open()
    for (let step = 0; step < STEPS; step += 1, did.steps += 1) {
      world.advance(random.below(8_000))
      const happens = random.below(10)
      if (happens === 0) {
        did.clockChanges += 1
        world.setWallClock(random.below(2 * YEAR_MS) - YEAR_MS)
      } else if (happens <= 2) {
        await store.close()
        did[happens === 1 ? 'restarts' : 'reboots'] += 1
        if (happens === 1) world.newProcess()
        else reboot(world)
        store = open()
      }
      const charges = [{ key: 'k', rate: RATE, weight: 1 + random.below(2) }]
      const turn = await store.limiter.take(charges, world.nowMs())
      if (turn.kind !== 'now') continue
      did.passed += 1
      if (!reference.allows(charges, world.trueMs)) broken.push(`round ${round}, step ${step}: a refill`)
      reference.pass(charges, world.trueMs)
    }
    await store.close()
    rmSync(folder, { recursive: true })
  }
  return { did, broken }
}

/** Over a reboot the wall clock counts, so one that runs ahead is believed: it is set back before. */
function reboot(world: World): void {
  world.setWallClock(-3 * YEAR_MS)
  world.reboot()
}
