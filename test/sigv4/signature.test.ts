import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signature, signatureMatches } from '../../proxy/sigv4/signature.ts'

const SCOPE = { date: '20260304', region: 'us-east-1', service: 's3' }
const AMZ_DATE = '20260304T050607Z'

describe('signature', () => {
  it('is the HMAC of the string to sign, whatever the lengths of key and text', () => {
    const keys = fc.uint8Array({ maxLength: 130 })
    const names = fc.string({ unit: 'grapheme-ascii', maxLength: 1200 })
    fc.assert(
      fc.property(keys, names, (bytes, service) => {
        const key = Buffer.from(bytes)
        const text = `AWS4-HMAC-SHA256\n${AMZ_DATE}\n20260304/us-east-1/${service}/aws4_request\nhash`
        const expected = createHmac('sha256', key).update(text).digest('hex')
        expect(signature(key, AMZ_DATE, { ...SCOPE, service }, 'hash')).toBe(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('matches itself alone', () => {
    const key = Buffer.alloc(32, 7)
    const made = signature(key, AMZ_DATE, SCOPE, 'hash')
    expect(signatureMatches(made, key, AMZ_DATE, SCOPE, 'hash')).toBe(true)
    expect(signatureMatches(made, Buffer.alloc(32, 8), AMZ_DATE, SCOPE, 'hash')).toBe(false)
    for (const other of ['', made.slice(1), `${made}0`, made.toUpperCase()]) {
      expect(signatureMatches(other, key, AMZ_DATE, SCOPE, 'hash')).toBe(false)
    }
  })
})
