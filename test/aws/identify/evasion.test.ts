/** A call must not look milder than it is, whatever is added, doubled, reordered or respelled. */
import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { severest } from '../../../proxy/core/action-class.ts'
import { classified, dynamodb, ec2, form, json, s3, type Sample } from '../requests.ts'

async function reasonOf(sample: Sample): Promise<string | undefined> {
  const call = await classified(sample)
  expect(call.class).toBe('unknown')
  expect(call.resources).toEqual(['*'])
  return call.reason
}

const TARGET = ['X-Amz-Target', 'DynamoDB_20120810.GetItem']

describe('evasion: two indicators', () => {
  it.each<[string, Sample]>([
    [
      'a target twice',
      {
        scope: 'dynamodb',
        headers: [...TARGET, 'x-amz-target', 'DynamoDB_20120810.DeleteTable'],
        body: '{}',
      },
    ],
    [
      'a target and a Smithy protocol',
      { scope: 'monitoring', headers: [...TARGET, 'smithy-protocol', 'rpc-v2-cbor'] },
    ],
    [
      'a target and an Action',
      { scope: 'dynamodb', target: '/?Action=DeleteTable', headers: TARGET, body: '{}' },
    ],
    ['a target and a path', { scope: 'dynamodb', target: '/x', headers: TARGET, body: '{}' }],
    ['a target by GET', { scope: 'dynamodb', method: 'GET', headers: TARGET }],
    ['a target for S3', { ...s3('DELETE', '/bucket'), headers: TARGET }],
    ['a target for EC2', { ...ec2('Action=DescribeInstances'), headers: TARGET }],
    ['a method override', { ...s3('GET', '/bucket/key'), headers: ['X-HTTP-Method-Override', 'DELETE'] }],
    [
      'Action in query and body',
      { ...ec2('Action=DescribeInstances'), target: '/?Action=TerminateInstances' },
    ],
    [
      'two queues',
      { ...form('sqs', 'Action=PurgeQueue&Version=2012-11-05&QueueUrl=http://h/1/mine'), target: '/1/yours' },
    ],
    ['Action twice', ec2('Action=DescribeInstances&Action=TerminateInstances')],
    ['Action twice in two cases', ec2('Action=DescribeInstances&action=TerminateInstances')],
    ['Action twice, once encoded', ec2('Action=DescribeInstances&%41ction=TerminateInstances')],
    ['Version twice', ec2('Action=DescribeInstances&Version=2016-11-15')],
    [
      'a form in another charset',
      {
        scope: 'ec2',
        headers: ['content-type', 'application/x-www-form-urlencoded; charset=utf-16'],
        body: 'Action=DescribeInstances&Version=2016-11-15',
      },
    ],
    [
      'a form that calls itself JSON',
      {
        scope: 'ec2',
        headers: ['content-type', 'application/json'],
        body: 'Action=DescribeInstances&Version=2016-11-15',
      },
    ],
  ])('refuses %s', async (_, sample) => {
    expect(await reasonOf(sample)).toBeTypeOf('string')
  })
})

describe('evasion: members given twice', () => {
  it.each<[string, Sample]>([
    ['JSON', dynamodb('DeleteTable', '{"TableName":"mine","TableName":"yours"}')],
    ['JSON, once escaped', dynamodb('DeleteTable', '{"TableName":"mine","Table\\u004eame":"yours"}')],
    [
      'JSON, nested',
      dynamodb('BatchWriteItem', '{"RequestItems":{"t":[{"PutRequest":{},"PutRequest":{}}]}}'),
    ],
    [
      'JSON with quotes and colons in strings',
      dynamodb('PutItem', '{"TableName":"a\\":\\"b","TableName":"\\\\"}'),
    ],
    ['JSON with a prototype', dynamodb('DeleteTable', '{"__proto__":{},"__proto__":{}}')],
    [
      'CBOR',
      {
        scope: 'monitoring',
        target: '/service/GraniteServiceVersion20100801/operation/DeleteAlarms',
        headers: ['smithy-protocol', 'rpc-v2-cbor'],
        body: Buffer.concat([Buffer.from([0xa2]), encode('a'), encode(1), encode('a'), encode(2)]),
      },
    ],
    ['a form parameter', ec2('Action=TerminateInstances&InstanceId.1=a&InstanceId.1=b')],
    ['a form value and a form list', ec2('Action=TerminateInstances&InstanceId=a&InstanceId.1=b')],
    ['a form list with names', ec2('Action=TerminateInstances&InstanceId.1=a&InstanceId.x=b')],
    [
      'a form map',
      form(
        'sns',
        'Action=CreateTopic&Version=2010-03-31&Name=t&Attributes.entry.1.key=A&Attributes.entry.1.value=1&Attributes.entry.2.key=A&Attributes.entry.2.value=2',
      ),
    ],
    [
      'a form map that SNS spells in its own way',
      form(
        'sns',
        'Action=Publish&Version=2010-03-31&TopicArn=t&Message=m&MessageAttributes.entry.1.Name=A&MessageAttributes.entry.2.Name=A',
      ),
    ],
    [
      'a form map that spells a key in both ways',
      form(
        'sns',
        'Action=Publish&Version=2010-03-31&TopicArn=t&Message=m&MessageAttributes.entry.1.Name=A&MessageAttributes.entry.1.key=B',
      ),
    ],
  ])('refuses a duplicate in %s', async (_, sample) => {
    expect(await reasonOf(sample)).toBe('malformed_request')
  })
})

