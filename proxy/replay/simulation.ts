/** Decides and paces recorded calls under one configuration, with the real stages and a virtual clock. */
import { loadPolicy } from '../../policy/bundle.ts'
import type { PolicyEngine } from '../../policy/engine.ts'
import type { Agent } from '../core/agent.ts'
import { reaches } from '../breakglass/breakglass.ts'
import type { Config } from '../config/schema/config.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Approved, Authorizable, Decided, GivenApproval, Paced } from '../exchange/exchange.ts'
import { LocalLimiter } from '../pacing/limiter.ts'
import type { PaceSetting } from '../pacing/paces.ts'
import { PaceQueue } from '../pacing/queue.ts'
import { FirstSeen } from '../pacing/first-seen.ts'
import { pacingOf } from '../runtime/rate-settings.ts'
import { policyData } from '../runtime/live-settings.ts'
import { Freezes } from '../freeze/freezes.ts'
import { WindowClock } from '../freeze/windows.ts'
import { decide } from '../stages/decide.ts'
import { pace } from '../stages/pace/pace.ts'
import type { Ledger } from '../state/ledger.ts'
import { Table, type TableLedger } from '../state/table.ts'
import type { WatcherResponse } from './circumstances.ts'
import type { Fate, OpenedTask, RecordedCall } from './records.ts'
import { settled, VirtualTime } from '../core/virtual-time.ts'

const UNAPPROVED: Fate = { decision: 'deny', reason: 'approval_required', waitedMs: 0 }
const GO: Fate = { decision: 'allow', reason: 'none', waitedMs: 0 }
/** Freezes by people are not recorded; only the windows of the configuration are known. */
const NO_LEDGER: Pick<Ledger, 'table'> = {
  table: (kind, schema, whenUnreadable) =>
    new Table(NO_ENTRIES, { kind, schema, whenUnreadable }, () => undefined),
}
const NO_ENTRIES: TableLedger = {
  all: () => [],
  get: () => undefined,
  put: () => Promise.reject(new Error('a simulation writes nothing')),
  replace: () => Promise.resolve(undefined),
  remove: () => Promise.resolve(),
  onChange: () => () => undefined,
}
const MAX_RESPONSES = 20
const NEVER_GONE = new AbortController().signal

/** Says what else held for a recorded call. */
export interface Surroundings {
  /** Undefined if it is of no task, or of one that the log does not show. */
  readonly task: OpenedTask | undefined
  /** Its approvers let it skip its pace. */
  readonly skipsPace: boolean
  /** The break-glass that was open for its agent widens the pace. */
  readonly widensPace: boolean
}

/** A Simulation decides and paces calls under one configuration. */
export class Simulation {
  readonly #time = new VirtualTime(0)
  readonly #freezes: Freezes
  readonly #accountId: string | undefined
  readonly #widened: PaceSetting | undefined
  readonly #slow = new Map<string, WatcherResponse[]>()
  readonly #decided: (exchange: Authorizable) => Decided
  readonly #paced: (exchange: Approved) => Paced | Promise<Paced>

