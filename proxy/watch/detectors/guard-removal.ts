/** Takes the guard off something and then destroys it. */
import type { DetectorSettings } from '../../config/schema/watch.ts'
import type { Detector } from './detector.ts'
import { RecentMap } from '../../core/recent-map.ts'
import { lasting, operationName } from './phrasing.ts'
import { quoteRedacted } from '../../observe/redact.ts'

interface Unguarded {
  readonly atMs: number
  readonly requestId: string
  readonly name: string
}

const MAX_RESOURCES = 200

export const guardRemoval: Detector<DetectorSettings['guard-removal']> = () => {
  const unguarded = new RecentMap<Unguarded>(MAX_RESOURCES)
  return (seen, { within }, nowMs) => {
    const { requestId, classes, resources } = seen
    const name = operationName(seen)
    if (classes.includes('destructive') && seen.done && seen.ownership === 'other') {
      for (const key of resources) {
        const before = unguarded.get(key)
        if (before === undefined || before.requestId === requestId || nowMs - before.atMs > within) continue
        return {
          key,
          words:
            `${before.name} weakened what guards ${quoteRedacted(key)}, and ${lasting(nowMs - before.atMs)} later ` +
            `${name} went for it: the guard was in the way.`,
          things: [key],
          requestIds: [before.requestId, requestId],
          quietMs: within,
        }
      }
    }
    if (classes.includes('protection') && seen.done)
      for (const key of resources) unguarded.set(key, { atMs: nowMs, requestId, name })
    return undefined
  }
}
