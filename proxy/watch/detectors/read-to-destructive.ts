/**
 * Finds an agent that destroys what it saw only just now: the nine seconds in which nobody could have thought about it.
 */
import type { DetectorSettings } from '../../config/schema/watch.ts'
import type { Detector } from './detector.ts'
import { RecentMap } from '../../core/recent-map.ts'
import type { Observation } from './observation.ts'
import { lasting, operationName } from './phrasing.ts'
import { quoteRedacted } from '../../observe/redact.ts'

interface Sight {
  readonly atMs: number
  readonly requestId: string
  readonly name: string
}

/** What is forgotten counts as never seen, so that a flood of reads ages nothing. */
const MAX_SIGHTS = 500

export const readToDestructive: Detector<DetectorSettings['read-to-destructive']> = () => {
  const sights = new RecentMap<Sight>(MAX_SIGHTS)
  return (seen, { within }, nowMs) => {
    const { requestId, resources, task } = seen
    const name = operationName(seen)
    const young = resources.map((key) => {
      const sight = sights.get(keyOf(seen, key))
      // What was refused is no sight: nobody ages a resource by calls that never go.
      if (sight === undefined && !seen.refused) sights.set(keyOf(seen, key), { atMs: nowMs, requestId, name })
      return { key, sight }
    })
    // What was refused or throttled destroyed nothing; it may be found when it goes.
    if (!seen.classes.includes('destructive') || !seen.done || seen.ownership !== 'other') return undefined
    const found = young.filter(({ sight }) => sight === undefined || nowMs - sight.atMs < within)
    const [first] = found
    if (first !== undefined) {
      const { key, sight } = first
      return {
        key,
        words: `${name} on ${quoteRedacted(key)}, ${sinceSight(sight, nowMs)}.`,
        things: found.map((each) => each.key),
        requestIds: sight === undefined ? [requestId] : [...new Set([sight.requestId, requestId])],
        quietMs: within,
      }
    }
    if (task === undefined || nowMs - task.openedAtMs >= within) return undefined
    return {
      key: `task ${task.id}`,
      words: `${name} ${lasting(nowMs - task.openedAtMs)} after task ${quoteRedacted(task.id)} was opened.`,
      requestIds: [requestId],
      quietMs: within,
    }
  }
}

function sinceSight(sight: Sight | undefined, nowMs: number): string {
  return sight === undefined
    ? 'which it had never looked at before'
    : `${lasting(nowMs - sight.atMs)} after it first came upon it by ${sight.name}`
}

/** A sight is its task's. */
function keyOf({ task }: Observation, key: string): string {
  return task === undefined ? key : `${task.id} ${key}`
}
