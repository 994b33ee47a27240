/** What of a store that somebody got at, or that lost what it had, is believed over restarts and by new replicas (S19). */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import type { Ledger } from '../../proxy/state/ledger.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { Seal } from '../../proxy/state/seal.ts'
import type { LedgerChange, LedgerStore, StoredEntry } from '../../proxy/state/store.ts'
import { fileWitness, type Witness } from '../../proxy/state/witness.ts'
import { openLedger } from './open-ledger.ts'
import { takenAway, writtenBeside } from './written-beside.ts'

const KEY = Buffer.alloc(32, 7)
const APPROVAL = 'a'.repeat(32)

let time: VirtualTime
let store: MemoryLedger
let witness: Witness
let path: string
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-trust-'))
  time = new VirtualTime()
  store = new MemoryLedger()
  path = join(folder, 'state.seen')
  witness = fileWitness(path, new Seal(KEY))
  return () => rmSync(folder, { recursive: true })
})

/** A start on this machine. */
const start = (at: LedgerStore = store, hadStore = false): Promise<Ledger> =>
  openLedger(time, { store: at, key: KEY, witness, hadStore: () => hadStore })
/** A replica that never ran. */
const startElsewhere = (at: LedgerStore = store): Promise<Ledger> => openLedger(time, { store: at, key: KEY })

const stored = async (kind: string, id: string): Promise<StoredEntry> => {
  const found = (await store.since(undefined)).entries.find((each) => each.kind === kind && each.id === id)
  if (found === undefined) throw new Error('there is no such entry')
  return found
}

/** A copy of all that the store holds, as a backup is. */
async function backup(): Promise<LedgerStore> {
  const { isWhole, ...news } = await store.since(undefined)
  let at = { ...news, isWhole }
  return {
    since: (seen) =>
      Promise.resolve({ ...at, ...(seen?.revision === at.revision ? { isWhole: false, entries: [] } : {}) }),
    write(change: LedgerChange) {
      if (change.at.epoch !== at.epoch || change.at.revision !== at.revision) return Promise.resolve('behind')
      const put = change.put.map((each, index) => ({ ...each, revision: at.revision + 1 + index }))
      const names = new Set([...put, ...change.forget].map(({ kind, id }) => `${kind} ${id}`))
      const entries = [...at.entries.filter(({ kind, id }) => !names.has(`${kind} ${id}`)), ...put]
      at = { ...at, entries, revision: at.revision + put.length, head: change.head }
      return Promise.resolve('written')
    },
  }
}

describe('an older entry that is put back', () => {
  it.each([
    ['approval', APPROVAL],
    ['breakglass', 'bg-1'],
    ['freeze', 'f'],
    ['quarantine', 'agent'],
  ] as const)(
    'of the kind %s is believed by nobody who starts then, and nothing is written by it',
    async (kind, id) => {
      const ledger = await start()
      await ledger.put(kind, id, { state: 'old' })
      const old = await stored(kind, id)
      await ledger.put(kind, id, { state: 'new' })
      await ledger.put('task', 'later', 1)
      await writtenBeside(store, old)
      for (const late of [await start(), await startElsewhere()]) {
        expect(late.sound).toBe(false)
        await expect(late.put('task', 't', 1)).rejects.toMatchObject({ name: 'StoreFailure' })
      }
      await ledger.refresh()
      expect(ledger.sound).toBe(false)
      expect(ledger.get(kind, id)?.value).toEqual({ state: 'new' })
    },
  )

  it('is seen by a replica that runs, although it never saw the newer one', async () => {
    const [one, other] = [await start(), await startElsewhere()]
    await one.put('approval', APPROVAL, { used: 0 })
    await other.refresh()
    const old = await stored('approval', APPROVAL)
    await one.put('approval', APPROVAL, { used: 1 })
    await one.put('task', 't', 1)
    await writtenBeside(store, old)
    await other.refresh()
    expect(other.sound).toBe(false)
    const use = other.replace('approval', APPROVAL, { used: 1 }, { expected: old.revision })
    expect(await use.catch(() => undefined)).toBeUndefined()
  })
})

describe('an entry that is taken away', () => {
  it('is missed by who starts then, and by nobody else until something is written', async () => {
    const ledger = await start()
    await ledger.put('freeze', 'all', 1)
    await takenAway(store, { kind: 'freeze', id: 'all' })
    expect((await startElsewhere()).problem).toContain('entries were removed')
    await ledger.refresh()
    expect([ledger.sound, ledger.get('freeze', 'all')?.value]).toEqual([true, 1])
  })

  it('is missed although forgeries were put in its place and deleted by hand', async () => {
    const ledger = await start()
    await ledger.put('freeze', 'all', 1)
    await writtenBeside(store, { kind: 'freeze', id: 'x', text: '{}', mac: 'x', expiresAtMs: undefined })
    await ledger.refresh()
    expect(ledger.problem).toContain('forged entry: "freeze x"')
    await takenAway(store, { kind: 'freeze', id: 'x' })
    await ledger.refresh()
    expect(ledger.sound).toBe(true)
    expect((await start()).sound).toBe(true)
    await takenAway(store, { kind: 'freeze', id: 'all' })
    expect((await start()).sound).toBe(false)
  })
})

