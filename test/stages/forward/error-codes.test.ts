import { deflateSync, gzipSync } from 'node:zlib'
import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { errorCodesIn } from '../../../proxy/stages/forward/error-codes.ts'
import { errorIn, type Dialect } from '../../support/retry-upstream.ts'

describe('errorCodesIn', () => {
  it.each<Dialect>(['json', 'rest-json', 'query', 'ec2', 's3', 's3-late', 'rest-xml', 'cbor'])(
    'finds the code of an error in %s',
    (dialect) => {
      const { headers, body } = errorIn(dialect, 400, 'ThrottlingException')
      expect(errorCodesIn(headers, Buffer.from(body))).toEqual(['ThrottlingException'])
    },
  )

  it.each<Dialect>(['json', 'query', 'ec2', 's3', 'cbor'])(
    'finds it in a compressed body of %s',
    (dialect) => {
      const { headers, body } = errorIn(dialect, 400, 'ThrottlingException')
      const gzip = gzipSync(body)
      for (const [coding, bytes] of [
        ['gzip', gzip],
        ['GZIP', gzip],
        ['deflate', deflateSync(body)],
      ] as const)
        expect(errorCodesIn({ ...headers, 'content-encoding': coding }, bytes)).toEqual([
          'ThrottlingException',
        ])
    },
  )

  it('finds it in the beginning of a compressed body, and nothing in one that is broken or too large', () => {
    const { headers, body } = errorIn('json', 400, 'ThrottlingException')
    const compressed = { ...headers, 'content-encoding': 'gzip' }
    const long = `${String(body).slice(0, -1)},"more":"${Buffer.alloc(50_000, 'x').toString()}`
    const whole = gzipSync(long)
    expect(errorCodesIn(compressed, whole.subarray(0, whole.length - 20))).toEqual(['ThrottlingException'])
    expect(errorCodesIn(compressed, Buffer.from(body))).toEqual([])
    expect(errorCodesIn(compressed, gzipSync(`${String(body)}${' '.repeat(2 ** 21)}`))).toEqual([])
  })

  it.each<[string, Record<string, string>, string | Buffer, readonly string[]]>([
    ['nothing', {}, '', []],
    ['a body that is no document', {}, 'Service Unavailable', []],
    ['a member that is no text', {}, '{"__type":7,"code":{"code":"Throttling"}}', []],
    [
      'no nested member',
      {},
      '{"details":{"code":"Throttling"},"__type":"a.b#ValidationException"}',
      ['ValidationException'],
    ],
    ['no quoted member', {}, '{"message":"\\"code\\":\\"Throttling\\"","code":"Final"}', ['Final']],
    ['a capital', {}, '{"Code":"Throttling","Message":"m"}', ['Throttling']],
    ['a body that is cut off', {}, '{"__type":"a.b#SlowDown","message":"and so o', ['SlowDown']],
    ['spaces around it', {}, '\n<Error>\n <Code>\n SlowDown\n </Code>', ['SlowDown']],
    ['markup in place of a code', {}, '<Error><Code><b/></Code></Error>', []],
    [
      'both codes of a service that was Query',
      { 'x-amzn-query-error': 'AWS.Old.Throttled;Sender' },
      '{"__type":"a#New"}',
      ['New', 'AWS.Old.Throttled'],
    ],
    [
      'a header before the body',
      { 'x-amzn-errortype': 'a#FromHeader,b' },
      '{"code":"FromBody"}',
      ['FromHeader', 'FromBody'],
    ],
    [
      'CBOR that is cut off',
      { 'content-type': 'application/cbor' },
      Buffer.from(encode({ __type: 'a#Throttling' })).subarray(0, 9),
      [],
    ],
  ])('finds in %s what a client finds', (_name, headers, body, codes) => {
    expect(errorCodesIn(headers, Buffer.from(body))).toEqual(codes)
  })
})
