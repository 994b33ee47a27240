/** Runs every detector over the stream of requests that are over, one state an agent, and says what drifts. */
import type { DetectorName, DetectorSettings, Response } from '../config/schema/watch.ts'
import type { Clock } from '../core/ports.ts'
import type { Outcome } from '../exchange/outcome.ts'
import type { DriftFinding, Look } from './detectors/detector.ts'
import { blindAndBurn } from './detectors/blind-and-burn.ts'
import { fanout } from './detectors/fanout.ts'
import { guardRemoval } from './detectors/guard-removal.ts'
import { massDelete } from './detectors/mass-delete.ts'
import { novelty } from './detectors/novelty.ts'
import { privilegeChain } from './detectors/privilege-chain.ts'
import { readToDestructive } from './detectors/read-to-destructive.ts'
import { recreateLoop } from './detectors/recreate-loop.ts'
import { retryStorm } from './detectors/retry-storm.ts'
import { RecentMap } from '../core/recent-map.ts'
import { Scratch } from './detectors/scratch.ts'
import { observationOf, type Observation, type ObservedTask } from './detectors/observation.ts'

/** Holds one finding, with what is to be done about it. */
export interface Drift {
  readonly detector: DetectorName
  readonly response: Response
  readonly agent: string
  readonly task: ObservedTask | undefined
  readonly words: string
  /** What makes it the same finding as another one. */
  readonly key: string
  /** The keys of the things that it is about. */
  readonly things: readonly string[]
  /** How many more there are than `things` names. */
  readonly moreThings: number
  /** Worse than the detector's usual finding. */
  readonly grave: boolean
  /** The newest of the requests that led to it. */
  readonly requestIds: readonly string[]
  /** How many there were. */
  readonly requests: number
  /** Of `slow`. */
  readonly factor: number
  /** How long the response lasts; undefined: what is usual for it. */
  readonly forMs: number | undefined
}

export interface WatchDeps {
  /** In force; read anew for each request. */
  readonly settings: () => DetectorSettings
  readonly clock: Clock
  /** Rejects if a response could not be carried out: the same finding is then made again. */
  readonly respond: (drift: Drift) => Promise<void>
  /** Hears of a finding that was responded to before, and goes on. */
  readonly goesOn: (drift: Drift) => void
  /** Hears of a detector that threw: our own bug. It never reaches the request. */
  readonly bug: (error: unknown) => void
}

const MAX_AGENTS = 500
const MAX_QUIET = 200
const MAX_REQUESTS = 20

interface Watcher {
  readonly name: DetectorName
  readonly look: Look<DetectorSettings>
}

interface Watched {
  readonly watchers: readonly Watcher[]
  /** Until when a finding is the same as before, by detector and key. */
  readonly quiet: RecentMap<number>
  readonly scratch: Scratch
}

export class Watch {
  readonly #deps: WatchDeps
  readonly #agents = new RecentMap<Watched>(MAX_AGENTS)

  constructor(deps: WatchDeps) {
    this.#deps = deps
  }

  /** Looks at a request that is over. Never throws. */
  see(outcome: Outcome): void {
    try {
      const seen = observationOf(outcome)
      if (seen !== undefined) this.look(seen)
    } catch (error) {
      this.#deps.bug(error)
    }
  }

  look(observation: Observation): void {
    const { clock, settings } = this.#deps
    const nowMs = clock.nowMs()
    const { agent } = observation
    const watched = this.#agents.get(agent) ?? this.#begin(agent)
    const seen = { ...observation, ownership: watched.scratch.judge(observation, nowMs) }
    for (const { name, look } of watched.watchers) {
      const finding = look(seen, settings(), nowMs)
      if (finding === undefined) continue
      const drift = driftOf(name, seen, finding, settings())
      if (this.#isQuiet(watched, name, finding, nowMs)) this.#deps.goesOn(drift)
      else
        this.#deps.respond(drift).catch(() => {
          watched.quiet.delete(`${name} ${finding.key}`)
        })
    }
  }

  /** Begins anew with an agent: what people have judged is not held against it again. */
  forget(agentId: string): void {
    this.#agents.delete(agentId)
  }

  #begin(agentId: string): Watched {
    const watched = {
      watchers: watchers(),
      quiet: new RecentMap<number>(MAX_QUIET),
      scratch: new Scratch(),
    }
    this.#agents.set(agentId, watched)
    return watched
  }

  #isQuiet({ quiet }: Watched, name: DetectorName, { key, quietMs }: DriftFinding, nowMs: number): boolean {
    const named = `${name} ${key}`
    const untilMs = quiet.get(named)
    if (untilMs !== undefined && nowMs < untilMs) return true
    quiet.set(named, nowMs + quietMs)
    return false
  }
}

function watchers(): readonly Watcher[] {
  return [
    watcher('recreate-loop', recreateLoop()),
    watcher('fanout', fanout()),
    watcher('read-to-destructive', readToDestructive()),
    watcher('guard-removal', guardRemoval()),
    watcher('retry-storm', retryStorm()),
    watcher('privilege-chain', privilegeChain()),
    watcher('mass-delete', massDelete()),
    watcher('blind-and-burn', blindAndBurn()),
    watcher('novelty', novelty()),
  ]
}

function watcher<Name extends DetectorName>(name: Name, look: Look<DetectorSettings[Name]>): Watcher {
  return { name, look: (seen, settings, nowMs) => look(seen, settings[name], nowMs) }
}

function driftOf(
  detector: DetectorName,
  { agent, task }: Observation,
  { key, words, requestIds, things = [], moreThings = 0, grave = false }: DriftFinding,
  settings: DetectorSettings,
): Drift {
  const { response, factor, for: forMs } = settings[detector]
  return {
    detector,
    response: (grave ? settings['blind-and-burn'].burnResponse : undefined) ?? response,
    agent,
    task,
    words,
    key,
    things,
    moreThings,
    grave,
    requestIds: requestIds.slice(-MAX_REQUESTS),
    requests: requestIds.length,
    factor,
    forMs,
  }
}
