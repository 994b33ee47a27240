import { describe, expect, it } from 'vitest'
import { LruMap, Lately } from '../../../proxy/watch/detectors/memory.ts'

describe('Known', () => {
  it('forgets what was not used for longest', () => {
    const known = new LruMap<number>(2)
    known.set('a', 1)
    known.set('b', 2)
    expect(known.get('a')).toBe(1)
    expect(known.get('a')).toBe(1)
    known.set('c', 3)
    expect([known.get('a'), known.get('b'), known.get('c')]).toEqual([1, undefined, 3])
  })

  it('counts a key that was forgotten and set again as new', () => {
    const known = new LruMap<number>(2)
    known.set('a', 1)
    known.delete('a')
    known.set('b', 2)
    known.set('a', 3)
    known.set('c', 4)
    expect([known.get('a'), known.get('b'), known.size]).toEqual([3, undefined, 2])
  })
})

describe('Lately', () => {
  it('takes nothing for recent that is from before the clock was set back', () => {
    const lately = new Lately<string>(5)
    lately.add('before', 7_200_000)
    lately.add('after', 3_600_000)
    expect(lately.within(60_000, 3_600_001)).toEqual(['after'])
  })
})
