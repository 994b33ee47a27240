import { describe, expect, it } from 'vitest'
import { Lately } from '../../../proxy/watch/detectors/memory.ts'

describe('Lately', () => {
  it('takes nothing for recent that is from before the clock was set back', () => {
    const lately = new Lately<string>(5)
    lately.add('before', 7_200_000)
    lately.add('after', 3_600_000)
    expect(lately.within(60_000, 3_600_001)).toEqual(['after'])
  })
})
