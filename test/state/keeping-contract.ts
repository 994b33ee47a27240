/** What every store promises of its ledger and its notes; a part of `storeContract`. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { LedgerStore, Position, RawEntry, StateStore } from '../../proxy/state/store.ts'
import type { Bed } from './bed.ts'
import { World } from './world.ts'

export interface KeepingContract {
  readonly bedIn: (world: World) => Promise<Bed>
  readonly survives: boolean
  readonly perAgent: number
}

export function keepingContract({ bedIn, survives, perAgent }: KeepingContract): void {
  // Not of a store that nobody shares and that nothing survives.
  const ofShared = survives ? it : undefined
  let bed: Bed
  let store: StateStore
  const open = (): Promise<StateStore> => bed.open({ replaysPerAgent: perAgent })
  const fresh = async (): Promise<void> => {
    bed = await bedIn(new World())
    store = await open()
  }

  describe('ledger', () => {
    beforeEach(async () => {
      await fresh()
      return async () => {
        await store.close()
        await bed.close()
      }
    })

    const entry = (id: string, text = 'text', expiresAtMs?: number): RawEntry => ({
      kind: 'approval',
      id,
      text,
      mac: 'mac',
      expiresAtMs,
    })
    /** Writes where the store stands. */
    const write = async (...put: readonly RawEntry[]): Promise<Position> => {
      const at = await store.ledger.since(undefined)
      expect(await store.ledger.write({ at, put, forget: [], head: 'head' })).toBe('written')
      return { epoch: at.epoch, revision: at.revision + put.length }
    }
    const textsSince = async (ledger: LedgerStore, seen: Position | undefined) =>
      (await ledger.since(seen)).entries.map(({ id, text }) => `${id}=${text}`)

    it('is empty at first, with a name for its data and no seal', async () => {
      const news = await store.ledger.since(undefined)
      expect(news).toEqual({
        epoch: expect.stringMatching(/.{16}/),
        revision: 0,
        head: undefined,
        isWhole: true,
        entries: [],
      })
      expect((await store.ledger.since(undefined)).epoch).toBe(news.epoch)
      expect(store.isNew).toBe(true)
    })

    it('numbers every write, and shows the newest form of each entry in order of its write', async () => {
      const first = await write(entry('a', '1'))
      const third = await write(entry('b', '2'), entry('a', '3'))
      expect([first.revision, third.revision]).toEqual([1, 3])
      expect(await textsSince(store.ledger, undefined)).toEqual(['b=2', 'a=3'])
      expect(await textsSince(store.ledger, first)).toEqual(['b=2', 'a=3'])
      expect(await textsSince(store.ledger, { ...first, revision: 2 })).toEqual(['a=3'])
      expect(await textsSince(store.ledger, third)).toEqual([])
      const { entries, ...news } = await store.ledger.since({ ...first, revision: 2 })
      expect(news).toEqual({ ...third, head: 'head', isWhole: false })
      expect(entries).toMatchObject([{ kind: 'approval', id: 'a', text: '3', mac: 'mac', revision: 3 }])
    })

    it('keeps kinds apart, and text as it is', async () => {
      const text = '{"a":"\\u0000 \u{1f512} \' \\" %s"}'
      await write({ ...entry('odd id\n', text), kind: 'freeze' })
      await write(entry('odd id\n', 'other'))
      const found = (await store.ledger.since(undefined)).entries
      expect(found.map(({ kind, id, text: each }) => [kind, id, each])).toEqual([
        ['freeze', 'odd id\n', text],
        ['approval', 'odd id\n', 'other'],
      ])
    })

    it('tells everything to who knows other data, or more than there is', async () => {
      const seen = await write(entry('a', '1'))
      for (const other of [
        { ...seen, epoch: 'another' },
        { ...seen, revision: 99 },
      ]) {
        const news = await store.ledger.since(other)
        expect([news.isWhole, news.entries.map(({ id }) => id)]).toEqual([true, ['a']])
      }
    })

    it('lets one of several win that stand at the same place, and writes nothing of the others', async () => {
      const at = await store.ledger.since(undefined)
      const changes = Array.from({ length: 10 }, (_, index) => ({
        at,
        put: [entry('new', `${index}`), entry(`of ${index}`)],
        forget: [],
        head: `${index}`,
      }))
      const outcomes = await Promise.all(changes.map((each) => store.ledger.write(each)))
      expect(outcomes.filter((each) => each === 'written')).toHaveLength(1)
      const winner = outcomes.indexOf('written')
      expect(await store.ledger.since(undefined)).toMatchObject({ revision: 2, head: `${winner}` })
      expect(await textsSince(store.ledger, undefined)).toEqual([`new=${winner}`, `of ${winner}=text`])
      const elsewhere = { epoch: 'another', revision: 2 }
      const change = { at: elsewhere, put: [entry('x')], forget: [], head: 'x' }
      expect(await store.ledger.write(change)).toBe('behind')
    })

    it('forgets what it is told to, and seals anew without an entry', async () => {
      await write(entry('a'), entry('b'))
      const at = await store.ledger.since(undefined)
      await store.ledger.write({ at, put: [], forget: [entry('a')], head: 'later' })
      expect(await store.ledger.since(undefined)).toMatchObject({ revision: 2, head: 'later' })
      expect(await textsSince(store.ledger, undefined)).toEqual(['b=text'])
    })

    ofShared?.('is the same for all processes, and for those after them', async () => {
      const other = await open()
      expect(other.isNew).toBe(false)
      const at = await write(entry('shared', '1'))
      expect(await textsSince(other.ledger, undefined)).toEqual(['shared=1'])
      const uses = await Promise.all(
        [store, other].map((each) =>
          each.ledger.write({ at, put: [entry('shared', 'used')], forget: [], head: 'used' }),
        ),
      )
      expect(uses.toSorted()).toEqual(['behind', 'written'])
      await other.close()
      const before = await store.ledger.since(undefined)
      await store.close()
      store = await open()
      expect(await store.ledger.since(undefined)).toEqual(before)
    })
  })

  describe('notes', () => {
    beforeEach(async () => {
      await fresh()
      return async () => {
        await store.close()
        await bed.close()
      }
    })

    it('keeps the last text of each name', async () => {
      expect(await store.notes.get('a')).toBeUndefined()
      for (const text of ['1', '{"two":"2"}']) await store.notes.set('a', text)
      await store.notes.set('b c', 'other')
      expect([await store.notes.get('a'), await store.notes.get('b c')]).toEqual(['{"two":"2"}', 'other'])
    })
  })
}
