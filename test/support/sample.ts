/**
 * How much of a long sweep runs: a part drawn by a seed in `npm test`, all of it in `npm run test:thorough`. The seed is
 * printed by the run; TEST_SEED sets it, to draw the same again.
 */
import { randomOf } from '../fuzz/random.ts'

/** Whether nothing is left out. */
export const THOROUGH = process.env['TEST_THOROUGH'] === '1'

/** Set by vitest.config.ts, the same for all files of a run. */
export const SEED = Number(process.env['TEST_SEED'] ?? 1)

/** Returns how large something is to be made: `whole` in the thorough run, `part` otherwise. */
export function sized(whole: number, part: number): number {
  return THOROUGH ? whole : part
}

/**
 * Returns `count` of them, drawn by the seed, in their order; all of them in the thorough run. Draws with another `salt`
 * know nothing of each other.
 */
export function sampled<T>(all: readonly T[], count: number, salt = 0): readonly T[] {
  if (THOROUGH || count >= all.length) return all
  const random = randomOf(SEED + salt)
  // Each has the same chance: Knuth, TAOCP 3.4.2, algorithm S.
  let wanted = count
  return all.filter((_, index) => {
    if (random.below(all.length - index) >= wanted) return false
    wanted -= 1
    return true
  })
}
