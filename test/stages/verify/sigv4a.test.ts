import { describe, expect, it } from 'vitest'
import { ECDSA_ALGORITHM } from '../../../proxy/sigv4/credential.ts'
import {
  accept,
  headerOf,
  presigned,
  received,
  refusal,
  signed,
  withHeader,
  withoutHeader,
  type WireRequest,
} from '../../sigv4/signing.ts'

const SIGV4A = { algorithm: ECDSA_ALGORITHM, service: 's3' } as const

function refused(request: WireRequest): Promise<string | undefined> {
  return refusal(received(request))
}

describe('verify: SigV4a', () => {
  it('takes a request in either form, its region set being the region', async () => {
    for (const request of [signed({}, SIGV4A), presigned({}, SIGV4A)]) {
      const { authorization } = await accept(received(request))
      expect(authorization).toMatchObject({
        algorithm: ECDSA_ALGORITHM,
        scope: { region: '*', service: 's3' },
      })
    }
  })

  it('refuses another path, query, body hash, date or region set', async () => {
    const request = signed({ path: '/a', query: 'b=c' }, SIGV4A)
    expect(await refused({ ...request, path: '/b' })).toBe('bad_signature')
    expect(await refused({ ...request, query: 'b=d' })).toBe('bad_signature')
    expect(await refused(withHeader(request, 'x-amz-content-sha256', 'a'.repeat(64)))).toBe('bad_signature')
    expect(await refused(withHeader(request, 'x-amz-date', '20260304T050608Z'))).toBe('bad_signature')
    expect(await refused(withHeader(request, 'x-amz-region-set', 'us-east-1'))).toBe('bad_signature')
    const url = presigned({}, SIGV4A)
    expect(
      await refused({ ...url, query: url.query.replace('Region-Set=%2A', 'Region-Set=us-east-1') }),
    ).toBe('bad_signature')
  })

  it('refuses a region set that is missing, unsigned or no set of regions', async () => {
    const request = signed({}, SIGV4A)
    expect(await refused(withoutHeader(request, 'x-amz-region-set'))).toBe('malformed_authorization')
    for (const region of ['', 'us east', '*,', 'http://x', 'a'.repeat(100)]) {
      expect(await refused(signed({}, { ...SIGV4A, region }))).toBe('malformed_authorization')
    }
    const unsigned = headerOf(request, 'authorization').replace(';x-amz-region-set', '')
    expect(await refused(withHeader(request, 'authorization', unsigned))).toBe('unsigned_header')
  })

  it.each([
    ['a longer form of an integer', (der: string) => lengthen(der)],
    ['bytes behind it', (der: string) => `${der}00`],
    ['a wrong length', (der: string) => der.replace(/^30../, '3001')],
    ['a long form of the length', (der: string) => `3081${der.slice(2)}`],
    ['zeros', () => '3006020100020100'],
  ])('refuses a signature whose DER has %s', async (_what, change) => {
    const request = signed({}, SIGV4A)
    const authorization = headerOf(request, 'authorization')
    const der = /Signature=(.*)$/.exec(authorization)?.[1] ?? ''
    const changed = authorization.replace(der, change(der))
    expect(changed).not.toBe(authorization)
    // One that became longer than any is not even read.
    expect(await refused(withHeader(request, 'authorization', changed))).toMatch(
      /^(bad_signature|malformed_authorization)$/,
    )
  })

  it('takes chunks signed by the same algorithm, not by the other', async () => {
    const headers = ['x-amz-decoded-content-length', '5']
    const body = Buffer.from('x')
    const own = 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD'
    const { payload, bodySignatures } = await accept(
      received(signed({ headers, body }, { ...SIGV4A, payloadHash: own })),
    )
    expect(payload).toMatchObject({ kind: 'signed-chunks', form: own })
    expect(bodySignatures).toBeDefined()
    const other = signed({ headers, body }, { ...SIGV4A, payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' })
    expect(await refused(other)).toBe('unsupported_signature')
  })
})

/** The same number with a zero byte before it. */
function lengthen(der: string): string {
  const total = parseInt(der.slice(2, 4), 16) + 1
  const rLength = parseInt(der.slice(6, 8), 16)
  const hex = (value: number): string => value.toString(16).padStart(2, '0')
  return `30${hex(total)}02${hex(rLength + 1)}00${der.slice(8)}`
}
