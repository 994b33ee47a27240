import { describe, expect, it } from 'vitest'
import { RecentMap } from '../../proxy/core/recent-map.ts'

describe('RecentMap', () => {
  it('keeps the entries that were used last, as many as its capacity, and forgets older ones', () => {
    const known = new RecentMap<number>(2)
    known.set('a', 1)
    known.set('b', 2)
    known.set('c', 3)
    expect([known.get('b'), known.get('c')]).toEqual([2, 3])
    known.set('d', 4)
    expect(known.get('a')).toBeUndefined()
    expect([known.get('c'), known.get('d')]).toEqual([3, 4])
  })

  it('keeps what is used again and again, however many come and go beside it', () => {
    const known = new RecentMap<string>(3)
    known.set('used', 'value')
    for (let index = 0; index < 100; index++) {
      known.set(`other ${index}`, 'value')
      expect(known.get('used')).toBe('value')
      expect(known.size).toBeLessThanOrEqual(6)
    }
  })

  it('counts a key that was forgotten and set again as new, and shows no older value of it', () => {
    const known = new RecentMap<number>(2)
    known.set('a', 1)
    known.set('b', 2)
    known.set('c', 3)
    known.delete('a')
    expect(known.get('a')).toBeUndefined()
    known.set('a', 4)
    known.set('b', 5)
    expect([known.get('a'), known.get('b')]).toEqual([4, 5])
    known.delete('b')
    expect(known.get('b')).toBeUndefined()
  })

  it('writes over a value without forgetting another', () => {
    const known = new RecentMap<number>(2)
    known.set('a', 1)
    known.set('b', 2)
    for (let value = 3; value < 10; value++) known.set('b', value)
    expect([known.get('a'), known.get('b'), known.size]).toEqual([1, 9, 2])
  })
})
