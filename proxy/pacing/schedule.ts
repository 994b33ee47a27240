/** Predicts when a call has its turn if every call ahead of it in a bucket goes first. Pure. */
import { chargedTatMs, FULL_TAT_MS, turnAtMs } from './gcra.ts'
import type { BucketCharge, Turn } from './limiter.ts'

/** Holds a bucket's predicted state, and the turn of the last call in its queue. */
interface Line {
  readonly tatMs: number
  readonly lastTurnMs: number
}

/**
 * Returns the turn of the last of `calls`, each a list of charges, in order of arrival. A call goes at one time in all of
 * its buckets, never before an earlier call that shares one. `tats` are the buckets' states at `nowMs`.
 */
export function foreseeTurn(
  calls: readonly (readonly BucketCharge[])[],
  tats: ReadonlyMap<string, number>,
  nowMs: number,
): Turn {
  const lines = new Map<string, Line>()
  let turn: Turn = { kind: 'now' }
  for (const charges of calls) {
    turn = turnIn(lines, charges, tats, nowMs)
    if (turn.kind === 'never') continue
    const lastTurnMs = turn.kind === 'at' ? turn.turnAtMs : nowMs
    for (const { key, rate, weight } of charges) {
      const tatMs = lines.get(key)?.tatMs ?? tats.get(key) ?? FULL_TAT_MS
      lines.set(key, { tatMs: chargedTatMs(tatMs, lastTurnMs, rate, weight), lastTurnMs })
    }
  }
  return turn
}

function turnIn(
  lines: ReadonlyMap<string, Line>,
  charges: readonly BucketCharge[],
  tats: ReadonlyMap<string, number>,
  nowMs: number,
): Turn {
  let latestMs = nowMs
  let limiting = 0
  for (const [index, { key, rate, weight }] of charges.entries()) {
    const line = lines.get(key)
    const earliestMs = Math.max(nowMs, line?.lastTurnMs ?? nowMs)
    const turnMs = turnAtMs(line?.tatMs ?? tats.get(key) ?? FULL_TAT_MS, earliestMs, rate, weight)
    if (turnMs === Infinity) return { kind: 'never', limiting: index }
    if (turnMs <= latestMs) continue
    latestMs = turnMs
    limiting = index
  }
  return latestMs === nowMs ? { kind: 'now' } : { kind: 'at', turnAtMs: latestMs, limiting }
}
