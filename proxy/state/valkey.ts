/** Keeps state in Valkey or Redis, shared by replicas, whichever machines they are on. */
import { canFit, convertedTatMs, FULL_TAT_MS, usualMs } from '../pacing/gcra.ts'
import type { BucketCharge, KeptBuckets, Limiter, PeekedAs, Turn } from '../pacing/limiter.ts'
import { emptiestOf, type LiveBucket, type LiveBuckets } from '../pacing/live-buckets.ts'
import type { Clock } from '../core/ports.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { LONGEST_WAIT_MS } from '../pacing/paces.ts'
import { changed, KnownData } from './known-data.ts'
import {
  inItsSecond,
  keptMs,
  ReplayMemory,
  type ClaimOutcome,
  type Replays,
  type SignedCall,
} from './replays.ts'
import type { StateStore } from './store.ts'
import { ValkeyConnection, type ValkeyOptions } from './valkey-connection.ts'
import { ValkeyLedger, ValkeyNotes } from './valkey-ledger.ts'
import { scriptsIn, SERVER_TIME } from './valkey-scripts.ts'
import type { ValkeyServer } from './valkey-server.ts'

export interface ValkeyStoreOptions extends ValkeyOptions {
  /** Begins every key: installations that share a server have one each. */
  readonly prefix: string
  readonly replaysPerAgent: number
  readonly clock: Clock
  /** Lua that sets `now`, in milliseconds; tests move it. */
  readonly time?: string
}

/** Rejects if the server cannot be used (`ValkeyConnection.open`). */
export async function valkeyStore(options: ValkeyStoreOptions): Promise<StateStore> {
  const connection = await ValkeyConnection.open(options)
  const scripts = scriptsIn(options.time ?? SERVER_TIME)
  const server: ValkeyServer = {
    run: (script, keys, values) => connection.run(scripts[script], keys, values),
    get: (keys) => connection.get(keys),
    ensureFit: () => connection.ensureFit(),
    key: (name) => `{${options.prefix}}:${name}`,
  }
  // Whoever is first on a server finds every bucket full; see TAKE in valkey-scripts.ts.
  const isNew = await connection.setIfAbsent(server.key('since'), '0')
  const known = new KnownData(() => options.clock.nowMs())
  return {
    name: 'valkey',
    isNew,
    limiter: new ValkeyLimiter(server),
    replays: new ValkeyReplays(server, known, options.replaysPerAgent),
    ledger: new ValkeyLedger(server, known),
    notes: new ValkeyNotes(server),
    close: async () => connection.close(),
  }
}

/** Some 100 bytes each. */
const MOST_LOOKED_AT = 10_000

class ValkeyLimiter implements Limiter, KeptBuckets {
  readonly #server: ValkeyServer
  /** The server's time less the caller's, at the last `take`. */
  #aheadMs = 0

  constructor(server: ValkeyServer) {
    this.#server = server
  }

