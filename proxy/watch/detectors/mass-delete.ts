/** Finds an agent that deletes many things in little time, one by one or all in one call. */
import type { DetectorSettings } from '../../config/schema/watch.ts'
import type { Detector, Seen } from './detector.ts'
import { lasting, phraseList, operationName } from './phrasing.ts'

/** What was deleted in one part of the window. */
interface Slot {
  readonly number: number
  count: number
  readonly names: Set<string>
  readonly things: Set<string>
  requestIds: readonly string[]
}

/** A window is counted in so many parts, so that what an agent deletes costs no memory; it is longer by one at most. */
const SLOTS = 60
const MAX_REQUESTS = 20
/** Names that are kept, over all parts. */
const MAX_THINGS = 100

export const massDelete: Detector<DetectorSettings['mass-delete']> = () => {
  let slots: Slot[] = []
  return (seen, { things, within }, nowMs) => {
    const deletes = seen.classes.includes('destructive') || seen.classes.includes('data-delete')
    if (!deletes || !seen.done || seen.ownership !== 'other') return undefined
    const { requestId, count, resources } = seen
    const name = operationName(seen)
    const number = Math.floor((nowMs * SLOTS) / within)
    slots = slots.filter((each) => number - each.number <= SLOTS && each.number <= number)
    note(slots, number, { requestId, name, count, resources })
    const sum = slots.reduce((total, each) => total + each.count, 0)
    if (count < things && sum < things) return undefined
    const alone = count >= things
    const names = [...new Set(slots.flatMap((each) => [...each.names]))]
    const named = alone ? resources : [...new Set(slots.flatMap((each) => [...each.things]))]
    return {
      key: 'mass-delete',
      words: alone
        ? `${name} deletes ${count} things in one call.`
        : `Deleted ${sum} things within ${lasting(within)} by ${phraseList(names)}.`,
      things: named,
      moreThings: named.length === 0 ? 0 : Math.max(0, (alone ? count : sum) - named.length),
      requestIds: alone ? [requestId] : slots.flatMap((each) => each.requestIds),
      quietMs: within,
    }
  }
}

function note(
  slots: Slot[],
  number: number,
  { requestId, name, count, resources }: Pick<Seen, 'requestId' | 'count' | 'resources'> & { name: string },
): void {
  let slot = slots.at(-1)
  if (slot?.number !== number)
    slots.push((slot = { number, count: 0, names: new Set(), things: new Set(), requestIds: [] }))
  slot.count += count
  slot.names.add(name)
  let room = MAX_THINGS - slots.reduce((kept, each) => kept + each.things.size, 0)
  for (const key of resources) {
    if (room <= 0) break
    if (!slot.things.has(key)) room -= 1
    slot.things.add(key)
  }
  slot.requestIds = [...slot.requestIds, requestId].slice(-MAX_REQUESTS)
}
