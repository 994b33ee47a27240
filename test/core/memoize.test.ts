import { describe, expect, it } from 'vitest'
import { memoize } from '../../proxy/core/memoize.ts'

describe('memoize', () => {
  it('makes what it is asked for again once, of short texts, and of no more than it may keep', () => {
    const made: string[] = []
    const upper = memoize(
      (text) => {
        made.push(text)
        return text.toUpperCase()
      },
      { most: 2, longest: 3 },
    )
    expect([upper('a'), upper('a'), upper('long'), upper('long')]).toEqual(['A', 'A', 'LONG', 'LONG'])
    expect(made).toEqual(['a', 'long', 'long'])
    // Of five texts the first is forgotten, and the last two are not.
    for (const text of ['b', 'c', 'd', 'e', 'e', 'd', 'a']) upper(text)
    expect(made).toEqual(['a', 'long', 'long', 'b', 'c', 'd', 'e', 'a'])
  })
})
