/**
 * Seals what the ledger keeps in a store that is not trusted (rule S19), with a key that the store does not hold.
 *
 * Each entry carries a MAC, so that none can be made up. The head carries one over all entries together, so that an
 * older entry that is put back, or one that is taken away, is recognised by whoever reads the whole: after a restart
 * and on a new replica too. The sum in the head is a multiset hash (XOR of one keyed hash for each entry at its
 * revision), so that a write costs the same however many entries there are. The sum itself never leaves the process.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { jsonOrUndefined } from '../core/json.ts'
import type { Position, RawEntry, StoredEntry } from './store.ts'

const SUM_BYTES = 32

/** Describes the last write that was sealed. */
export interface Head extends Position {
  /** When it was sealed, in milliseconds since the epoch; not below the version of any entry. It never goes back. */
  readonly atMs: number
  /** What is long over by then is forgotten. It grows no faster than time passes, whatever is done to a clock. */
  readonly horizonMs: number
}

/** Where a process stands that has read nothing yet. */
export const NO_HEAD: Head = { epoch: '', revision: 0, atMs: -Infinity, horizonMs: -Infinity }

const SealedHead = z.strictObject({
  revision: z.number(),
  atMs: z.number(),
  horizonMs: z.number(),
  sum: z.string(),
  mac: z.string(),
})

const SealedEntry = z.strictObject({
  version: z.number(),
  /** Absent: the entry was removed. */
  value: z.unknown().optional(),
  expiresAtMs: z.number().optional(),
})
/** Holds the sealed text of an entry, as every version of Moderato writes it. */
export type SealedEntry = z.output<typeof SealedEntry>

export class Seal {
  readonly #entryKey: Buffer
  readonly #headKey: Buffer
  readonly #noteKey: Buffer

  constructor(key: Buffer) {
    this.#entryKey = key
    this.#headKey = hmac(key, 'moderato ledger head')
    this.#noteKey = hmac(key, 'moderato note')
  }

  entry({ kind, id }: Pick<RawEntry, 'kind' | 'id'>, sealed: SealedEntry): RawEntry {
    const text = JSON.stringify(sealed)
    return { kind, id, text, mac: this.#mac(kind, id, text), expiresAtMs: sealed.expiresAtMs }
  }

  /** Undefined: it was not sealed with this key, or not in this form. */
  open({ kind, id, text, mac }: RawEntry): SealedEntry | undefined {
    if (!isEqual(mac, this.#mac(kind, id, text))) return undefined
    return SealedEntry.safeParse(jsonOrUndefined(text)).data
  }

  /** Returns the hash of an entry at its revision, for a sum. */
  hashOf({ kind, id, mac, revision }: StoredEntry): Buffer {
    return hmac(this.#headKey, JSON.stringify(['entry', kind, id, mac, revision]))
  }

  head(head: Head, sum: Buffer): string {
    const { revision, atMs, horizonMs } = head
    const covered = this.#sumText(sum)
    return JSON.stringify({ revision, atMs, horizonMs, sum: covered, mac: this.#headMac(head, covered) })
  }

  /** Returns the head of an epoch, and what tells whether a sum is its own. Undefined: it was not sealed with this key. */
  openHead(epoch: string, text: string): (Head & { covers(sum: Buffer): boolean }) | undefined {
    const sealed = SealedHead.safeParse(jsonOrUndefined(text)).data
    if (sealed === undefined) return undefined
    const { revision, atMs, horizonMs, sum, mac } = sealed
    const head = { epoch, revision, atMs, horizonMs }
    if (!isEqual(mac, this.#headMac(head, sum))) return undefined
    return { ...head, covers: (found) => isEqual(sum, this.#sumText(found)) }
  }

  note(name: string, value: unknown): string {
    const text = JSON.stringify(value)
    return JSON.stringify({ text, mac: this.#noteMac(name, text) })
  }

  /** Undefined: it was not sealed with this key under this name. */
  openNote(name: string, sealed: string): unknown {
    const note = Note.safeParse(jsonOrUndefined(sealed)).data
    if (note === undefined || !isEqual(note.mac, this.#noteMac(name, note.text))) return undefined
    return jsonOrUndefined(note.text)
  }

  #mac(kind: string, id: string, text: string): string {
    return hmac(this.#entryKey, JSON.stringify([kind, id, text])).toString('base64url')
  }

  #headMac({ epoch, revision, atMs, horizonMs }: Head, sum: string): string {
    return hmac(this.#headKey, JSON.stringify(['head', epoch, revision, atMs, horizonMs, sum])).toString(
      'base64url',
    )
  }

  #sumText(sum: Buffer): string {
    return hmac(this.#headKey, JSON.stringify(['sum', sum.toString('base64url')])).toString('base64url')
  }

  #noteMac(name: string, text: string): string {
    return hmac(this.#noteKey, JSON.stringify([name, text])).toString('base64url')
  }
}

const Note = z.strictObject({ text: z.string(), mac: z.string() })

/** Returns the sum of nothing. */
export function emptySum(): Buffer {
  return Buffer.alloc(SUM_BYTES)
}

/** Adds a hash to a sum, in place; adding it again takes it out. */
export function addTo(sum: Buffer, hash: Buffer): void {
  for (let at = 0; at < SUM_BYTES; at += 1) sum[at] = (sum[at] ?? 0) ^ (hash[at] ?? 0)
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function isEqual(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
