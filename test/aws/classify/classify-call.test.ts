import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import type { ActionClass } from '../../../proxy/core/action-class.ts'
import { classified, dynamodb, ec2, form, json, rest, s3, type Sample } from '../requests.ts'

const KEY = { pk: { S: 'a' } }
const VERSION = { ecs: 'AmazonEC2ContainerServiceV20141113' }

function iam(parameters: string): Sample {
  return form('iam', `${parameters}&Version=2010-05-08`)
}

function sts(action: string): Sample {
  return form(
    'sts',
    `Action=${action}&Version=2011-06-15&RoleArn=arn:aws:iam::111122223333:role/r&RoleSessionName=s`,
  )
}

function lifecycle(rule: string): Sample {
  const xml = `<LifecycleConfiguration><Rule><ID>r</ID>${rule}<Status>Enabled</Status></Rule></LifecycleConfiguration>`
  return s3('PUT', '/bucket?lifecycle', xml)
}

describe('classify: the classes of the contract', () => {
  it.each<[Sample, readonly ActionClass[]]>([
    [dynamodb('GetItem', { TableName: 't', Key: KEY }), ['read']],
    [dynamodb('ListTables', {}), ['list']],
    [dynamodb('CreateTable', { TableName: 't' }), ['write']],
    [dynamodb('DeleteItem', { TableName: 't', Key: KEY }), ['data-delete']],
    [dynamodb('DeleteTable', { TableName: 't' }), ['destructive']],
    [
      dynamodb('TagResource', { ResourceArn: 'arn:aws:dynamodb:us-east-1:111122223333:table/t' }),
      ['tagging'],
    ],
    [dynamodb('UpdateTable', { TableName: 't', DeletionProtectionEnabled: false }), ['write', 'protection']],
    [dynamodb('UpdateTable', { TableName: 't', DeletionProtectionEnabled: true }), ['write']],
    [sts('GetCallerIdentity'), ['read']],
    [sts('AssumeRole'), ['credentials']],
    [sts('GetSessionToken'), ['credentials']],
    [iam('Action=CreateAccessKey&UserName=u'), ['credentials', 'permissions']],
    [iam('Action=PutRolePolicy&RoleName=r&PolicyName=p&PolicyDocument=d'), ['permissions']],
    [iam('Action=DeleteRolePolicy&RoleName=r&PolicyName=p'), ['destructive', 'permissions']],
    [iam('Action=UpdateAccessKey&AccessKeyId=a&Status=Inactive'), ['disruptive', 'permissions']],
    [s3('DELETE', '/bucket/key'), ['data-delete']],
    [s3('DELETE', '/bucket/key?versionId=v'), ['data-delete', 'destructive']],
    [
      s3('DELETE', '/bucket/key', '', ['x-amz-bypass-governance-retention', 'true']),
      ['data-delete', 'destructive', 'protection'],
    ],
    [s3('DELETE', '/bucket'), ['destructive']],
    [s3('PUT', '/bucket/key'), ['write']],
    [s3('PUT', '/bucket/key', '', ['x-amz-acl', 'public-read']), ['write', 'permissions']],
    [s3('PUT', '/bucket?policy', '{}'), ['permissions']],
    [
      s3(
        'PUT',
        '/bucket?versioning',
        '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>',
      ),
      ['write', 'protection'],
    ],
    [
      s3(
        'PUT',
        '/bucket?versioning',
        '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
      ),
      ['write'],
    ],
    [lifecycle('<Expiration><Days>1</Days></Expiration>'), ['write', 'destructive']],
    [lifecycle('<Expiration/>'), ['write', 'destructive']],
    [lifecycle('<Transition><Days>1</Days></Transition>'), ['write']],
    [json('AmazonSQS.DeleteMessage', { QueueUrl: 'u' }, 'sqs'), ['data-delete']],
    [json('AmazonSQS.PurgeQueue', { QueueUrl: 'u' }, 'sqs'), ['destructive']],
    [json('AmazonSQS.CreateQueue', { QueueName: 'q' }, 'sqs'), ['write']],
    [
      json('AmazonSQS.CreateQueue', { QueueName: 'q', Attributes: { Policy: '{}' } }, 'sqs'),
      ['write', 'permissions'],
    ],
    [
      form(
        'sns',
        'Action=CreateTopic&Version=2010-03-31&Name=t&Attributes.entry.1.key=Policy&Attributes.entry.1.value=p',
      ),
      ['write', 'permissions'],
    ],
    [
      form(
        'sqs',
        'Action=CreateQueue&Version=2012-11-05&QueueName=q&Attribute.1.Name=Policy&Attribute.1.Value=p',
      ),
      ['write', 'permissions'],
    ],
    [json('TrentService.ScheduleKeyDeletion', { KeyId: 'k' }, 'kms'), ['destructive', 'protection']],
    [json('TrentService.DisableKey', { KeyId: 'k' }, 'kms'), ['protection']],
    [json('AmazonSSM.SendCommand', { DocumentName: 'd' }, 'ssm'), ['opaque']],
    [json(`${VERSION.ecs}.ExecuteCommand`, { command: 'sh' }, 'ecs'), ['opaque', 'credentials']],
    [
      json(`${VERSION.ecs}.UpdateService`, { service: 's', desiredCount: 0 }, 'ecs'),
      ['write', 'destructive'],
    ],
    [json(`${VERSION.ecs}.UpdateService`, { service: 's', desiredCount: 2 }, 'ecs'), ['write']],
    [
      json(`${VERSION.ecs}.UpdateService`, { service: 's', taskDefinition: 't:2' }, 'ecs'),
      ['write', 'disruptive', 'opaque'],
    ],
    [rest('lambda', 'POST', '/2015-03-31/functions/f/invocations', 'anything at all'), ['opaque']],
    [rest('lambda', 'PUT', '/2015-03-31/functions/f/code', {}), ['disruptive', 'opaque']],
    [json('AmazonAthena.StartQueryExecution', { QueryString: 'select 1' }, 'athena'), ['opaque']],
    [json('AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken', {}, 'ecr'), ['credentials']],
    [json('CloudTrail_20131101.StopLogging', { Name: 't' }, 'cloudtrail'), ['protection']],
    [json('CloudTrail_20131101.DeleteTrail', { Name: 't' }, 'cloudtrail'), ['destructive', 'protection']],
    [ec2('Action=StopInstances&InstanceId.1=i-1'), ['disruptive']],
    [ec2('Action=DetachVolume&VolumeId=vol-1'), ['destructive']],
    [ec2('Action=AuthorizeSecurityGroupIngress&GroupId=sg-1'), ['permissions']],
    [
      ec2('Action=ModifyInstanceAttribute&InstanceId=i-1&DisableApiTermination.Value=false'),
      ['write', 'protection'],
    ],
    [
      rest(
        'route53',
        'POST',
        '/2013-04-01/hostedzone/Z1/rrset',
        '<ChangeResourceRecordSetsRequest><ChangeBatch><Changes><Change><Action>DELETE</Action></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>',
      ),
      ['write', 'destructive'],
    ],
    [rest('apigateway', 'DELETE', '/restapis/a'), ['destructive']],
  ])('%#: %o', async (sample, classes) => {
    const call = await classified(sample)
    expect([...call.classes].sort()).toEqual([...classes].sort())
  })

  it('labels a call with its gravest class', async () => {
    const call = await classified(json('CloudTrail_20131101.DeleteTrail', { Name: 't' }, 'cloudtrail'))
    expect(call.class).toBe('protection')
  })
})

