/** Finds an agent that destroys across many services at once: what tearing down an environment looks like. */
import type { DetectorSettings } from '../../config/schema/watch.ts'
import type { Detector } from './detector.ts'
import { Lately } from './memory.ts'
import { lasting, phraseList, operationName } from './phrasing.ts'

interface Deletion {
  readonly requestId: string
  readonly service: string
  readonly name: string
  readonly things: readonly string[]
  /** Tries of one deletion are one. */
  readonly what: string
}

/** The most that `calls` can be. */
const CAPACITY = 100

export const fanout: Detector<DetectorSettings['fanout']> = () => {
  const lately = new Lately<Deletion>(CAPACITY)
  return (seen, { calls, services, within }, nowMs) => {
    if (!seen.classes.includes('destructive') || !seen.done || seen.ownership !== 'other') return undefined
    const name = operationName(seen)
    const { requestId, service, resources: things } = seen
    lately.add({ requestId, service, name, things, what: `${name} ${things.join(' ')}` }, nowMs)
    const distinct = [
      ...new Map(lately.within(within, nowMs).map((deletion) => [deletion.what, deletion])).values(),
    ]
    const reached = [...new Set(distinct.map((each) => each.service))]
    if (distinct.length < calls || reached.length < services) return undefined
    return {
      key: 'fanout',
      words:
        `Made ${distinct.length} destructions over ${reached.length} services (${phraseList(reached)}) within ` +
        `${lasting(within)}: ${phraseList([...new Set(distinct.map((each) => each.name))])}. ` +
        `A whole environment is being taken down.`,
      things: [...new Set(distinct.flatMap((each) => each.things))],
      requestIds: distinct.map((each) => each.requestId),
      quietMs: within,
    }
  }
}
