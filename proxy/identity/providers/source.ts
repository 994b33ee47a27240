/** Gets a provider's keys: a value that is fetched, read or pushed, and is kept for a bounded time. */
import { Denial } from '../../core/denial/denial.ts'
import type { Clock } from '../../core/ports.ts'

export interface Source<Value> {
  /** Returns the value in force. Denial `identity_unavailable` if there is none, or it is too old to be trusted. */
  current(): Promise<Value>
  /**
   * Returns the same as `current`, asked anew if that was not done just now: for a key that is not among those known.
   */
  renewed(): Promise<Value>
  close(): Promise<void>
}

export interface FetchedOptions<Value> {
  /** Of what, in words, for whom it cannot be had. */
  readonly what: string
  /** Rejects with any error, or with a value that says itself how long it is fresh. */
  readonly fetch: () => Promise<{ readonly value: Value; readonly freshMs?: number | undefined }>
  readonly clock: Clock
  /** How long a value is good without asking. */
  readonly freshMs: number
  /** How much longer it is served while it cannot be had anew. */
  readonly staleMs: number
  /** The least time between two attempts, whoever asks for them. */
  readonly cooldownMs: number
}

interface Had<Value> {
  readonly value: Value
  readonly atMs: number
  readonly freshMs: number
}

const NEVER = { atMs: -Infinity, freshMs: 0 }

/** Makes one attempt at a time, however many wait for it; a failed one is not repeated within the cooldown. */
export class FetchedSource<Value> implements Source<Value> {
  readonly #options: FetchedOptions<Value>
  #had: Had<Value> | undefined
  #attempt: Promise<void> | undefined
  #triedAtMs = -Infinity
  #failure: unknown

  constructor(options: FetchedOptions<Value>) {
    this.#options = options
  }

  /** Asks well before the value is too old, so that in regular use nobody waits for an answer. */
  async current(): Promise<Value> {
    const { freshMs, atMs } = this.#had ?? NEVER
    const ageMs = this.#ageMs(atMs)
    if (ageMs >= freshMs) await this.#ask()
    else if (ageMs >= freshMs / 2) void this.#ask()
    return this.#served()
  }

  async renewed(): Promise<Value> {
    await this.#ask()
    return this.#served()
  }

  async close(): Promise<void> {}

  /** A clock that was set back says nothing of ages: then it is long ago. */
  #ageMs(atMs: number): number {
    const ageMs = this.#options.clock.nowMs() - atMs
    return ageMs < 0 ? Infinity : ageMs
  }

  #served(): Value {
    const { what, staleMs } = this.#options
    const had = this.#had
    if (had !== undefined && this.#ageMs(had.atMs) < had.freshMs + staleMs) return had.value
    throw unavailable(what, this.#failure)
  }

  #ask(): Promise<void> {
    const { clock, cooldownMs } = this.#options
    if (this.#attempt !== undefined) return this.#attempt
    if (this.#ageMs(this.#triedAtMs) < cooldownMs) return Promise.resolve()
    this.#triedAtMs = clock.nowMs()
    this.#attempt = this.#fetch().finally(() => (this.#attempt = undefined))
    return this.#attempt
  }

  async #fetch(): Promise<void> {
    const { fetch, clock, freshMs } = this.#options
    try {
      const got = await fetch()
      this.#had = { value: got.value, atMs: clock.nowMs(), freshMs: got.freshMs ?? freshMs }
      this.#failure = undefined
    } catch (error) {
      this.#failure = error
    }
  }
}

export function unavailable(what: string, cause: unknown): Denial {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new Denial('identity_unavailable', `${what} cannot be had${why}.`.slice(0, 512), { cause })
}
