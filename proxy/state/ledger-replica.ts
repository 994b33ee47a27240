/** Keeps one process's copy of the ledger in step with the store, and finds out when the store is not to be trusted. */
import { isLongOver, LedgerCopy, type Unsealed } from './ledger-copy.ts'
import {
  acceptanceOf,
  CHANGED,
  displacedIn,
  forgedText,
  grantsIn,
  holdsLess,
  lackedBy,
  looksEveryMs,
  newerIn,
  newestIn,
  problemOf,
  type Acceptance,
} from './ledger-verdict.ts'
import {
  changeOf,
  sealedAnew,
  takenBack,
  type EntryName,
  type EntryValue,
  type Writing,
} from './ledger-change.ts'
import { NO_HEAD, Seal, type Head } from './seal.ts'
import {
  LEDGER_KINDS,
  nameOf,
  type Entry,
  type LedgerKind,
  type LedgerNews,
  type RawEntry,
  type StoredEntry,
} from './store.ts'
import type { ReplicaOptions } from './replica-options.ts'
import { orStoreFailure, StoreFailure } from './store-failure.ts'
import { judgeWhole, type Whole } from './whole.ts'

const OTHERS_FIRST = 'others wrote to the state store first, again and again'

export class LedgerReplica {
  readonly copy: LedgerCopy
  readonly #options: ReplicaOptions
  readonly #seal: Seal
  /** Where the copy stands. */
  #head = NO_HEAD
  /** Since when, by the steady clock. */
  #stoodAtMs = 0
  /** The sealed form of the head, as the store has it. */
  #sealedHead: string | undefined
  /** Whether the copy is known to be true: then it is what the store is judged by. */
  #isTrusted = false
  #forged: ReadonlyMap<string, number> = new Map()
  #problem: string | undefined
  /** When the whole was looked at last, by the steady clock. */
  #lookedAtMs = -Infinity
  /** Entries that are long over and still lie in the store. */
  #over: StoredEntry[] = []

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.#seal = new Seal(options.key)
    this.copy = new LedgerCopy(this.#seal)
    // A kind of a later version. What it means nobody can know here, so it is said, and nothing else.
    this.copy.onChange((entry) => {
      if (!LEDGER_KINDS.includes(entry.kind)) options.onUnreadable(entry, 'this version has no such kind')
    })
  }