describe('classify: DynamoDB batches', () => {
  it('tells puts from deletes and counts both', async () => {
    const puts = Array.from({ length: 3 }, () => ({ PutRequest: { Item: KEY } }))
    const deletes = Array.from({ length: 22 }, () => ({ DeleteRequest: { Key: KEY } }))
    const call = await classified(dynamodb('BatchWriteItem', { RequestItems: { a: puts, b: deletes } }))
    expect(call).toMatchObject({ count: 25, classes: ['write', 'data-delete'] })
    expect(call.resources).toEqual([
      'arn:aws:dynamodb:us-east-1:111122223333:table/a',
      'arn:aws:dynamodb:us-east-1:111122223333:table/b',
    ])
  })

  it('names every table of a transaction', async () => {
    const TransactItems = [
      { Delete: { TableName: 'a', Key: KEY } },
      { ConditionCheck: { TableName: 'b', Key: KEY } },
    ]
    const call = await classified(dynamodb('TransactWriteItems', { TransactItems }))
    expect(call).toMatchObject({ count: 2, classes: ['data-delete'] })
    expect(call.resources).toHaveLength(2)
  })
})

const list = (count: number, of: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => of(i + 1))

describe('classify: how many things a call touches', () => {
  const objects = (count: number) =>
    `<Delete>${list(count, (i) => `<Object><Key>k${i}</Key></Object>`).join('')}</Delete>`

  it.each<[Sample, number]>([
    [dynamodb('DeleteTable', { TableName: 't' }), 1],
    [s3('POST', '/bucket?delete', objects(50)), 50],
    [s3('POST', '/bucket?delete', '<Delete/>'), 1],
    [json('AmazonSQS.DeleteMessageBatch', { QueueUrl: 'u', Entries: list(10, String) }, 'sqs'), 10],
    [
      form(
        'sqs',
        `Action=DeleteMessageBatch&Version=2012-11-05&${list(4, (i) => `DeleteMessageBatchRequestEntry.${i}.Id=a${i}`).join('&')}`,
      ),
      4,
    ],
    [ec2(`Action=TerminateInstances&${list(30, (i) => `InstanceId.${i}=i-${i}`).join('&')}`), 30],
    [ec2('Action=TerminateInstances&InstanceId.7=i-1&InstanceId.9=i-2'), 2],
    [json('AmazonSSM.DeleteParameters', { Names: list(10, String) }, 'ssm'), 10],
    [
      json('GraniteServiceVersion20100801.DeleteAlarms', { AlarmNames: list(100, String) }, 'monitoring'),
      100,
    ],
    [
      form(
        'monitoring',
        `Action=DeleteAlarms&Version=2010-08-01&${list(9, (i) => `AlarmNames.member.${i}=a`).join('&')}`,
      ),
      9,
    ],
    [
      form(
        'cloudformation',
        'Action=DeleteStackInstances&Version=2010-05-15&StackSetName=s&Accounts.member.1=1&Accounts.member.2=2&Regions.member.1=a&Regions.member.2=b&Regions.member.3=c',
      ),
      6,
    ],
    [rest('batch', 'POST', '/v1/terminatejob', { jobId: 'j' }), 1],
    [json('AWSGlue.BatchDeleteTable', { TablesToDelete: list(100, String) }, 'glue'), 100],
  ])('%#: %o', async (sample, count) => {
    expect((await classified(sample)).count).toBe(count)
  })

  it('reads CBOR with tagged timestamps', async () => {
    const headers = ['smithy-protocol', 'rpc-v2-cbor']
    const target = '/service/GraniteServiceVersion20100801/operation/DeleteAlarms'
    const tagged = Buffer.concat([
      Buffer.from([0xa2]),
      encode('AlarmNames'),
      encode(['a', 'b']),
      encode('t'),
      Buffer.from([0xc1]),
      encode(1.5),
    ])
    expect((await classified({ scope: 'monitoring', target, headers, body: tagged })).count).toBe(2)
  })

  it('counts alarms in CBOR', async () => {
    const headers = ['smithy-protocol', 'rpc-v2-cbor']
    const target = '/service/GraniteServiceVersion20100801/operation/DeleteAlarms'
    const body = Buffer.from(encode({ AlarmNames: ['a', 'b', 'c'] }))
    expect(await classified({ scope: 'monitoring', target, headers, body })).toMatchObject({
      count: 3,
      class: 'protection',
    })
  })
})

