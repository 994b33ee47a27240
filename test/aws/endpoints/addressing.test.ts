import { describe, expect, it } from 'vitest'
import { addressing, checkHostPrefix } from '../../../proxy/aws/endpoints/addressing.ts'
import { unknownCall } from '../../../proxy/aws/classify/classify-call.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'
import { HeaderFields } from '../../../proxy/core/http/headers.ts'

const OWN = addressing({ hosts: ['moderato.internal', 's3.moderato.internal', 'proxy'] })

interface Given {
  readonly service?: string
  readonly region?: string
  readonly path?: string
  readonly headers?: readonly string[]
}

/** `path`, or `hostPrefix path`; a denial by its reason. */
function read(
  host: string,
  { service = 's3', region = 'us-east-1', path = '/key', headers = [] }: Given = {},
) {
  const head = { method: 'GET', path, query: '', headers: new HeaderFields(['Host', host, ...headers]) }
  try {
    const addressed = OWN(head, { date: '20260101', region, service })
    return `${addressed.hostPrefix} ${addressed.path}`.trim()
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}

function wordsOf(host: string, given: Given = {}): string {
  const { service = 's3', region = 'us-east-1', path = '/key', headers = [] } = given
  const head = { method: 'GET', path, query: '', headers: new HeaderFields(['Host', host, ...headers]) }
  try {
    OWN(head, { date: '20260101', region, service })
    return ''
  } catch (error) {
    return error instanceof Denial ? error.message : String(error)
  }
}

describe('addressing: path style', () => {
  it.each([
    'localhost',
    'LOCALHOST:8080',
    'localhost.',
    'localhost.:8080',
    '127.0.0.1',
    '127.0.0.1:8080',
    '10.20.30.40:1',
    '[::1]',
    '[::1]:8080',
    '[2001:db8::192.0.2.1]:8080',
    'moderato.internal',
    'Moderato.Internal.:443',
    's3.moderato.internal',
    'proxy:8080',
  ])('is what %s alone says', (host) => {
    expect(read(host, { path: '/bucket/key' })).toBe('/bucket/key')
  })

  it('is what a name with one label says, listed or not: it has no room for a bucket', () => {
    expect(read('some-container:8080', { path: '/bucket/key' })).toBe('/bucket/key')
  })
})

describe('addressing: a bucket in the host', () => {
  it.each([
    ['bucket.localhost', '/key', '/bucket/key'],
    ['bucket.localhost:8080', '/', '/bucket/'],
    ['Bucket.LocalHost:8080', '/Key', '/bucket/Key'],
    ['bucket.localhost.:8080', '/key', '/bucket/key'],
    ['my.dotted.bucket.localhost', '/key', '/my.dotted.bucket/key'],
    ['bucket.127.0.0.1:8080', '/key', '/bucket/key'],
    ['123.127.0.0.1', '/key', '/123/key'],
    ['bucket.proxy', '/key', '/bucket/key'],
    ['bucket.moderato.internal', '/key', '/bucket/key'],
    ['my-ap-123456789012.localhost', '/key', '/my-ap-123456789012/key'],
    ['my-ap-abcdefgh1234567890-s3alias.localhost', '/key', '/my-ap-abcdefgh1234567890-s3alias/key'],
    ['mfzwi23gnjvgw.mrap.localhost', '/key', '/mfzwi23gnjvgw.mrap/key'],
  ])('%s %s is read as %s', (host, path, expected) => {
    expect(read(host, { path })).toBe(expected)
  })

  it.each([
    '//',
    '//key',
    '///a//b',
    '/../key',
    '/..',
    '/a/./b',
    '/%2e%2e/k',
    '/other/key',
    '/%00',
    '/a%2Fb',
    '/+',
  ])('leaves every byte of the path %s to the key', (path) => {
    expect(read('bucket.localhost', { path })).toBe(`/bucket${path}`)
  })

  it('takes the longest of our names', () => {
    // Not the bucket s3 at moderato.internal.
    expect(read('s3.moderato.internal', { path: '/b/k' })).toBe('/b/k')
    expect(read('b12.s3.moderato.internal')).toBe('/b12/key')
  })

  it.each([
    'ab.localhost',
    `${'x'.repeat(64)}.localhost`,
    'a_b_c.localhost',
    '-ab.localhost',
    'a.-b.localhost',
    'a-.b.localhost',
    '10.0.0.1.localhost',
    'bucket-localhost.internal.localhost-',
    'data-localhost',
    'bucket-127.0.0.1',
    'bucket-moderato.internal',
    // Would become a path of S3 Control.
    'v20180820.localhost',
  ])('refuses what is no bucket: %s', (host) => {
    expect(read(host)).toMatch(/^(?:endpoint_refused|malformed_request)$/)
  })

  it.each([
    'other.example',
    'bucket.other.example:8080',
    'notlocalhost.example',
    'moderato.internal.example',
  ])('refuses %s, a name that is not ours, in words that say what to do', (host) => {
    expect(read(host)).toBe('endpoint_refused')
    expect(wordsOf(host)).toContain('listen.hosts')
  })

  it('does not take the end of a longer name for ours', () => {
    expect(read('bucketlocalhost', { path: '/b/k' })).toBe('/b/k')
    expect(read('bucket.notmoderato.internal')).toBe('endpoint_refused')
  })
})

describe('addressing: what is no host', () => {
  it.each([
    '',
    ' ',
    ':8080',
    '.',
    'localhost:',
    'localhost:80:80',
    'localhost:808080',
    'localhost:8a',
    'user@localhost',
    'user:pass@localhost',
    'bucket.localhost/x',
    'bucket.localhost\\x',
    'bucket.localhost?x',
    'bucket.localhost#x',
    'bucket%2elocalhost',
    'buc ket.localhost',
    'bucket.localhost ',
    '\tlocalhost',
    'a, localhost',
    'a..localhost',
    '.localhost',
    'localhost..',
    'bücket.localhost',
    'bucket。localhost',
    '[::1',
    '::1',
    '[::1]x',
    'bucket.[::1]',
    `${'a'.repeat(63)}.`.repeat(5) + 'localhost',
  ])('refuses %j for every service', (host) => {
    for (const service of ['s3', 'dynamodb']) expect(read(host, { service })).toBe('malformed_request')
  })

  it('refuses two hosts, and none', () => {
    expect(read('localhost', { headers: ['host', 'localhost'] })).toBe('malformed_request')
    const head = { method: 'GET', path: '/', query: '', headers: new HeaderFields([]) }
    expect(() => OWN(head, { date: '', region: '', service: 's3' })).toThrow(Denial)
  })
})

describe('addressing: a prefix in the host', () => {
  const account = ['x-amz-account-id', '123456789012']

  it.each([
    ['data-localhost:8080', 'servicediscovery', '/', 'data- /'],
    ['data-127.0.0.1:8080', 'servicediscovery', '/', 'data- /'],
    ['Sync-moderato.internal', 'states', '/', 'sync- /'],
    ['cp.maps.localhost', 'geo', '/maps/v0/maps', 'cp.maps. /maps/v0/maps'],
    ['g-1234567890.localhost', 'neptune-graph', '/queries', 'g-1234567890. /queries'],
    ['io-r1.127.0.0.1:8080', 's3-object-lambda', '/WriteGetObjectResponse', 'io-r1. /WriteGetObjectResponse'],
    ['localhost', 'servicediscovery', '/', '/'],
    ['other.example', 'servicediscovery', '/', '/'],
    ['data-other.example', 'servicediscovery', '/', '/'],
  ])('%s signed for %s', (host, service, path, expected) => {
    expect(read(host, { service, path })).toBe(expected)
  })

  it('is the account for S3 Control, told by path and header together', () => {
    const control = { path: '/v20180820/accesspoint/ap', headers: account }
    expect(read('123456789012.localhost', control)).toBe('123456789012. /v20180820/accesspoint/ap')
    expect(read('123456789012.127.0.0.1', control)).toBe('123456789012. /v20180820/accesspoint/ap')
    expect(read('localhost', control)).toBe('/v20180820/accesspoint/ap')
    expect(read('bucket.localhost', { path: '/v20180820/x' })).toBe('/bucket/v20180820/x')
    expect(read('bucket.localhost', { path: '/x', headers: account })).toBe('/bucket/x')
  })

  it("has to be the operation's own", () => {
    const call = { ...unknownCall('json-1.1'), hostPrefix: 'data-' }
    const check =
      (hostPrefix: string, over: object = {}) =>
      () =>
        checkHostPrefix({ path: '/', hostPrefix }, { ...call, ...over })
    expect(check('')).not.toThrow()
    expect(check('data-')).not.toThrow()
    expect(check('g-1.', { hostPrefix: 'G-1.' })).not.toThrow()
    for (const prefix of ['data.', 'data', 'x-data-', 'query-'])
      expect(check(prefix)).toThrow(/its host prefix/)
    expect(check('data-', { hostPrefix: '' })).toThrow(/no host prefix/)
    expect(check('123456789012.', { hostPrefix: '210987654321.' })).toThrow(Denial)
  })
})

describe('addressing: names of AWS', () => {
  it.each([
    ['dynamodb.us-east-1.amazonaws.com', 'dynamodb', 'us-east-1', '/key'],
    ['dynamodb.cn-north-1.amazonaws.com.cn', 'dynamodb', 'cn-north-1', '/key'],
    ['iam.amazonaws.com', 'iam', 'us-east-1', '/key'],
    ['data-servicediscovery.eu-west-1.amazonaws.com', 'servicediscovery', 'eu-west-1', 'data- /key'],
    ['s3.eu-west-1.amazonaws.com', 's3', 'eu-west-1', '/key'],
    ['bucket.s3.eu-west-1.amazonaws.com:443', 's3', 'eu-west-1', '/bucket/key'],
    ['my.bucket.s3.eu-west-1.amazonaws.com', 's3', 'eu-west-1', '/my.bucket/key'],
    ['mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com', 's3', '*', '/mfzwi23gnjvgw.mrap/key'],
    [
      'mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com',
      's3',
      'us-east-1,us-west-2',
      '/mfzwi23gnjvgw.mrap/key',
    ],
    ['123456789012.cloudfront-kvs.global.api.aws', 'cloudfront-keyvaluestore', '*', '123456789012. /key'],
  ])('%s, signed for %s in %s, is read as ours', (host, service, region, expected) => {
    expect(read(host, { service, region })).toBe(expected)
  })

  it('are S3 Control by path and header', () => {
    const headers = ['x-amz-account-id', '123456789012']
    const host = '123456789012.s3-control.us-east-1.amazonaws.com'
    expect(read(host, { path: '/v20180820/accesspoint/ap', headers })).toBe(
      '123456789012. /v20180820/accesspoint/ap',
    )
  })

  it.each([
    ['dynamodb.us-east-1.amazonaws.com', 'dynamodb', 'eu-west-1'],
    ['dynamodb.us-east-1.amazonaws.com', 'sqs', 'us-east-1'],
    ['dynamodb.us-east-1.amazonaws.com', 's3', 'us-east-1'],
    ['bucket.s3.us-west-2.amazonaws.com', 's3', 'us-east-1'],
    ['s3.us-east-1.amazonaws.com.cn', 's3', 'us-east-1'],
    ['evil.amazonaws.com', 'dynamodb', 'us-east-1'],
    ['evildynamodb.us-east-1.amazonaws.com', 'dynamodb', 'us-east-1'],
    ['amazonaws.com', 'dynamodb', 'us-east-1'],
    ['x.lambda-url.us-east-1.on.aws', 'lambda', 'us-east-1'],
    ['anything.api.aws', 'nothing', 'us-east-1'],
    ['s3.*.amazonaws.com', 's3', '*'],
    ['dynamodb.us-east-1.amazonaws.com', 'dynamodb', '*'],
  ])('%s is refused where the request is signed for %s in %s', (host, service, region) => {
    expect(read(host, { service, region })).toMatch(/^(?:endpoint_refused|malformed_request)$/)
  })

  it('are told by their end alone', () => {
    expect(read('notamazonaws.com', { service: 'dynamodb' })).toBe('/key')
    expect(read('amazonaws.com.example', { service: 'dynamodb' })).toBe('/key')
  })
})

describe("addressing: S3's kin", () => {
  it.each([
    ['b--use1-az4--x-s3.localhost', 's3express', '/', /Directory buckets .* bypass Moderato/],
    ['b--use1-az4--x-s3.localhost', 's3express', '/key', /Directory buckets/],
    ['localhost', 's3express', '/b--use1-az4--x-s3', /Directory buckets/],
    ['my-op-123456789012.op-01234567890123456.localhost', 's3-outposts', '/key', /Outposts/],
    ['localhost', 's3-outposts', '/v20180820/bucket/b', /Outposts/],
    ['my-ol-123456789012.localhost', 's3-object-lambda', '/key', /Object Lambda/],
    ['localhost', 's3-object-lambda', '/bucket/key', /Object Lambda/],
  ])('refuses %s signed for %s at %s in words', (host, service, path, words) => {
    expect(wordsOf(host, { service, path })).toMatch(words)
    expect(wordsOf(host, { service, path, headers: ['x-amz-outpost-id', 'op-1'] })).toMatch(words)
  })

  it('refuses S3 Control of Outposts', () => {
    const given = {
      service: 's3-outposts',
      path: '/v20180820/x',
      headers: ['x-amz-account-id', '123456789012'],
    }
    expect(wordsOf('localhost', given)).toMatch(/Outposts/)
  })

  it('serves what has no bucket', () => {
    expect(read('localhost', { service: 's3express', path: '/' })).toBe('/')
    expect(read('localhost', { service: 's3-outposts', path: '/S3Outposts/ListEndpoints' })).toBe(
      '/S3Outposts/ListEndpoints',
    )
  })
})
