import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { parseAuthorization } from '../../proxy/sigv4/authorization.ts'

const HEX = '0123456789abcdef'.repeat(4)
const GOOD = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=${HEX}`

function parse(values: readonly string[], query = '') {
  return parseAuthorization(new HeaderFields(values.flatMap((value) => ['Authorization', value])), query)
}

function denial(values: readonly string[], query = ''): Denial | undefined {
  try {
    parse(values, query)
    return undefined
  } catch (error) {
    if (error instanceof Denial) return error
    throw error
  }
}

describe('parseAuthorization', () => {
  it('reads credential, scope, signed headers and signature', () => {
    expect(parse([GOOD])).toEqual({
      algorithm: 'AWS4-HMAC-SHA256',
      accessKeyId: 'AKIDEXAMPLE',
      scope: { date: '20260304', region: 'us-east-1', service: 's3' },
      signedHeaders: ['host', 'x-amz-date'],
      signature: HEX,
      presigned: undefined,
    })
  })

  it('reads SigV4a, whose region set is a header', () => {
    const text = GOOD.replace('HMAC-SHA256', 'ECDSA-P256-SHA256')
      .replace('us-east-1/', '')
      .replace(HEX, HEX + HEX)
    const fields = ['Authorization', text, 'X-Amz-Region-Set', 'us-east-1,eu-*']
    expect(parseAuthorization(new HeaderFields(fields), '')).toEqual({
      algorithm: 'AWS4-ECDSA-P256-SHA256',
      accessKeyId: 'AKIDEXAMPLE',
      scope: { date: '20260304', region: 'us-east-1,eu-*', service: 's3' },
      signedHeaders: ['host', 'x-amz-date'],
      signature: HEX + HEX,
      presigned: undefined,
    })
    expect(denial([text])?.reason).toBe('malformed_authorization')
    expect(denial([GOOD.replace('HMAC-SHA256', 'ECDSA-P256-SHA256')])?.reason).toBe('malformed_authorization')
  })

  it('tells a browser form what to do instead', () => {
    const fields = new HeaderFields(['Content-Type', 'multipart/form-data; boundary=b'])
    expect(() => parseAuthorization(fields, '')).toThrow(/presigned URL for PUT/)
  })

  it('takes commas without a blank, and a service name with upper case', () => {
    const text = GOOD.replaceAll(', ', ',').replace('/s3/', '/IoTSecuredTunneling/')
    expect(parse([text]).scope.service).toBe('IoTSecuredTunneling')
  })

  it.each([
    ['no Credential', GOOD.replace(/Credential=[^,]+, /, '')],
    ['no SignedHeaders', GOOD.replace(/SignedHeaders=[^,]+, /, '')],
    ['no Signature', GOOD.replace(/, Signature=.*/, '')],
    ['a part twice', `${GOOD}, Signature=${HEX}`],
    ['an unknown part', `${GOOD}, Extra=1`],
    ['an upper-case signature', GOOD.replace(HEX, HEX.toUpperCase())],
    ['a short signature', GOOD.slice(0, -1)],
    ['a long signature', `${GOOD}0`],
    ['unsorted names', GOOD.replace('host;x-amz-date', 'x-amz-date;host')],
    ['a name twice', GOOD.replace('host;x-amz-date', 'host;host')],
    ['an empty name', GOOD.replace('host;x-amz-date', 'host;;x-amz-date')],
    ['an upper-case name', GOOD.replace('host;', 'Host;')],
    ['another terminator', GOOD.replace('aws4_request', 'aws5_request')],
    ['a short scope', GOOD.replace('/s3/', '/')],
    ['a long scope', GOOD.replace('/s3/', '/s3/x/')],
    ['a region with a dot', GOOD.replace('us-east-1', 'us.east')],
    ['a region with upper case', GOOD.replace('us-east-1', 'US-EAST-1')],
    ['a service with an at sign', GOOD.replace('/s3/', '/s3@x/')],
    ['a short date', GOOD.replace('20260304', '2026034')],
    ['a key id with a blank', GOOD.replace('AKID', 'AK ID')],
    ['a line break', `${GOOD}\n`],
    ['the algorithm alone', 'AWS4-HMAC-SHA256'],
  ])('refuses %s as malformed_authorization', (_what, text) => {
    expect(denial([text])?.reason).toBe('malformed_authorization')
  })

  it('refuses two Authorization headers', () => {
    expect(denial([GOOD, GOOD])?.reason).toBe('malformed_request')
  })

  it('refuses a request without any credential as missing_credential', () => {
    expect(denial([])?.reason).toBe('missing_credential')
    expect(denial([], 'list-type=2&Signature=1')?.reason).toBe('missing_credential')
  })

  it('refuses SigV2 in the query as unsupported_signature', () => {
    expect(denial([], 'AWSAccessKeyId=AKIDEXAMPLE&Signature=0&Expires=1')).toMatchObject({
      reason: 'unsupported_signature',
      message: expect.stringContaining('signature_version'),
    })
  })

  it.each([
    ['presigned', 'a=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0'],
    ['presigned in other case', 'x-amz-signature=0'],
    ['presigned with encoded names', 'X%2DAmz%2dSignature=0'],
    ['SigV2 presigned', 'AWSAccessKeyId=AKIDEXAMPLE&Signature=0&Expires=1'],
  ])('refuses %s beside the header as malformed', (_what, query) => {
    expect(denial([GOOD], query)?.reason).toBe('malformed_authorization')
  })

  it('refuses a session token in the query beside a signed header', () => {
    expect(denial([GOOD], 'X-Amz-Security-Token=abc')?.reason).toBe('malformed_authorization')
  })

  it.each([
    ['SigV2', 'AWS AKIDEXAMPLE:c2ln'],
    ['Bearer', 'Bearer abc'],
    ['scheme', 'Basic abc'],
    ['scheme', ''],
  ])('refuses the scheme of %s as unsupported_signature', (words, text) => {
    expect(denial([text])).toMatchObject({
      reason: 'unsupported_signature',
      message: expect.stringContaining(words),
    })
  })

  it('never repeats the signature in a refusal', () => {
    expect(denial([`${GOOD}, Extra=1`])?.message).not.toContain(HEX)
  })
})