  async take(charges: readonly BucketCharge[], nowMs: number, reserveWithinMs = 0): Promise<Turn> {
    const unfit = charges.findIndex(({ rate, weight }) => !canFit(rate, weight))
    if (unfit !== -1) return { kind: 'never', limiting: unfit }
    const keys = [
      this.#server.key('since'),
      this.#server.key('latest'),
      this.#server.key('live'),
      ...charges.flatMap(({ key }) => [this.#bucket(key), this.#interval(key)]),
    ]
    const values = charges.flatMap(({ rate, weight }) => [rate.intervalMs, rate.burst, weight, usualMs(rate)])
    const longestMs = Math.max(reserveWithinMs, LONGEST_WAIT_MS)
    const answer = await this.#server.run('take', keys, [reserveWithinMs, longestMs, ...values])
    const [kind, limiting, turn, now] = answer as [string, number, string, string]
    this.#aheadMs = Number(now) - nowMs
    if (kind === 'now') return { kind: 'now' }
    return { kind: 'at', turnAtMs: Number(turn) - this.#aheadMs, limiting }
  }

  async peek(keys: readonly string[], as?: PeekedAs): Promise<readonly number[]> {
    const found = await this.#server.get(keys.flatMap((key) => [this.#bucket(key), this.#interval(key)]))
    return keys.map((_, index) => {
      const [tat = null, interval = null] = found.slice(2 * index)
      if (tat === null) return FULL_TAT_MS
      const [tatMs, rate] = [Number(tat) - this.#aheadMs, as?.rates[index]]
      return rate === undefined
        ? tatMs
        : convertedTatMs(tatMs, as?.nowMs ?? 0, intervalOf(interval), usualMs(rate))
    })
  }

  async live(_nowMs: number, most: number): Promise<LiveBuckets> {
    const [now = '', all, ...found] = (await this.#server.run(
      'live',
      [this.#server.key('live')],
      [most],
    )) as (string | number)[]
    const prefix = this.#bucket('')
    const keys = found.filter((_, at) => at % 2 === 0).map((name) => String(name).slice(prefix.length))
    const intervals = await this.#server.get(keys.map((key) => this.#interval(key)))
    const buckets = keys.map((key, at): LiveBucket => {
      const fullInMs = Number(found[2 * at + 1]) - Number(now)
      return { key, fullInMs, intervalMs: intervalOf(intervals[at] ?? null) }
    })
    return { buckets, more: Number(all) - buckets.length }
  }

  /** Looks at the buckets that are full again last. A rule none of whose buckets is among so many is near to none of them. */
  async emptiest(nowMs: number): Promise<readonly LiveBucket[]> {
    const { buckets } = await this.live(nowMs, MOST_LOOKED_AT)
    return emptiestOf(buckets)
  }

  #bucket(key: string): string {
    return this.#server.key(`bucket:${key}`)
  }

  #interval(key: string): string {
    return this.#server.key(`interval:${key}`)
  }
}

function intervalOf(text: string | null): number | undefined {
  const ms = Number(text ?? 0)
  return ms > 0 ? ms : undefined
}

/**
 * The server decides. What this process knows is remembered besides: a copy of what it claimed is refused without asking,
 * and one of what another replica claimed is asked about early, since that one may have ended its claim.
 */
class ValkeyReplays implements Replays {
  readonly #server: ValkeyServer
  readonly #known: KnownData
  readonly #perAgent: number
  readonly #claimed: ReplayMemory
  readonly #elsewhere: ReplayMemory

  constructor(server: ValkeyServer, known: KnownData, perAgent: number) {
    this.#server = server
    this.#known = known
    this.#perAgent = perAgent
    this.#claimed = new ReplayMemory({ perAgent })
    this.#elsewhere = new ReplayMemory({ perAgent })
  }

  has(call: SignedCall, nowMs: number): MaybePromise<boolean> {
    if (this.#claimed.has(call, nowMs)) return true
    return this.#elsewhere.has(call, nowMs) ? this.#isClaimedElsewhere(call) : false
  }

  async #isClaimedElsewhere(call: SignedCall): Promise<boolean> {
    const values = [call.invocationId, inItsSecond(call) ? 1 : 0]
    const isClaimed = (await this.#server.run('claimed', this.#keys(call).slice(0, 1), values)) === 1
    if (!isClaimed) this.#elsewhere.release(call)
    return isClaimed
  }

  async claim(call: SignedCall, nowMs: number): Promise<ClaimOutcome> {
    if (this.#claimed.has(call, nowMs)) return 'replayed'
    this.#known.check(call.receivedAtMs)
    const { epoch = '', revision = 0 } = this.#known.seen ?? {}
    const outcome = (await this.#server.run(
      'claim',
      [...this.#keys(call), ...this.#ledgerKeys()],
      [
        call.invocationId,
        memberOf(call),
        inItsSecond(call) ? 1 : 0,
        keptMs(call, nowMs),
        this.#perAgent,
        epoch,
        revision,
      ],
    )) as ClaimOutcome | 'another'
    if (outcome === 'another') throw changed()
    if (outcome === 'claimed') this.#claimed.claim(call, nowMs)
    if (outcome === 'replayed') this.#elsewhere.claim(call, nowMs)
    return outcome
  }

  async release(call: SignedCall): Promise<void> {
    await this.#server.run('release', this.#keys(call), [call.invocationId, memberOf(call)])
    this.#claimed.release(call)
  }

  /** A claim is good only for who judged the call by the newest data. */
  #ledgerKeys(): string[] {
    return ['ledger:epoch', 'ledger'].map((name) => this.#server.key(name))
  }

  /** Neither part of the first can hold the other's mark: the key is hexadecimal. */
  #keys({ key, agentId }: SignedCall): string[] {
    return [`forwarded:${key}:${agentId}`, `forwarded:of:${agentId}`].map((name) => this.#server.key(name))
  }
}

/** Returns the name of one claim among all of its agent. */
function memberOf({ key, invocationId }: SignedCall): string {
  return `${key}:${invocationId}`
}
