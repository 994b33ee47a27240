/** Keeps the ledger's entries in Valkey: a hash of them, in order of their revisions beside it. */
import { randomUUID } from 'node:crypto'
import type { KnownData } from './known-data.ts'
import {
  nameOf,
  type LedgerChange,
  type LedgerKind,
  type LedgerNews,
  type LedgerStore,
  type NoteStore,
  type Position,
  type RawEntry,
  type StoredEntry,
} from './store.ts'
import type { ValkeyServer } from './valkey-server.ts'

const FIELDS = 3

export class ValkeyLedger implements LedgerStore {
  readonly #server: ValkeyServer
  readonly #known: KnownData
  readonly #keys: readonly string[]

  constructor(server: ValkeyServer, known: KnownData) {
    this.#server = server
    this.#known = known
    this.#keys = ['', ':entries', ':revisions', ':expiries', ':epoch', ':head'].map((name) =>
      server.key(`ledger${name}`),
    )
  }

  async since(seen: Position | undefined): Promise<LedgerNews> {
    await this.#server.ensureFit()
    const { epoch = '', revision = 0 } = seen ?? {}
    const keys = [...this.#keys, this.#server.key('since')]
    const answer = await this.#server.run('since', keys, [epoch, revision, randomUUID()])
    const [nowEpoch = '', last, head = '', isWhole, ...found] = answer as string[]
    const now = { epoch: nowEpoch, revision: Number(last) }
    this.#known.saw(now)
    const entries = Array.from({ length: found.length / FIELDS }, (_, index) =>
      entryOf(found.slice(index * FIELDS, (index + 1) * FIELDS)),
    )
    return { ...now, head: head === '' ? undefined : head, isWhole: Number(isWhole) === 1, entries }
  }

  async write({ at, put, forget, head }: LedgerChange): Promise<'written' | 'behind'> {
    const forgotten = forget.map(nameOf)
    const entries = put.flatMap((each) => [nameOf(each), JSON.stringify(each), each.expiresAtMs ?? ''])
    const values = [at.epoch, at.revision, head, forgotten.length, ...forgotten, ...entries]
    const isWritten = Number(await this.#server.run('write', this.#keys, values)) === 1
    if (isWritten) this.#known.saw({ epoch: at.epoch, revision: at.revision + put.length })
    return isWritten ? 'written' : 'behind'
  }
}

export class ValkeyNotes implements NoteStore {
  readonly #server: ValkeyServer

  constructor(server: ValkeyServer) {
    this.#server = server
  }

  async get(name: string): Promise<string | undefined> {
    const text = String(await this.#server.run('note', [this.#server.key('notes')], [name]))
    return text === '' ? undefined : text
  }

  async set(name: string, text: string): Promise<void> {
    await this.#server.run('note', [this.#server.key('notes')], [name, text])
  }
}

/**
 * Returns what stands under a name. Whatever is no entry of that name has no MAC that holds, so that the ledger says
 * so.
 */
function entryOf([name = '', revision, text = '']: readonly string[]): StoredEntry {
  const [kind = '', ...id] = name.split(' ')
  const none = { kind: kind as LedgerKind, id: id.join(' '), text: '', mac: '', expiresAtMs: undefined }
  return { ...rawEntry(none, text), revision: Number(revision) }
}

function rawEntry(none: RawEntry, text: string): RawEntry {
  try {
    const entry = JSON.parse(text) as Partial<RawEntry>
    const isWhole = typeof entry.text === 'string' && typeof entry.mac === 'string'
    const isOfName = isWhole && entry.kind === none.kind && entry.id === none.id
    return isOfName ? { ...none, text: entry.text ?? '', mac: entry.mac ?? '' } : none
  } catch {
    return none
  }
}