describe('a store that lost everything', () => {
  it('is refused by a replica that saw it, until an operator accepts it', async () => {
    const ledger = await start()
    await ledger.put('freeze', 'all', 1)
    const late = await start(new MemoryLedger())
    expect([late.sound, late.all('freeze')]).toEqual([false, []])
    expect(late.problem).toContain('moderato state accept')
    await expect(late.put('freeze', 'f', 1)).rejects.toThrow('moderato state accept')
    await late.refresh()
    expect(late.sound).toBe(false)
    expect(await late.accept()).toEqual({ entries: 0, takenBack: 0, forged: 0 })
    expect(late.sound).toBe(true)
    await late.put('freeze', 'f', 1)
  })

  it('is refused by one that saw nothing, where the audit log says that Moderato ran here', async () => {
    expect((await start(store, true)).problem).toContain('is empty')
  })

  it('is a first start where nothing says otherwise, and every later start goes on', async () => {
    for (let starts = 0; starts < 3; starts += 1) expect((await start()).sound).toBe(true)
  })

  it('is trusted again by itself once a replica that knew it put it back', async () => {
    const ledger = await start()
    await ledger.put('freeze', 'all', 1)
    const emptied = new MemoryLedger()
    let now: LedgerStore = store
    const lossy: LedgerStore = { since: (seen) => now.since(seen), write: (change) => now.write(change) }
    const running = await openLedger(time, { store: lossy, key: KEY })
    const late = await start(emptied)
    expect(late.sound).toBe(false)
    now = emptied
    await running.refresh()
    await late.refresh()
    expect([late.sound, late.get('freeze', 'all')?.value]).toEqual([true, 1])
  })
})

describe('a store that is put back as a whole, from a backup', () => {
  it('is refused by a replica that saw a later one', async () => {
    const ledger = await start()
    await ledger.put('approval', APPROVAL, { used: 0 })
    const old = await backup()
    await ledger.put('approval', APPROVAL, { used: 1 })
    const late = await start(old)
    expect(late.problem).toContain('older state')
    expect(await late.accept()).toMatchObject({ takenBack: 1 })
    expect([late.sound, late.get('approval', APPROVAL)]).toEqual([true, undefined])
    expect((await start(old)).sound).toBe(true)
  })

  it('is given what it lacks by a replica that runs', async () => {
    const ledger = await start()
    await ledger.put('freeze', 'f', 'old')
    const old = await backup()
    let now: LedgerStore = store
    const lossy: LedgerStore = { since: (seen) => now.since(seen), write: (change) => now.write(change) }
    const running = await openLedger(time, { store: lossy, key: KEY })
    await running.put('freeze', 'f', 'new')
    await running.put('freeze', 'g', 1)
    now = old
    await running.refresh()
    const late = await startElsewhere(old)
    expect(late.all('freeze').map(({ id, value }) => [id, value])).toEqual([
      ['f', 'new'],
      ['g', 1],
    ])
    expect([running.sound, late.sound]).toEqual([true, true])
  })
})

describe('a store that is put back, and written again up to the same number', () => {
  it('is given what it lacks, although no number says so', async () => {
    let now: LedgerStore = store
    const lossy: LedgerStore = { since: (seen) => now.since(seen), write: (change) => now.write(change) }
    const [one, other] = [await start(lossy), await startElsewhere(lossy)]
    await one.put('freeze', 'f', 1)
    await other.refresh()
    const old = await backup()
    await one.put('freeze', 'of one', 1)
    now = old
    await other.put('freeze', 'of the other', 1)
    await one.refresh()
    await other.refresh()
    for (const each of [one, other])
      expect(each.all('freeze').map(({ id }) => id)).toEqual(
        expect.arrayContaining(['of one', 'of the other']),
      )
  })
})

