import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { canonicalPath, canonicalQuery, canonicalRequest } from '../../proxy/sigv4/canonical-request.ts'
import { isS3Family } from '../../proxy/core/s3-family.ts'

/** The bytes of each segment. */
function decoded(path: string): string[] {
  return path
    .split('/')
    .map((s) => s.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))))
}

describe('canonicalPath', () => {
  it.each([
    ['/', '/'],
    ['/bucket/key', '/bucket/key'],
    ['/b//key', '/b//key'],
    ['/b/../key/./', '/b/../key/./'],
    ['/b/a%2Fb', '/b/a%2Fb'],
    ['/b/a%2fb', '/b/a%2Fb'],
    ['/b/%41', '/b/A'],
    ['/b/%2541', '/b/%2541'],
    ['/b/100%', '/b/100%25'],
    ['/b/a+b', '/b/a%2Bb'],
    ["/b/!'()*", '/b/%21%27%28%29%2A'],
    ['/b/%c3%a9', '/b/%C3%A9'],
  ])('keeps the S3 path %s and encodes it once: %s', (path, canonical) => {
    expect(canonicalPath(path, true)).toBe(canonical)
  })

  it.each([
    ['/', '/'],
    ['//', '/'],
    ['/./', '/'],
    ['/a/..', '/'],
    ['/../..', '/'],
    ['/a//b/./c/../d/', '/a/b/d/'],
    ['/.hidden/..x', '/.hidden/..x'],
    ['/a%20b', '/a%2520b'],
    ['/arn%3Aaws%3As3', '/arn%253Aaws%253As3'],
    ['/arn:aws', '/arn%3Aaws'],
    ['/%2e%2e/a', '/%252e%252e/a'],
  ])('normalises the path %s of other services and encodes it again: %s', (path, canonical) => {
    expect(canonicalPath(path, false)).toBe(canonical)
  })

  it('tells two S3 paths apart unless they decode to the same bytes', () => {
    const char = fc.constantFrom('a', '/', '.', '+', '~', '%2F', '%41', 'A', '%2B', '%25', '%C3%A9', '%c3')
    const path = fc.array(char, { maxLength: 6 }).map((chars) => `/${chars.join('')}`)
    fc.assert(
      fc.property(path, path, (a, b) => {
        const same = JSON.stringify(decoded(a)) === JSON.stringify(decoded(b))
        expect(canonicalPath(a, true) === canonicalPath(b, true)).toBe(same)
      }),
    )
  })
})

describe('canonicalQuery', () => {
  it.each([
    ['', ''],
    ['acl', 'acl='],
    ['acl=', 'acl='],
    ['b=2&a=1', 'a=1&b=2'],
    ['a=2&a=1', 'a=1&a=2'],
    ['a=1=2', 'a=1%3D2'],
    ['a=b+c', 'a=b%2Bc'],
    ['prefix=a/b', 'prefix=a%2Fb'],
    ['k=%7e', 'k=~'],
    ['a-b=1&a=2', 'a=2&a-b=1'],
    ['B=1&a=2', 'B=1&a=2'],
    ['a=1&&b=2', '=&a=1&b=2'],
  ])('makes %s into %s', (query, canonical) => {
    expect(canonicalQuery(query)).toBe(canonical)
  })
})

describe('canonicalRequest', () => {
  it('joins repeated values in order, trims them and collapses blanks', () => {
    const headers = new HeaderFields(['Host', ' h ', 'My', 'b  c', 'Other', 'x', 'my', '\ta\r\n  b '])
    const request = { method: 'GET', path: '/', query: '', headers }
    expect(canonicalRequest(request, 'sqs', ['host', 'my'], 'HASH')).toBe(
      'GET\n/\n\nhost:h\nmy:b c,a b\n\nhost;my\nHASH',
    )
  })

  it('takes the four S3 signing names as one family', () => {
    expect(['s3', 's3express', 's3-object-lambda', 's3-outposts'].every(isS3Family)).toBe(true)
    expect(isS3Family('s3tables')).toBe(false)
  })
})
