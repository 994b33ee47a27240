/** Bodies that would keep the process busy for seconds, or end it; each is refused before it is read whole. */
import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { MEMBER_LIMIT } from '../../proxy/aws/protocols/tree.ts'
import { classified, dynamodb, ec2, s3, type Sample } from '../aws/requests.ts'

const numbers = Array.from({ length: MEMBER_LIMIT + 1 }, (_, index) => index)

function metrics(body: Uint8Array): Sample {
  return {
    scope: 'monitoring',
    target: '/service/GraniteServiceVersion20100801/operation/PutMetricData',
    headers: ['smithy-protocol', 'rpc-v2-cbor', 'content-type', 'application/cbor'],
    body: Buffer.from(body),
  }
}

describe('a body of more members than any call has', () => {
  it.each<[string, Sample]>([
    [
      'JSON members',
      dynamodb('BatchWriteItem', `{"RequestItems":{${numbers.map((n) => `"${n}":1`).join()}}}`),
    ],
    ['JSON objects', dynamodb('BatchWriteItem', `{"RequestItems":[${numbers.map(() => '{}').join()}]}`)],
    ['CBOR items', metrics(encode({ a: Array.from({ length: 4 * MEMBER_LIMIT }, () => 0) }))],
    ['parameters', ec2(`Action=TerminateInstances&${numbers.map((n) => `InstanceId.${n}=i`).join('&')}`)],
    ['empty parameters', ec2(`Action=TerminateInstances${'&'.repeat(MEMBER_LIMIT + 1)}`)],
    [
      'parts of parameter names',
      ec2(
        `Action=TerminateInstances&${numbers
          .slice(0, 10_000)
          .map((n) => `${'a.'.repeat(20)}${n}=`)
          .join('&')}`,
      ),
    ],
    ['XML elements', s3('POST', '/bucket?delete', `<Delete>${'<a/>'.repeat(2 * MEMBER_LIMIT)}</Delete>`)],
  ])('is too large: %s', async (_, sample) => {
    expect((await classified(sample)).reason).toBe('body_too_large')
  })
})

describe('a body that exhausts a parser', () => {
  it.each<[string, Sample]>([
    ['JSON arrays in arrays', dynamodb('PutItem', '['.repeat(1_000_000))],
    ['CBOR arrays in arrays', metrics(Buffer.alloc(1_000_000, 0x81))],
    ['CBOR tags on tags', metrics(Buffer.alloc(1_000_000, 0xc1))],
    ['XML attributes', s3('POST', '/bucket?delete', `<Delete${' a=""'.repeat(1_000_000)}/>`)],
    [
      'XML references without an end',
      s3('POST', '/bucket?delete', `<Delete>${'&'.repeat(1_000_000)}</Delete>`),
    ],
  ])('is malformed: %s', async (_, sample) => {
    expect((await classified(sample)).reason).toBe('malformed_request')
  })
})

describe('a body that is large and well', () => {
  it.each<[string, Sample]>([
    [
      'colons and brackets in a string',
      dynamodb('PutItem', { TableName: 't', Item: { a: { S: ':[{"\\'.repeat(100_000) } } }),
    ],
    [
      'blanks in a condition',
      dynamodb('PutItem', {
        TableName: 't',
        Item: {},
        ConditionExpression: `attribute_not_exists(a) AND${' '.repeat(1_000_000)}b\nc`,
      }),
    ],
    ['one CBOR byte string', metrics(encode({ Namespace: new Uint8Array(1_000_000) }))],
    [
      '1,000 deletes',
      s3('POST', '/bucket?delete', `<Delete>${'<Object><Key>k&amp;</Key></Object>'.repeat(1000)}</Delete>`),
    ],
  ])('is read: %s', async (_, sample) => {
    expect((await classified(sample)).reason).toBeUndefined()
  })
})
