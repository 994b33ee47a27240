import { describe, expect, it } from 'vitest'
import { didYouMean, nearest } from '../../proxy/core/did-you-mean.ts'

const VERBS = ['serve', 'config', 'approvals', 'audit', 'freeze', 'run', 'env']

describe('didYouMean', () => {
  it.each([
    ['freze', 'freeze'],
    ['Freeze', 'freeze'],
    ['fereze', 'freeze'],
    ['approval', 'approvals'],
    ['appro', 'approvals'],
    ['rnu', 'run'],
    ['aduit', 'audit'],
  ])('knows what was meant by %s', (given, meant) => {
    expect(nearest(given, VERBS)).toBe(meant)
    expect(didYouMean(given, VERBS)).toBe(` (did you mean ${meant}?)`)
  })

  it.each([['terraform'], ['xyz'], ['a'], [''], ['constructor'], ['x'.repeat(10_000)]])(
    'suggests nothing that was hardly meant: %s',
    (given) => expect(didYouMean(given, VERBS)).toBe(''),
  )
})