describe('classify: traits', () => {
  it.each<[Sample, readonly string[]]>([
    [dynamodb('DeleteTable', { TableName: 't' }), ['irreversible', 'cascade']],
    [s3('PUT', '/bucket/key'), ['may-overwrite']],
    [s3('PUT', '/bucket/key', '', ['if-none-match', '*']), []],
    [dynamodb('PutItem', { TableName: 't', Item: KEY }), ['may-overwrite']],
    [dynamodb('PutItem', { TableName: 't', Item: KEY, ConditionExpression: 'attribute_not_exists(pk)' }), []],
    [json('secretsmanager.GetSecretValue', { SecretId: 's' }, 'secretsmanager'), ['reads-secret']],
    [json('AmazonSSM.GetParameter', { Name: 'p', WithDecryption: true }, 'ssm'), ['reads-secret']],
    [json('AmazonSSM.GetParameter', { Name: 'p' }, 'ssm'), []],
    [json('AmazonSSM.SendCommand', { DocumentName: 'd', Targets: [{ Key: 'tag:a' }] }, 'ssm'), ['unbounded']],
    [
      form('rds', 'Action=DeleteDBCluster&Version=2014-10-31&DBClusterIdentifier=c&SkipFinalSnapshot=true'),
      ['irreversible', 'cascade'],
    ],
  ])('%#: %o', async (sample, traits) => {
    expect((await classified(sample)).traits).toEqual(traits)
  })
})