  get #known(): LedgerCopy | undefined {
    return this.#isTrusted ? this.copy : undefined
  }

  /** Says why the store cannot be trusted; undefined: it can. */
  get problem(): string | undefined {
    if (this.#problem !== undefined) return this.#problem
    const [name] = this.#forged.keys()
    return name === undefined ? undefined : forgedText(name)
  }

  /** Tells whether the newest write of an entry is of this revision; also true where there is none, or none any more. */
  isAt(kind: LedgerKind, id: string, revision: number): boolean {
    const name = nameOf({ kind, id })
    const held = this.copy.find(name)
    const forged = this.#forged.get(name)
    if (forged !== undefined) return forged === revision
    if (held === undefined || isLongOver(held.sealed, this.#head.horizonMs)) return true
    return held.stored.revision === revision
  }

  /** Asks the store what is new, takes it, and puts back what the store lost. Rejects with `StoreFailure`. */
  async follow(maxTries: number): Promise<void> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const isDue = this.#options.steadyClock.nowMs() >= this.#lookedAtMs + looksEveryMs(this.copy)
      const isClear = this.#isTrusted && this.problem === undefined && !isDue
      let news = await orStoreFailure(this.#options.store.since(isClear ? this.#head : undefined))
      if (!news.isWhole) {
        if (this.#takeNewer(news)) return
        news = await orStoreFailure(this.#options.store.since(undefined))
      }
      this.#lookedAtMs = this.#options.steadyClock.nowMs()
      const whole = judgeWhole(news, this.#seal, this.#known)
      const put = this.#isTrusted ? this.#merge(news, whole) : this.#adopt(news, whole)
      if (put === undefined) return
      if ((await this.#commit(put)) === 'written') return
    }
    throw new StoreFailure(OTHERS_FIRST)
  }

  /** Writes one entry. `behind`: the store stands elsewhere, so that what is new must be heard first. */
  async write({ kind, id }: EntryName, value: EntryValue): Promise<Entry | 'behind'> {
    if (this.#problem !== undefined) throw new StoreFailure(this.#problem)
    const outcome = await this.#commit([sealedAnew({ kind, id }, value, this.#writing())])
    if (outcome === 'behind') return 'behind'
    const written = this.copy.get(kind, id)
    if (written === undefined) throw new Error('an entry that was written is not there')
    return written
  }

  /** See `Ledger.accept`. */
  async accept(maxTries: number): Promise<Acceptance> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const news = await orStoreFailure(this.#options.store.since(undefined))
      const whole = judgeWhole(news, this.#seal, this.#known)
      const taken = acceptanceOf(news, whole, this.#known)
      this.copy.reset(taken.entries)
      this.#stand(news, whole)
      // The copy is not what that head seals, unless this is written.
      this.#sealedHead = undefined
      // Begun anew, by the clock of now; so nothing is left that the old horizon left out.
      this.#head = { ...this.#head, horizonMs: -Infinity }
      const put = [...taken.put, ...takenBack(taken.grants, this.#writing())]
      const outcome = await this.#commit(put, [...taken.forged, ...whole.over])
      if (outcome === 'behind') continue
      this.#isTrusted = true
      this.#problem = undefined
      this.#forged = new Map()
      return taken
    }
    throw new StoreFailure(OTHERS_FIRST)
  }

  /** Takes what is newer than the copy. False: it does not add up, so the whole must be looked at. */
  #takeNewer(news: LedgerNews): boolean {
    // With another head, the store was put back, and written again up to the same number.
    if (news.revision === this.#head.revision && news.entries.length === 0)
      return news.head === this.#sealedHead
    const newer = newerIn(news, this.copy, this.#seal)
    if (newer === undefined) return false
    for (const each of newer.unsealed) this.#take(each)
    this.#advance(newer.head, news.head)
    return true
  }

  /**
   * Takes what is new of a whole, by a copy that is known to be true. Returns what the store must be given back;
   * undefined: nothing is to be written.
   */
  #merge(news: LedgerNews, whole: Whole): readonly RawEntry[] | undefined {
    this.#forged = whole.forged
    // A store that lost everything has nothing sealed. Under its old name, nothing can lose its seal by itself.
    const isRenewed = whole.covered === 'unsealed' && news.epoch !== this.#head.epoch
    // The head is the one that seals this very copy: what the store lacks of it is known.
    const isOurs = news.epoch === this.#head.epoch && news.head === this.#sealedHead
    const isRobbed = isOurs && holdsLess(news, whole, this.copy)
    if ((whole.covered === 'none' && !isRobbed) || (whole.covered === 'unsealed' && !isRenewed)) {
      this.#problem = CHANGED
      return undefined
    }
    this.#problem = undefined
    const lost = isRobbed ? displacedIn(whole, this.copy) : this.#takeNewest(whole)
    this.#stand(news, whole)
    // What an older version wrote is sealed over, so that who starts now need not go by its time.
    if (lost.length === 0 && !isRenewed) return whole.hasLate ? [] : undefined
    this.#options.onSettled(
      `the state store lost what it had: ${lost.length} entries of the ledger are put back`,
    )
    return lost
  }

  /** Takes what is newer than the copy. Returns what the store lacks then. */
  #takeNewest(whole: Whole): StoredEntry[] {
    for (const each of newestIn(whole, this.copy, this.#head)) this.#take(each)
    return lackedBy(whole, this.copy)
  }

  /** Takes a whole, by a process that knows nothing yet but its witness. Returns as `#merge`. */
  #adopt(news: LedgerNews, whole: Whole): readonly RawEntry[] | undefined {
    this.copy.reset(whole.genuine)
    this.#forged = whole.forged
    this.#problem = problemOf(news, whole, this.#options.witness.read(), () => this.#options.hadStore())
    if (this.#problem !== undefined) return undefined
    this.#isTrusted = true
    this.#stand(news, whole)
    if (this.#forged.size > 0) return undefined
    if (whole.covered === 'all' && !whole.hasLate) return undefined
    const grants = grantsIn(whole.genuine)
    if (grants.length > 0)
      this.#options.onSettled(
        `another version of Moderato wrote the ledger: ${grants.length} approvals and break-glasses are taken back`,
      )
    return takenBack(grants, this.#writing())
  }

  #writing(): Writing {
    const { clock, steadyClock } = this.#options
    return {
      seal: this.#seal,
      copy: this.copy,
      head: this.#head,
      over: this.#over,
      nowMs: clock.nowMs(),
      passedMs: steadyClock.nowMs() - this.#stoodAtMs,
    }
  }

  /** Writes entries and seals the whole with them. */
  async #commit(put: readonly RawEntry[], gone: readonly EntryName[] = []): Promise<'written' | 'behind'> {
    const { change, head, unsealed, forgotten } = changeOf(put, gone, this.#writing())
    const outcome = await orStoreFailure(this.#options.store.write(change))
    if (outcome === 'behind') return 'behind'
    this.#over = this.#over.slice(forgotten)
    for (const each of unsealed) this.#take(each)
    this.#advance(head, change.head)
    return 'written'
  }

  #take(each: Unsealed): void {
    const name = nameOf(each.stored)
    if (this.#forged.has(name)) this.#forged = new Map([...this.#forged].filter(([key]) => key !== name))
    this.copy.set(each)
  }

  #stand({ epoch, revision, head: sealed }: LedgerNews, { head, over }: Whole): void {
    this.#sealedHead = sealed
    this.#over = [...over]
    const atMs = Math.max(head?.atMs ?? -Infinity, this.#head.atMs)
    this.#head = { epoch, revision, atMs, horizonMs: head?.horizonMs ?? this.#head.horizonMs }
    this.#stoodAtMs = this.#options.steadyClock.nowMs()
    if (head !== undefined) this.#options.witness.write(this.#head)
  }

  #advance(head: Head, sealed: string | undefined): void {
    this.#sealedHead = sealed
    this.#over.push(...this.copy.forgetOver(head.horizonMs))
    this.#head = head
    this.#stoodAtMs = this.#options.steadyClock.nowMs()
    this.#options.witness.write(head)
  }
}
