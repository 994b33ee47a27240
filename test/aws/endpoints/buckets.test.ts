import { describe, expect, it } from 'vitest'
import {
  isBucketName,
  isGeneralPurpose,
  isMultiRegion,
  isOtherThing,
} from '../../../proxy/aws/endpoints/buckets.ts'

describe('buckets', () => {
  it.each(['abc', '0a0', 'my.dotted.bucket', 'x'.repeat(63), 'a--b'])(
    '%s is a general purpose bucket',
    (name) => {
      expect(isGeneralPurpose(name)).toBe(true)
    },
  )

  it.each([
    '',
    'ab',
    'A12',
    'a_b',
    '.abc',
    'abc.',
    'a..b',
    'a.-b',
    '-abc',
    '10.0.0.1',
    'x'.repeat(64),
    'a/b',
    'a b',
  ])('%j is no name that S3 would give', (name) => {
    expect(isBucketName(name)).toBe(false)
  })

  it.each(['b--use1-az4--x-s3', 'ap--use1-az4--xa-s3', 'ol-abc--ol-s3', 'op-abc--op-s3', 't--table-s3'])(
    '%s is no bucket of the ordinary kind',
    (name) => {
      expect(isOtherThing(name)).toBe(true)
      expect(isGeneralPurpose(name)).toBe(false)
    },
  )

  it('an alias stands for a bucket that only S3 knows', () => {
    expect(isBucketName('my-ap-abc-s3alias')).toBe(true)
    expect(isGeneralPurpose('my-ap-abc-s3alias')).toBe(false)
    expect(isMultiRegion('abc.mrap')).toBe(true)
    expect(isGeneralPurpose('abc.mrap')).toBe(false)
  })
})
