/**
 * Finds an agent that deletes something and makes it again, again and again: what "delete and recreate the environment"
 * looks like.
 */
import type { DetectorSettings } from '../../config/schema/watch.ts'
import type { Detector } from './detector.ts'
import { RecentMap } from '../../core/recent-map.ts'
import { lasting, operationName } from './phrasing.ts'
import { quoteRedacted } from '../../observe/redact.ts'

interface Cycle {
  /** The deletion that nothing was made after yet. */
  readonly gone: { readonly atMs: number; readonly requestId: string; readonly name: string } | undefined
  readonly pairs: readonly { readonly atMs: number; readonly requestIds: readonly string[] }[]
}

const MAX_RESOURCES = 200
const MAX_PAIRS = 50
const NO_CYCLE: Cycle = { gone: undefined, pairs: [] }
const MAKES = /^(?:Create|Restore|Run|Register|Import|Allocate|Copy|Put)(?=[A-Z])/

export const recreateLoop: Detector<DetectorSettings['recreate-loop']> = () => {
  const cycles = new RecentMap<Cycle>(MAX_RESOURCES)
  return (seen, { pairs: most, within }, nowMs) => {
    if (!seen.done) return undefined
    const deletes = seen.classes.includes('destructive')
    if (!deletes && !MAKES.test(seen.operation)) return undefined
    // What the task made itself it may make as often as it likes: that is no environment that it tries to repair.
    if (deletes && seen.ownership === 'own') return undefined
    const { requestId } = seen
    for (const key of seen.resources) {
      const cycle = cycles.get(key) ?? NO_CYCLE
      if (deletes) {
        cycles.set(key, { ...cycle, gone: { atMs: nowMs, requestId, name: operationName(seen) } })
        continue
      }
      const { gone } = cycle
      if (gone === undefined || nowMs - gone.atMs > within) continue
      const pair = { atMs: nowMs, requestIds: [gone.requestId, requestId] }
      const pairs = [...cycle.pairs.filter(({ atMs }) => nowMs - atMs <= within), pair].slice(-MAX_PAIRS)
      cycles.set(key, { gone: undefined, pairs })
      if (pairs.length < most) continue
      return {
        key,
        words:
          `Deleted ${quoteRedacted(key)} and made it again ${pairs.length} times within ${lasting(within)}, last ` +
          `by ${gone.name} and ${operationName(seen)}: whatever it tries to repair, deleting did not.`,
        things: [key],
        requestIds: pairs.flatMap(({ requestIds }) => requestIds),
        quietMs: within,
      }
    }
    return undefined
  }
}
