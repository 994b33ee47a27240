/** Spellings by which a call could pass for a milder or narrower one, or for one of another protocol. */
import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { classified, dynamodb, form, json, rest, s3, type Sample } from '../aws/requests.ts'

const HERE = 'us-east-1:111122223333'
const FORM = 'application/x-www-form-urlencoded'

describe('a body that is declared as what another protocol reads', () => {
  const hidden = '&Action=PurgeQueue&Version=2012-11-05&QueueUrl=https://queue/111122223333/other&x='
  it.each<[string, Sample]>([
    [
      'a form, with a target for JSON',
      {
        scope: 'sqs',
        headers: ['x-amz-target', 'AmazonSQS.ReceiveMessage', 'content-type', FORM],
        body: JSON.stringify({ QueueUrl: 'https://queue/111122223333/own', x: hidden }),
      },
    ],
    [
      'CBOR, with a target for JSON',
      {
        scope: 'monitoring',
        headers: [
          'x-amz-target',
          'GraniteServiceVersion20100801.ListMetrics',
          'content-type',
          'application/cbor',
        ],
        body: '{}',
      },
    ],
    [
      'a form, with a path for CBOR',
      {
        scope: 'monitoring',
        target: '/service/GraniteServiceVersion20100801/operation/ListMetrics',
        headers: ['smithy-protocol', 'rpc-v2-cbor', 'content-type', FORM],
        body: Buffer.from(encode({})),
      },
    ],
  ])('is unknown: %s', async (_, sample) => {
    expect((await classified(sample)).class).toBe('unknown')
  })
})

describe('a resource that the service may read as another one', () => {
  it.each<[string, Sample]>([
    ['half a surrogate pair', dynamodb('DeleteTable', '{"TableName":"own\\ud800"}')],
    ['a name longer than any ARN', dynamodb('DeleteTable', { TableName: 'o'.repeat(3000) })],
    ['a Lambda name with its type', rest('lambda', 'DELETE', '/2015-03-31/functions/function%3Aother')],
    ['a Lambda name with an account', rest('lambda', 'DELETE', '/2015-03-31/functions/444455556666%3Aother')],
    ['a Lambda name with a region', rest('lambda', 'DELETE', '/2015-03-31/functions/eu-west-1%3Aother')],
    ['a queue by path alone', json('AmazonSQS.DeleteQueue', { QueueUrl: '/444455556666/own' }, 'sqs')],
    [
      'a key by the ARN of an alias',
      json('TrentService.ScheduleKeyDeletion', { KeyId: `arn:aws:kms:${HERE}:alias/own` }, 'kms'),
    ],
    [
      'an ECS service whose ARN names no cluster, in another cluster',
      json(
        'AmazonEC2ContainerServiceV20141113.DeleteService',
        { cluster: 'other', service: `arn:aws:ecs:${HERE}:service/own` },
        'ecs',
      ),
    ],
    ['an S3 key with a bare plus sign', s3('DELETE', '/own/a+b')],
    ['an S3 copy source with a bare plus sign', s3('PUT', '/own/a', '', ['x-amz-copy-source', 'own/a+b'])],
    ['an S3 copy source with a ? in its key', s3('PUT', '/own/a', '', ['x-amz-copy-source', 'own/a?b'])],
  ])('touches *: %s', async (_, sample) => {
    const call = await classified(sample)
    expect(call.operation).not.toBeNull()
    expect(call.resources).toContain('*')
  })

  it('is unknown with dot segments behind an encoded slash', async () => {
    const call = await classified(rest('lambda', 'DELETE', '/2015-03-31/functions/own%2F..%2Fother'))
    expect(call.class).toBe('unknown')
  })

  it('is named where its ARN says what the other members say', async () => {
    const service = `arn:aws:ecs:${HERE}:service/own/web`
    const target = 'AmazonEC2ContainerServiceV20141113.DeleteService'
    expect((await classified(json(target, { cluster: 'own', service }, 'ecs'))).resources).toEqual([service])
    const source = ['x-amz-copy-source', '/own/a%2Bb?versionId=1']
    expect((await classified(s3('PUT', '/own/a', '', source))).resources).toEqual([
      'arn:aws:s3:::own/a',
      'arn:aws:s3:::own/a+b',
    ])
  })
})

describe('a value that the service may read as a graver one', () => {
  const modify = (value: string) =>
    form(
      'rds',
      `Action=ModifyDBInstance&Version=2014-10-31&DBInstanceIdentifier=d&DeletionProtection=${value}`,
    )

  it.each(['1', 'TRUE', 'true%20', '%20true'])('takes %s for false where false is graver', async (value) => {
    expect((await classified(modify(value))).classes).toContain('protection')
    expect((await classified(modify('true'))).classes).not.toContain('protection')
  })

  it.each([0.4, '0x0', null])('takes a desired count of %s for 0', async (desiredCount) => {
    const call = await classified(
      json('AmazonEC2ContainerServiceV20141113.UpdateService', { service: 's', desiredCount }, 'ecs'),
    )
    expect(call.classes).toContain('destructive')
  })

  it('takes a condition that is null for none', async () => {
    const put = (more: object) => classified(dynamodb('PutItem', { TableName: 't', Item: {}, ...more }))
    expect((await put({ ConditionExpression: null })).traits).toContain('may-overwrite')
    expect((await put({ ConditionExpression: 'attribute_not_exists(k)' })).traits).not.toContain(
      'may-overwrite',
    )
  })

  it.each([
    ['monitoring', 'DeleteAlarms&Version=2010-08-01&AlarmNames.Member.1=a&AlarmNames.Member.2=b'],
    [
      'redshift',
      'BatchDeleteClusterSnapshots&Version=2012-12-01&Identifiers.member.1.SnapshotIdentifier=a&Identifiers.member.2.SnapshotIdentifier=b',
    ],
  ])('counts the items of a list that is spelled in another way: %s', async (scope, parameters) => {
    expect((await classified(form(scope, `Action=${parameters}`))).count).toBe(2)
  })
})