describe('a store that an older version of Moderato wrote', () => {
  const seal = new Seal(KEY)
  /** As every version writes an entry; older ones leave the head as it is. */
  const writtenByOlder = (
    kind: 'approval' | 'freeze',
    id: string,
    value: unknown,
    version = time.nowMs() + 1,
  ) => writtenBeside(store, seal.entry({ kind, id }, { version, value }))

  it('is taken, without the approvals and break-glasses in it', async () => {
    const at = await store.since(undefined)
    const put = [
      seal.entry({ kind: 'freeze', id: 'f' }, { version: 1, value: 1 }),
      seal.entry({ kind: 'approval', id: APPROVAL }, { version: 1, value: 1 }),
      seal.entry({ kind: 'approval', id: 'nonce:n' }, { version: 1, value: 1 }),
    ]
    // Without a head: an older version knows none.
    const unsealed: LedgerStore = {
      since: async (seen) => {
        const { head, ...news } = await store.since(seen)
        return { ...news, head: head === 'none' ? undefined : head }
      },
      write: (change) => store.write(change),
    }
    await store.write({ at, put, forget: [], head: 'none' })
    const ledger = await start(unsealed)
    expect(ledger.sound).toBe(true)
    expect([ledger.get('freeze', 'f'), ledger.get('approval', 'nonce:n')].map((each) => each?.value)).toEqual(
      [1, 1],
    )
    expect(ledger.get('approval', APPROVAL)).toBeUndefined()
  })

  it('is followed while it writes beside this one, and after it', async () => {
    const ledger = await start()
    await ledger.put('freeze', 'f', 'first')
    await time.advance(10)
    await writtenByOlder('freeze', 'f', 'second')
    await writtenByOlder('freeze', 'g', 1)
    await ledger.refresh()
    expect([ledger.sound, ledger.get('freeze', 'f')?.value]).toEqual([true, 'second'])
    const again = await start()
    expect([again.sound, again.get('freeze', 'f')?.value, again.get('freeze', 'g')?.value]).toEqual([
      true,
      'second',
      1,
    ])
    await again.put('freeze', 'h', 1)
    expect((await startElsewhere()).all('freeze')).toHaveLength(3)
  })

  it('is believed although its clock is behind, and sealed over by who runs', async () => {
    const ledger = await start()
    await time.advance(10_000)
    await ledger.put('freeze', 'f', 1)
    await writtenByOlder('freeze', 'of another', 1, time.nowMs() - 5_000)
    await ledger.refresh()
    expect([ledger.sound, ledger.get('freeze', 'of another')?.value]).toEqual([true, 1])
    const late = await startElsewhere()
    expect([late.sound, late.all('freeze').length]).toEqual([true, 2])
  })

  it('lends its name to no approval from before a loss', async () => {
    const ledger = await start()
    await ledger.put('approval', APPROVAL, { used: 0 })
    const old = await stored('approval', APPROVAL)
    await time.advance(10)
    store = new MemoryLedger()
    const after = await start()
    await after.accept()
    await writtenBeside(store, old)
    await after.refresh()
    expect([after.sound, after.get('approval', APPROVAL)]).toEqual([false, undefined])
  })

  it('lends its name to no older entry that somebody puts back', async () => {
    const ledger = await start()
    await writtenByOlder('approval', APPROVAL, { used: 0 })
    await ledger.refresh()
    const old = await stored('approval', APPROVAL)
    await time.advance(10)
    await ledger.put('approval', APPROVAL, { used: 1 })
    await writtenBeside(store, old)
    expect((await start()).sound).toBe(false)
    await ledger.refresh()
    expect(ledger.sound).toBe(false)
  })

  it('is no excuse for a store that has lost its seal', async () => {
    const ledger = await start()
    await ledger.put('freeze', 'f', 1)
    const unsealed: LedgerStore = {
      since: async (seen) => ({ ...(await store.since(seen)), head: undefined }),
      write: (change) => store.write(change),
    }
    expect((await start(unsealed)).sound).toBe(false)
    // Who never ran takes it for an older version's; but no approval in it.
    const elsewhere = await startElsewhere(unsealed)
    expect(elsewhere.all('approval')).toEqual([])
  })
})

describe('the witness', () => {
  it('that is truncated names its path, and what to do', async () => {
    await (await start()).put('freeze', 'f', 1)
    expect(existsSync(path)).toBe(true)
    writeFileSync(path, '{"text":')
    await expect(start()).rejects.toThrow(`${path} is truncated`)
  })
})

describe('a clock that is set forward by a year, and back', () => {
  it('has nothing forgotten that lasts, before and after', async () => {
    const wall = { offMs: 0, nowMs: () => time.nowMs() + wall.offMs }
    const own = { store, key: KEY, steadyClock: time }
    const ledger = await openLedger(wall, own)
    const expiresAtMs = time.nowMs() + 48 * 3_600_000
    await ledger.put('freeze', 'f', 1, { expiresAtMs })
    wall.offMs = 365 * 86_400_000
    await ledger.put('task', 't', 1)
    wall.offMs = 0
    await ledger.put('revocation', 'r', 1, { expiresAtMs })
    for (const each of [ledger, await openLedger(time, own)]) {
      expect([each.get('freeze', 'f')?.value, each.get('revocation', 'r')?.value, each.sound]).toEqual([
        1,
        1,
        true,
      ])
    }
  })
})

describe('an entry that is long over', () => {
  it('is forgotten by all alike, also by who starts later', async () => {
    const [one, other] = [await start(), await startElsewhere()]
    for (let at = 0; at < 40; at += 1)
      await one.put('slowdown', `s-${at}`, 1, { expiresAtMs: time.nowMs() + 1_000 })
    await one.put('freeze', 'f', 1)
    await other.refresh()
    time.jump(30 * 3_600_000)
    await one.put('freeze', 'g', 1)
    await other.refresh()
    for (let writes = 0; writes < 4; writes += 1) await other.put('freeze', 'g', writes)
    await one.refresh()
    for (const each of [one, other, await startElsewhere(), await start()]) expect(each.sound).toBe(true)
    expect((await store.since(undefined)).entries.map(({ id }) => id)).toEqual(['f', 'g'])
  })
})
