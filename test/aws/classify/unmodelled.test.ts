/** Rule S15: what the catalogue's models do not know is named, at every depth and in every protocol. */
import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { classified, dynamodb, ec2, form, json, rest, s3, type Sample } from '../requests.ts'

const cloudwatch = (body: unknown): Sample => ({
  scope: 'monitoring',
  target: '/service/GraniteServiceVersion20100801/operation/DeleteAlarms',
  headers: ['Smithy-Protocol', 'rpc-v2-cbor', 'Content-Type', 'application/cbor'],
  body: Buffer.from(encode(body)),
})
const versioning = (inside: string) =>
  s3('PUT', '/bucket?versioning', `<VersioningConfiguration>${inside}</VersioningConfiguration>`)
const zone = (inside: string): Sample => ({
  scope: 'route53',
  method: 'POST',
  target: '/2013-04-01/hostedzone/Z1/rrset',
  body: `<ChangeResourceRecordSetsRequest><ChangeBatch><Changes>${inside}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`,
})

describe('a parameter that the model lacks', () => {
  it.each<[string, Sample, string[]]>([
    ['at the top of JSON', dynamodb('DeleteTable', { TableName: 't', Force: true }), ['Force']],
    [
      'deep in JSON',
      dynamodb('UpdateTable', { TableName: 't', ReplicaUpdates: [{ Create: { RegionName: 'r', Wipe: 1 } }] }),
      ['ReplicaUpdates.Create.Wipe'],
    ],
    ['in another case', dynamodb('DeleteTable', { tableName: 't' }), ['tableName']],
    [
      'in the values of a map',
      dynamodb('PutItem', { TableName: 't', Item: { pk: { S: 'a', Q: 'b' } } }),
      ['Item.pk.Q'],
    ],
    ['below a single value', dynamodb('DeleteTable', { TableName: { inside: 't' } }), ['TableName']],
    ['where there are no parameters', json('AmazonSSM.GetInventorySchema', {}, 'ssm'), []],
    ['in CBOR', cloudwatch({ AlarmNames: ['a'], Force: true }), ['Force']],
    ['in XML', versioning('<Status>Enabled</Status><Wipe>true</Wipe>'), ['Wipe']],
    [
      'deep in XML',
      zone('<Change><Action>CREATE</Action><ResourceRecordSet><Purge>1</Purge></ResourceRecordSet></Change>'),
      ['ChangeBatch.Changes.Change.ResourceRecordSet.Purge'],
    ],
    ['in a form', form('iam', 'Action=DeleteRole&Version=2010-05-08&RoleName=r&Force=true'), ['Force']],
    [
      'deep in a form',
      ec2('Action=RunInstances&ImageId=a&NetworkInterface.1.Wipe=true'),
      ['NetworkInterface.Wipe'],
    ],
    ['in the query string', rest('lambda', 'DELETE', '/2015-03-31/functions/f?Force=true'), ['?Force']],
    ['in a header', s3('PUT', '/bucket/key', 'x', ['x-amz-wipe', 'true']), ['x-amz-wipe']],
    [
      'in a header of a call that takes none',
      json('DynamoDB_20120810.DeleteTable', { TableName: 't' }, 'dynamodb', 'x-amz-force', 'true'),
      ['x-amz-force'],
    ],
  ])('is named: %s', async (_what, sample, names) => {
    const call = await classified(sample)
    expect(call.operation).not.toBeNull()
    expect(call.unmodelled).toEqual(names)
    expect(call.traits.includes('unmodelled')).toBe(names.length > 0)
  })

  it.each<[string, string]>([
    ['a gap', 'InstanceId.1=i-1&InstanceId.3=i-3'],
    ['a leading zero', 'InstanceId.01=i-1'],
    ['a zero', 'InstanceId.0=i-1'],
    ['two spellings of an index', 'InstanceId.1=i-1&InstanceId.01=i-2'],
  ])('is one whose list has %s', async (_what, parameters) => {
    const { traits, operation } = await classified(ec2(`Action=TerminateInstances&${parameters}`))
    expect([operation, traits.includes('unmodelled')]).toEqual(['TerminateInstances', true])
  })

  it('is not one whose list is whole, in whatever order', async () => {
    const call = await classified(ec2('Action=TerminateInstances&InstanceId.2=i-2&InstanceId.1=i-1'))
    expect([call.unmodelled, call.count]).toEqual([[], 2])
  })

  it('is not what a model leaves open, nor what belongs to a protocol', async () => {
    const upload = rest('glacier', 'POST', '/-/vaults/v/archives')
    const versioned = await classified({ ...upload, headers: ['x-amz-glacier-version', '2012-06-01'] })
    expect([versioned.operation, versioned.unmodelled]).toEqual(['UploadArchive', []])
    const metadata = ['x-amz-meta-anything', '1', 'x-amz-checksum-crc32', 'AAAAAA==', 'x-amz-date', 'd']
    expect((await classified(s3('PUT', '/bucket/key', 'x', metadata))).unmodelled).toEqual([])
    const item = { TableName: 't', Item: { anything: { M: { deeper: { L: [{ NULL: true }] } } } } }
    expect((await classified(dynamodb('PutItem', item))).unmodelled).toEqual([])
    const queue = 'QueueUrl=https://sqs.us-east-1.amazonaws.com/111122223333/q'
    const sqs = `Action=SetQueueAttributes&Version=2012-11-05&${queue}&Attribute.1.Name=DelaySeconds&Attribute.1.Value=1`
    expect((await classified(form('sqs', sqs))).unmodelled).toEqual([])
  })

  it('is named at most ten times, and cut', async () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`${'x'.repeat(300)}${at}`, 1]))
    const { unmodelled } = await classified(dynamodb('DeleteTable', { TableName: 't', ...many }))
    expect(unmodelled).toHaveLength(10)
    expect(Math.max(...unmodelled.map((each) => each.length))).toBe(128)
  })
})
