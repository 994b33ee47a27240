import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { parseQueryAuthorization, queryForm } from '../../proxy/sigv4/query-authorization.ts'

const SIGNATURE = 'ab'.repeat(32)
const PARTS: Readonly<Record<string, string>> = {
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Credential': 'AKIDDEMO%2F20260304%2Fus-east-1%2Fs3%2Faws4_request',
  'X-Amz-Date': '20260304T050607Z',
  'X-Amz-Expires': '300',
  'X-Amz-SignedHeaders': 'content-length%3Bhost',
  'X-Amz-Signature': SIGNATURE,
}

function query(changes: Readonly<Record<string, string | undefined>> = {}, ...more: string[]): string {
  const parts = Object.entries({ ...PARTS, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  )
  return [...parts, ...more].join('&')
}

function reason(text: string): string | undefined {
  try {
    parseQueryAuthorization(text)
    return undefined
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}

describe('queryForm', () => {
  it.each([
    ['', undefined],
    ['prefix=a&list-type=2', undefined],
    ['x-amz-acl=private', undefined],
    [query(), 'sigv4'],
    ['a=1&X%2DAmz%2DSignature=1', 'sigv4'],
    ['x-amz-signature', 'sigv4'],
    ['X-Amz-Security-Token=t', 'sigv4'],
    ['AWSAccessKeyId=A&Signature=b&Expires=1', 'sigv2'],
    ['AWS%41ccessKeyId=A', 'sigv2'],
  ])('takes %s for %s', (text, form) => {
    expect(queryForm(text)).toBe(form)
  })
})

describe('parseQueryAuthorization', () => {
  it('reads the credential, and parts the query', () => {
    const text = query({}, 'response-content-type=text%2Fplain', 'x-amz-acl=private', 'versionId=1')
    expect(parseQueryAuthorization(text)).toEqual({
      algorithm: 'AWS4-HMAC-SHA256',
      accessKeyId: 'AKIDDEMO',
      scope: { date: '20260304', region: 'us-east-1', service: 's3' },
      signedHeaders: ['content-length', 'host'],
      signature: SIGNATURE,
      presigned: {
        amzDate: '20260304T050607Z',
        expiresSeconds: 300,
        securityToken: undefined,
        query: 'response-content-type=text%2Fplain&x-amz-acl=private&versionId=1',
        serviceQuery: 'response-content-type=text%2Fplain&versionId=1',
        hoisted: ['x-amz-acl', 'private'],
      },
    })
  })

  it('reads SigV4a, whose region set is a parameter', () => {
    const { algorithm, scope } = parseQueryAuthorization(
      query({
        'X-Amz-Algorithm': 'AWS4-ECDSA-P256-SHA256',
        'X-Amz-Credential': 'AKIDDEMO%2F20260304%2Fs3%2Faws4_request',
        'X-Amz-Region-Set': 'us-east-1%2Ceu-%2A',
        'X-Amz-Signature': 'ab'.repeat(70),
      }),
    )
    expect(algorithm).toBe('AWS4-ECDSA-P256-SHA256')
    expect(scope).toEqual({ date: '20260304', region: 'us-east-1,eu-*', service: 's3' })
  })

  it.each(Object.keys(PARTS).filter((name) => name !== 'X-Amz-Date'))(
    'refuses a query without %s',
    (name) => {
      expect(reason(query({ [name]: undefined }, 'X-Amz-Date=1'))).toBe('malformed_authorization')
    },
  )

  it.each(Object.keys(PARTS))('refuses %s twice, in another spelling, and encoded', (name) => {
    const value = PARTS[name] ?? ''
    expect(reason(query({}, `${name}=${value}`))).toBe('malformed_authorization')
    expect(reason(query({}, `${name.toLowerCase()}=${value}`))).toBe('malformed_authorization')
    expect(reason(query({ [name]: undefined }, `${name.toLowerCase()}=${value}`))).toBe(
      'malformed_authorization',
    )
    expect(reason(query({}, `%58${name.slice(1)}=${value}`))).toBe('malformed_authorization')
  })

  it.each(['0', '604801', '-1', '1.5', '1e3', '', '0x10', '9999999', '+5', ' 5'])(
    'refuses to be good for %j s',
    (seconds) => {
      expect(reason(query({ 'X-Amz-Expires': encodeURIComponent(seconds) }))).toBe('malformed_authorization')
    },
  )

  it.each(['1', '604800'])('may be good for %s s', (seconds) => {
    expect(reason(query({ 'X-Amz-Expires': seconds }))).toBeUndefined()
  })

  it.each([
    ['another algorithm', { 'X-Amz-Algorithm': 'AWS4-HMAC-SHA1' }],
    ['a scope of five', { 'X-Amz-Credential': 'A%2F20260304%2Fr%2Fs3%2Fx%2Faws4_request' }],
    ['a scope with a slash in the key', { 'X-Amz-Credential': 'A%252F20260304%2Fr%2Fs3%2Faws4_request' }],
    ['names in upper case', { 'X-Amz-SignedHeaders': 'Host' }],
    ['names out of order', { 'X-Amz-SignedHeaders': 'host%3Baccept' }],
    ['a name twice', { 'X-Amz-SignedHeaders': 'host%3Bhost' }],
    ['a signature in upper case', { 'X-Amz-Signature': 'AB'.repeat(32) }],
    ['a short signature', { 'X-Amz-Signature': 'ab'.repeat(31) }],
    ['a region set', { 'X-Amz-Region-Set': '%2A' }],
  ])('refuses %s', (_what, changes) => {
    expect(reason(query(changes))).toBe('malformed_authorization')
  })

  it('refuses a header moved into the query twice, whatever its case', () => {
    expect(reason(query({}, 'x-amz-acl=private', 'X-Amz-Acl=public-read'))).toBe('malformed_authorization')
  })

  it.each(['%', '%zz', '%ff', '%c0%af'])('refuses the broken encoding %s', (text) => {
    expect(reason(query({ 'X-Amz-Expires': text }))).toBe('malformed_request')
    expect(reason(query({}, `${text}=1`))).toBe('malformed_request')
  })
})