describe('classify: what may replace or lock away what is there (S14)', () => {
  const put = (...headers: string[]) => s3('PUT', '/bucket/key', 'x', headers)
  const item = (more: object) => dynamodb('PutItem', { TableName: 't', Item: KEY, ...more })

  it.each<[string, Sample, boolean]>([
    ['an object', put(), true],
    ['an object that must not be there', put('if-none-match', '*'), false],
    ['an item', item({}), true],
    ['an item that must not be there', item({ ConditionExpression: 'attribute_not_exists(pk)' }), false],
    [
      'an item under a condition with a way out',
      item({ ConditionExpression: 'attribute_not_exists(pk) OR x = :x' }),
      true,
    ],
    ['an item under another condition', item({ ConditionExpression: 'attribute_exists(pk)' }), true],
    [
      'items in a batch',
      dynamodb('BatchWriteItem', { RequestItems: { t: [{ PutRequest: { Item: KEY } }] } }),
      true,
    ],
  ])('a write of %s', async (_what, sample, mayOverwrite) => {
    expect((await classified(sample)).traits.includes('may-overwrite')).toBe(mayOverwrite)
  })

  it.each<[string, Sample, boolean]>([
    ['a key of the client', put('x-amz-server-side-encryption-customer-algorithm', 'AES256'), true],
    [
      'a key of a stranger',
      put('x-amz-server-side-encryption-aws-kms-key-id', 'arn:aws:kms:us-east-1:999999999999:key/k'),
      true,
    ],
    [
      'a key of the account',
      put('x-amz-server-side-encryption-aws-kms-key-id', 'arn:aws:kms:us-east-1:111122223333:key/k'),
      false,
    ],
    ['no key', put(), false],
  ])('an upload under %s', async (_what, sample, guarded) => {
    expect((await classified(sample)).classes.includes('protection')).toBe(guarded)
  })

  it('takes what is removed for lost, and a container with all that it holds', async () => {
    expect((await classified(s3('DELETE', '/bucket/key'))).traits).toEqual(['irreversible'])
    expect(
      (await classified(form('rds', 'Action=DeleteDBCluster&Version=2014-10-31&DBClusterIdentifier=c')))
        .traits,
    ).toEqual(expect.arrayContaining(['irreversible', 'cascade']))
    const secret = (more: object) =>
      json('secretsmanager.DeleteSecret', { SecretId: 's', ...more }, 'secretsmanager')
    expect((await classified(secret({}))).traits).toEqual([])
    expect((await classified(secret({ ForceDeleteWithoutRecovery: true }))).traits).toEqual(['irreversible'])
  })
})

describe('classify: how many', () => {
  it.each<[Sample, number]>([
    [ec2('Action=RunInstances&ImageId=a&MinCount=1&MaxCount=40'), 40],
    [ec2('Action=RunInstances&ImageId=a&MinCount=1&MaxCount=many'), 1_000_000],
    [ec2('Action=RunInstances&ImageId=a&MinCount=50'), 50],
    [ec2('Action=RunInstances&ImageId=a'), 1],
    [json(`${VERSION.ecs}.RunTask`, { taskDefinition: 't', count: 7 }, 'ecs'), 7],
  ])('%#: a number in the call', async (sample, count) => {
    expect((await classified(sample)).count).toBe(count)
  })
})
