/** Requests as watchers see them, and detectors on a clock that the test moves. */
import type { ActionClass } from '../../proxy/core/action-class.ts'
import { watch as WatchSchema, type DetectorName } from '../../proxy/config/schema/watch.ts'
import type { Observation } from '../../proxy/watch/detectors/observation.ts'
import { Watch, type Drift } from '../../proxy/watch/watch.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'

let requests = 0

/** A call that was made, unless `what` says otherwise. */
export function seen(
  name: string,
  classes: readonly ActionClass[],
  { resource, ...what }: Partial<Observation> & { readonly resource?: string } = {},
): Observation {
  const [service = '', operation = ''] = name.split(':')
  requests += 1
  return {
    requestId: `r${requests}`,
    agent: 'agent',
    task: undefined,
    service,
    operation,
    class: classes.at(-1) ?? 'unknown',
    classes,
    traits: [],
    count: 1,
    resources: resource === undefined ? [] : [resource],
    decision: 'allow',
    reason: 'none',
    refused: false,
    done: true,
    confirmed: what.done ?? true,
    account: undefined,
    elsewhere: false,
    ...what,
  }
}

export const REFUSED = {
  decision: 'deny',
  reason: 'policy_denied',
  refused: true,
  done: false,
  confirmed: false,
} as const

export const THROTTLED = {
  decision: 'throttle',
  reason: 'paced',
  refused: false,
  done: false,
  confirmed: false,
} as const

/** Every detector with its defaults, or with the given settings. */
export function watching(detectors: Partial<Record<DetectorName, object>> = {}) {
  const time = new VirtualTime()
  const settings = WatchSchema.parse({ detectors }).detectors
  const drifts: Drift[] = []
  const ongoing: Drift[] = []
  const watch = new Watch({
    settings: () => settings,
    clock: time,
    respond: (drift) => (drifts.push(drift), Promise.resolve()),
    goesOn: (drift) => ongoing.push(drift),
    bug: (error) => {
      throw error
    },
  })
  return {
    time,
    watch,
    drifts,
    /** What was found before, and went on. */
    ongoing,
    /** What one detector found. */
    of: (name: DetectorName) => drifts.filter(({ detector }) => detector === name),
    /** The request is over `afterMs` after the one before. */
    see: (each: Observation, afterMs = 0): void => {
      time.jump(afterMs)
      watch.look(each)
    },
  }
}