  private constructor(config: Config, policy: PolicyEngine) {
    const { mode } = config.policy
    const allowUnmodelled = new Set(config.policy.allowUnmodelled)
    const pacing = pacingOf(config.pacing)
    const freezeWindows = new WindowClock(config.freeze.windows)
    const { accountId } = config.upstream
    this.#accountId = accountId
    this.#widened = config.breakglass.pace
    const time = this.#time
    this.#freezes = new Freezes({
      ledger: NO_LEDGER,
      clock: time,
      rules: () => ({ freezeWindows }),
      accountOf: () => accountId,
    })
    const limiter = new LocalLimiter()
    this.#decided = decide({
      policy: () => policy,
      mode: () => mode,
      allowUnmodelled: () => allowUnmodelled,
      clock: time,
    })
    this.#paced = pace({
      queue: new PaceQueue({ limiter, clock: time, timer: time, limits: config.limits }),
      limiter,
      pacing: () => pacing,
      slowdownOf: (agent) => this.#factorOf(agent),
      firstSeen: new FirstSeen(),
      clock: time,
      mode: () => mode,
      recheck: (exchange) => void this.#judged(exchange),
      metrics: { waited: () => undefined, depth: () => undefined },
    })
  }

  /** Creates a simulation of a configuration. Rejects if the policy cannot be loaded. */
  static async of(config: Config): Promise<Simulation> {
    return new Simulation(
      config,
      await loadPolicy({ bundle: config.policy.bundle, data: policyData(config) }),
    )
  }

  /**
   * Lets a call arrive at its time; resolves when it has arrived. `fate` is called when its result is known, which may be
   * during a later arrival. Calls must come in order of arrival.
   */
  async arrive(
    recorded: RecordedCall,
    { task, skipsPace, widensPace }: Surroundings,
    fate: (fate: Fate) => void,
  ): Promise<void> {
    await this.#time.advanceTo(recorded.arrivedAtMs)
    const { approval: id, breakglass: open } = recorded
    const widened =
      widensPace && open !== undefined && reaches(open, recorded.call) ? this.#widened : undefined
    const breakglass = open && { ...open, pace: widened }
    const exchange = { ...exchangeOf(recorded, task), accountId: this.#accountId, breakglass }
    const ended = this.#run(exchange, id === undefined ? undefined : { id, digest: '', skipPace: skipsPace })
    if (!(ended instanceof Promise)) return fate(ended)
    void ended.then(fate)
    await settled()
  }

  /** Slows an agent, as a watcher did. */
  slow(agent: string, response: WatcherResponse): void {
    this.#slow.set(agent, [...(this.#slow.get(agent) ?? []), response].slice(-MAX_RESPONSES))
  }

  #factorOf(agent: string): number {
    const nowMs = this.#time.nowMs()
    const inForce = (this.#slow.get(agent) ?? []).filter(
      (each) => each.fromMs <= nowMs && nowMs < each.untilMs,
    )
    return Math.max(1, ...inForce.map(({ factor = 1 }) => factor))
  }

  /** Runs until no call waits. */
  async end(): Promise<void> {
    await this.#time.advanceToEnd()
  }

  #judged(exchange: Authorizable): Decided {
    this.#freezes.hold(exchange)
    return this.#decided(exchange)
  }

  #run(exchange: Authorizable, approval: GivenApproval | undefined): Fate | Promise<Fate> {
    try {
      const judged = this.#judged(exchange)
      if (judged.decision.approvals > 0 && approval === undefined) return UNAPPROVED
      const paced = this.#paced({ ...judged, approval })
      return paced instanceof Promise ? paced.then(fateOf, fateOfThrown) : fateOf(paced)
    } catch (thrown) {
      return fateOfThrown(thrown)
    }
  }
}

function fateOf({ waitedMs = 0 }: Paced): Fate {
  return waitedMs === 0 ? GO : { ...GO, waitedMs }
}

function fateOfThrown(thrown: unknown): Fate {
  if (!(thrown instanceof Denial)) throw thrown
  const { decision } = thrown.row
  return { decision: decision === 'throttle' ? 'throttle' : 'deny', reason: thrown.reason, waitedMs: 0 }
}

/** Returns an exchange with the parts that deciding and pacing read; the wire was not recorded and is not needed. */
function exchangeOf(
  { requestId, agent, region, call }: RecordedCall,
  task: OpenedTask | undefined,
): Authorizable {
  const root = task?.root ?? agent
  const session = task && sessionOf(agent, task)
  const owner: Agent = { id: agent, root, accessKeyId: '', session }
  const exchange = {
    requestId,
    agent: owner,
    authorization: { scope: { region } },
    headers: { one: () => undefined },
    client: { address: '', gone: NEVER_GONE },
    payload: { kind: 'unsigned' },
    outgoing: { kind: 'streamed' },
    call,
  }
  return exchange as unknown as Authorizable
}

function sessionOf(
  agentId: string,
  { id, root, scopes, ancestors }: OpenedTask,
): NonNullable<Agent['session']> {
  const unsaid = { intent: undefined, justificationHash: undefined, ticket: undefined, roleArn: undefined }
  const task = { id, scopes, ancestors, ...unsaid }
  return { id: '', agentId, root, task, issuedAtMs: 0, expiresAtMs: Infinity }
}