const versioning = (xml: string) => s3('PUT', '/bucket?versioning', xml)

describe('evasion: bodies that two parsers read in two ways', () => {
  it.each<[string, Sample]>([
    [
      'invalid UTF-8',
      { ...dynamodb('DeleteTable', ''), body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) },
    ],
    ['a byte order mark', dynamodb('DeleteTable', '\uFEFF{}')],
    ['a second document', dynamodb('DeleteTable', '{}{}')],
    [
      'another charset',
      {
        scope: 'dynamodb',
        headers: [...TARGET, 'content-type', 'application/json; charset=ibm500'],
        body: '{}',
      },
    ],
    ['very deep JSON', dynamodb('PutItem', `{"Item":${'['.repeat(500)}${']'.repeat(500)}}`)],
    ['very deep parameters', ec2(`Action=DescribeInstances&${'a.'.repeat(60)}a=1`)],
    ['a document type', versioning('<!DOCTYPE a><VersioningConfiguration/>')],
    ['an entity', versioning('<VersioningConfiguration><Status>&a;</Status></VersioningConfiguration>')],
    [
      'CDATA',
      versioning('<VersioningConfiguration><Status><![CDATA[Suspended]]></Status></VersioningConfiguration>'),
    ],
    [
      'a comment',
      versioning('<VersioningConfiguration><Status>Sus<!-- -->pended</Status></VersioningConfiguration>'),
    ],
    ['a namespace prefix', versioning('<x:VersioningConfiguration xmlns:x="y"/>')],
    [
      'tags that do not match',
      versioning('<VersioningConfiguration><Status>Suspended</VersioningConfiguration>'),
    ],
    ['two roots', versioning('<VersioningConfiguration/><VersioningConfiguration/>')],
    ['text beside elements', versioning('<VersioningConfiguration>x<Status/></VersioningConfiguration>')],
  ])('refuses %s', async (_, sample) => {
    expect(await reasonOf(sample)).toBe('malformed_request')
  })
})

describe('evasion: respelling a grave parameter', () => {
  it.each<[string, Sample, string]>([
    [
      'an escaped member name',
      dynamodb('UpdateTable', '{"TableName":"t","\\u0044eletionProtectionEnabled":false}'),
      'protection',
    ],
    [
      'another case',
      dynamodb('UpdateTable', { TableName: 't', deletionprotectionenabled: false }),
      'protection',
    ],
    [
      'a string for a boolean',
      dynamodb('UpdateTable', { TableName: 't', DeletionProtectionEnabled: 'False' }),
      'protection',
    ],
    [
      'a number for a boolean',
      dynamodb('UpdateTable', { TableName: 't', DeletionProtectionEnabled: 0 }),
      'protection',
    ],
    [
      'null for a boolean',
      dynamodb('UpdateTable', { TableName: 't', DeletionProtectionEnabled: null }),
      'protection',
    ],
    [
      'a string for zero',
      json('AmazonEC2ContainerServiceV20141113.UpdateService', { desiredCount: '0.0' }, 'ecs'),
      'destructive',
    ],
    [
      'a character reference',
      s3(
        'PUT',
        '/bucket?versioning',
        '<VersioningConfiguration><Status>&#83;uspended</Status></VersioningConfiguration>',
      ),
      'protection',
    ],
    [
      'a second element',
      s3(
        'PUT',
        '/bucket?versioning',
        '<VersioningConfiguration><Status>Enabled</Status><Status>Suspended</Status></VersioningConfiguration>',
      ),
      'protection',
    ],
    [
      'another case in a form',
      ec2('Action=ModifyInstanceAttribute&InstanceId=i&disableapitermination.value=FALSE'),
      'protection',
    ],
    [
      'an encoded form key',
      ec2('Action=ModifyInstanceAttribute&InstanceId=i&%44isableApiTermination.Value=false'),
      'protection',
    ],
    [
      'a second delete among puts',
      dynamodb('BatchWriteItem', { RequestItems: { t: [{ PutRequest: {}, DeleteRequest: {} }] } }),
      'data-delete',
    ],
    ['an encoded key in the query', s3('DELETE', '/bucket/key?version%49d=v'), 'destructive'],
  ])('sees through %s', async (_, sample, expected) => {
    expect((await classified(sample)).classes).toContain(expected)
  })

  it('sees through an escaped name that an earlier call had a decoy for', async () => {
    await classified(dynamodb('UpdateTable', '{"TableClass":"c","\\\\u0044eletionProtectionEn":false}'))
    const body = '{"TableClass":"c","\\u0044eletionProtectionEnabled":false}'
    const { classes } = await classified(dynamodb('UpdateTable', body))
    expect(severest([...classes, 'protection'])).toBe(severest(classes))
  })

  it('never gets milder by a parameter that is added', async () => {
    const body = { TableName: 't', DeletionProtectionEnabled: false }
    const grave = await classified(dynamodb('UpdateTable', body))
    for (const more of [{ BillingMode: 'PROVISIONED' }, { ReplicaUpdates: [{ Delete: {} }] }, { X: 1 }]) {
      const call = await classified(dynamodb('UpdateTable', { ...more, ...body }))
      expect(call.classes).toEqual(expect.arrayContaining([...grave.classes]))
      expect(severest([call.class, grave.class])).toBe(call.class)
    }
  })
})
