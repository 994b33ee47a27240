/** Keeps the ledger's entries in Valkey: a hash of them, in order of their revisions beside it. */
import type { Clock } from '../core/ports.ts'
import { Forgetting } from './forgetting.ts'
import {
  LEDGER_KEPT_MS,
  type LedgerKind,
  type LedgerStore,
  type RawEntry,
  type StoredEntry,
} from './store.ts'
import type { ValkeyServer } from './valkey-server.ts'

/** What WRITE answers when the server has less than this process saw in it. */
const LOST = -1
const WON_BY_ANOTHER = 0

/**
 * A server may lose what it had: restarted without its file, or replaced. Each replica knows every entry that it saw,
 * and puts back what is gone, under the revisions that it had, so that no freeze and no approval's use is lost.
 */
export class ValkeyLedger implements LedgerStore {
  readonly #server: ValkeyServer
  readonly #keys: readonly string[]
  readonly #clock: Clock
  readonly #forgetting = new Forgetting()
  readonly #seen = new Map<string, StoredEntry>()
  #last = 0

  constructor(server: ValkeyServer, clock: Clock) {
    this.#server = server
    this.#clock = clock
    this.#keys = ['', ':entries', ':revisions', ':expiries'].map((name) => server.key(`ledger${name}`))
  }

  async write(entry: RawEntry, expected?: number): Promise<number | undefined> {
    const { expiresAtMs } = entry
    const values = [nameOf(entry), JSON.stringify(entry), expected ?? '', expiresAtMs ?? '', LEDGER_KEPT_MS]
    const write = async (): Promise<number> =>
      Number(await this.#server.run('write', this.#keys, [...values, this.#last]))
    let revision = await write()
    if (revision === LOST) {
      await this.#restore()
      revision = await write()
    }
    if (revision === LOST) throw new Error('the state store lost the ledger again while it was put back')
    if (revision === WON_BY_ANOTHER) return undefined
    this.#last = Math.max(this.#last, revision)
    this.#seen.set(nameOf(entry), { ...entry, revision })
    return revision
  }

  async since(revision: number): Promise<readonly StoredEntry[]> {
    const [last, ...found] = await this.#ask(revision)
    if (Number(last) < this.#last) {
      await this.#restore()
      return this.since(revision)
    }
    this.#last = Number(last)
    this.#forgetting.from([this.#seen], this.#clock.nowMs())
    const entries: StoredEntry[] = []
    for (let at = 0; at < found.length; at += 3) {
      const [name = '', seenRevision, text = ''] = found.slice(at, at + 3)
      const entry = { ...entryOf(name, text), revision: Number(seenRevision) }
      entries.push(entry)
      this.#seen.set(nameOf(entry), entry)
    }
    return entries
  }

  async #ask(revision: number): Promise<string[]> {
    const keys = [...this.#keys, this.#server.key('since')]
    return (await this.#server.run('since', keys, [revision])) as string[]
  }

  async #restore(): Promise<void> {
    const values = [...this.#seen].flatMap(([name, { revision, ...entry }]) => [
      name,
      JSON.stringify(entry),
      entry.expiresAtMs ?? '',
      revision,
    ])
    await this.#server.run('restore', this.#keys, [this.#last, ...values])
  }
}

function nameOf({ kind, id }: Pick<RawEntry, 'kind' | 'id'>): string {
  return `${kind} ${id}`
}

/**
 * Returns what stands under a name. Whatever is no entry of that name has no MAC that holds, so that the ledger says
 * so.
 */
function entryOf(name: string, text: string): RawEntry {
  const [kind = '', ...id] = name.split(' ')
  const none = { kind: kind as LedgerKind, id: id.join(' '), text: '', mac: '', expiresAtMs: undefined }
  try {
    const entry = JSON.parse(text) as Partial<RawEntry>
    const isWhole = typeof entry.text === 'string' && typeof entry.mac === 'string'
    return isWhole && entry.kind === none.kind && entry.id === none.id ? { ...none, ...entry } : none
  } catch {
    return none
  }
}
