import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Ledger } from '../../proxy/state/ledger.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import type { RawEntry } from '../../proxy/state/store.ts'
import { unreadableLog } from '../../proxy/state/unreadable-log.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openLedger } from './open-ledger.ts'
import { writtenBeside } from './written-beside.ts'

const Note = z.strictObject({ text: z.string() })
const KEY = Buffer.alloc(32, 7)
const INSTEAD = { text: 'instead' }

async function replica(time = new VirtualTime(), store = new MemoryLedger()) {
  const heard: unknown[] = []
  const ledger = await openLedger(time, {
    store,
    timer: time,
    key: KEY,
    onUnreadable: ({ kind, id }, problem) => heard.push([kind, id, problem]),
  })
  return { time, store, ledger, heard }
}

const notes = (ledger: Ledger) => ledger.table('freeze', Note, () => INSTEAD)

describe('Ledger.table', () => {
  it('reads and writes what its schema takes, on every replica', async () => {
    const { time, store, ledger, heard } = await replica()
    const other = await replica(time, store)
    const [one, two] = [notes(ledger), notes(other.ledger)]
    const seen: unknown[] = []
    two.onChange((id, row) => seen.push([id, row?.value]))
    const row = await one.put('n', { text: 'hello' }, { expiresAtMs: time.nowMs() + 1_000 })
    await time.advance(250)
    expect(two.get('n')).toEqual(row)
    expect(row).toMatchObject({ id: 'n', value: { text: 'hello' }, isUnreadable: false })
    await two.remove('n')
    await time.advance(250)
    expect([one.get('n'), one.all(), one.unreadable()]).toEqual([undefined, [], []])
    expect(seen).toEqual([
      ['n', { text: 'hello' }],
      ['n', undefined],
    ])
    expect(heard).toEqual([])
  })

  it('takes what it cannot read for what its kind says, for as long as the entry lasts, and lists it', async () => {
    const { time, ledger } = await replica()
    const table = notes(ledger)
    await ledger.put('freeze', 'n', { text: 1 }, { expiresAtMs: time.nowMs() + 1_000 })
    const writtenAtMs = Math.max(1, Math.floor(time.nowMs()))
    expect(table.get('n')).toMatchObject({ value: INSTEAD, isUnreadable: true })
    expect(table.all()).toHaveLength(1)
    expect(table.unreadable()).toMatchObject([{ id: 'n', value: { text: 1 }, writtenAtMs }])
    await time.advance(1_000)
    expect([table.get('n'), table.unreadable()]).toEqual([undefined, []])
  })

  it('leaves out what its kind does not take for anything, and can be written over', async () => {
    const { ledger } = await replica()
    const table = ledger.table('breakglass', Note, () => undefined)
    const seen: unknown[] = []
    table.onChange((id, row) => seen.push([id, row?.value]))
    await ledger.put('breakglass', 'n', {})
    expect([table.get('n'), table.all()]).toEqual([undefined, []])
    expect(table.unreadable()).toMatchObject([{ id: 'n' }])
    await table.put('n', { text: 'again' })
    expect([table.get('n')?.value, table.unreadable()]).toEqual([{ text: 'again' }, []])
    expect(seen).toEqual([
      ['n', undefined],
      ['n', { text: 'again' }],
    ])
  })

  it('says once of each write that it cannot be read, and nothing of what stands in it', async () => {
    const { time, store, ledger, heard } = await replica()
    const table = notes(ledger)
    notes(ledger)
    await ledger.put('freeze', 'n', { text: ['secret'], 2: 'two' })
    for (let reads = 0; reads < 3; reads++) table.get('n')
    await time.advance(1_000)
    expect(heard).toEqual([['freeze', 'n', 'text: invalid_type, the value: unrecognized_keys']])
    await ledger.put('freeze', 'n', 'secret')
    expect(heard).toHaveLength(2)
    const later = await replica(time, store)
    notes(later.ledger)
    expect(later.heard).toEqual([['freeze', 'n', 'the value: invalid_type']])
  })

  it('keeps apart what shares a kind, by the form of its ids', async () => {
    const { ledger } = await replica()
    const hex = ledger.table('approval', Note, () => undefined, { form: /^[0-9a-f]+$/ })
    const notes = ledger.table('approval', Note, () => undefined, { prefix: 'note:' })
    await hex.put('ab', { text: 'hex' })
    await notes.put('ab', { text: 'note' })
    expect([hex.get('ab')?.value.text, notes.get('ab')?.value.text]).toEqual(['hex', 'note'])
    expect([hex.get('note:ab'), notes.all().map(({ id }) => id)]).toEqual([undefined, ['ab']])
  })

  it('ends what lasts beyond all dates never, and tells no moment that is none', async () => {
    const { ledger } = await replica()
    await ledger.put('freeze', 'n', 1, { expiresAtMs: Number.MAX_SAFE_INTEGER })
    expect(notes(ledger).get('n')?.expiresAtMs).toBeUndefined()
  })
})

describe('Ledger', () => {
  it('trusts nothing while an entry with a valid seal is not in the form of all versions', async () => {
    const { time, store, ledger } = await replica()
    const text = 'not JSON'
    const mac = createHmac('sha256', KEY)
      .update(JSON.stringify(['freeze', 'n', text]))
      .digest('base64url')
    const entry: RawEntry = { kind: 'freeze', id: 'n', text, mac, expiresAtMs: undefined }
    await writtenBeside(store, entry)
    await time.advance(250)
    expect([ledger.sound, ledger.get('freeze', 'n')]).toEqual([false, undefined])
    await ledger.put('freeze', 'n', { text: 'over it' })
    expect(ledger.sound).toBe(true)
  })

  it('says of an entry of a kind that it does not have that it cannot be read, and goes on', async () => {
    const { time, store, ledger, heard } = await replica()
    const later = await openLedger(time, { store })
    await later.put('curfew' as 'freeze', 'c', {})
    await time.advance(500)
    expect(heard).toEqual([['curfew', 'c', 'this version has no such kind']])
    expect(ledger.sound).toBe(true)
  })
})

describe('unreadableLog', () => {
  it('says twenty of a kind an hour, and how many it left out', () => {
    const time = new VirtualTime()
    const lines: object[] = []
    const tell = unreadableLog(time, (fields) => lines.push(fields))
    for (let revision = 1; revision <= 25; revision++) tell({ kind: 'task', id: 't', revision }, 'p')
    tell({ kind: 'freeze', id: 'f', revision: 1 }, 'p')
    expect(lines).toHaveLength(21)
    time.jump(3_600_000)
    tell({ kind: 'task', id: 't', revision: 26 }, 'p')
    expect(lines.at(-1)).toEqual({ kind: 'task', id: 't', revision: 26, problem: 'p', alsoUnsaid: 5 })
  })
})
