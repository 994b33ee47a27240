import { describe, expect, it } from 'vitest'
import { classified, dynamodb, ec2, form, json, rest, s3, type Sample } from '../requests.ts'

const HERE = 'us-east-1:111122223333'

describe('resources: one ARN for each thing that the request names', () => {
  it.each<[Sample, readonly string[]]>([
    [s3('GET', '/'), ['*']],
    [s3('GET', '/bucket?list-type=2'), ['arn:aws:s3:::bucket']],
    [s3('GET', '/bucket/a%20b//c/'), ['arn:aws:s3:::bucket/a b//c/']],
    [
      s3(
        'POST',
        '/bucket?delete',
        '<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object></Delete>',
      ),
      ['arn:aws:s3:::bucket/a&b', 'arn:aws:s3:::bucket/c'],
    ],
    [
      dynamodb('Query', { TableName: 't', IndexName: 'i' }),
      [`arn:aws:dynamodb:${HERE}:table/t/index/i`, `arn:aws:dynamodb:${HERE}:table/t`],
    ],
    [
      dynamodb('GetItem', { TableName: `arn:aws:dynamodb:${HERE}:table/t` }),
      [`arn:aws:dynamodb:${HERE}:table/t`],
    ],
    [dynamodb('ListTables', {}), ['*']],
    // The name of an execution is none of a state machine.
    [
      json(
        'AWSStepFunctions.StartExecution',
        { stateMachineArn: `arn:aws:states:${HERE}:stateMachine:m`, name: 'n' },
        'states',
      ),
      [`arn:aws:states:${HERE}:stateMachine:m`],
    ],
    // What only the service knows of an ARN is `*`.
    [
      form('autoscaling', 'Action=DeleteAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=g'),
      [`arn:aws:autoscaling:${HERE}:autoScalingGroup:*:autoScalingGroupName/g`],
    ],
    [
      json('AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition', { family: 'f' }, 'ecs'),
      [`arn:aws:ecs:${HERE}:task-definition/f:*`],
    ],
    // A name of something else is not taken for the group's.
    [form('autoscaling', 'Action=DeletePolicy&Version=2011-01-01&PolicyName=g'), ['*']],
    [ec2('Action=DisassociateVpcCidrBlock&AssociationId=a'), ['*']],
    [
      json('CodeBuild_20161006.StopBuild', { id: 'web:0f1d-22' }, 'codebuild'),
      [`arn:aws:codebuild:${HERE}:project/web`],
    ],
    [
      json('com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging', { Name: 't' }, 'cloudtrail'),
      [`arn:aws:cloudtrail:${HERE}:trail/t`],
    ],
    [
      form(
        'rds',
        'Action=AddTagsToResource&Version=2014-10-31&ResourceName=arn:aws:rds:us-east-1:111122223333:db:d',
      ),
      [`arn:aws:rds:${HERE}:db:d`],
    ],
    [
      form('rds', 'Action=DeleteDBClusterSnapshot&Version=2014-10-31&DBClusterSnapshotIdentifier=s'),
      [`arn:aws:rds:${HERE}:cluster-snapshot:s`],
    ],
    [
      json('AWSGlue.DeleteSchema', { SchemaId: { SchemaArn: `arn:aws:glue:${HERE}:schema/r/s` } }, 'glue'),
      [`arn:aws:glue:${HERE}:schema/r/s`],
    ],
    [
      json(
        'AmazonSQS.SendMessage',
        { QueueUrl: 'https://sqs.us-east-1.amazonaws.com/444455556666/q' },
        'sqs',
      ),
      ['arn:aws:sqs:us-east-1:444455556666:q'],
    ],
    [
      form('sns', `Action=Publish&Version=2010-03-31&TopicArn=arn:aws:sns:${HERE}:t`),
      [`arn:aws:sns:${HERE}:t`],
    ],
    [form('iam', 'Action=DeleteRole&Version=2010-05-08&RoleName=r'), ['arn:aws:iam::111122223333:role/r']],
    [json('TrentService.Encrypt', { KeyId: '1234' }, 'kms'), [`arn:aws:kms:${HERE}:key/1234`]],
    [json('TrentService.Encrypt', { KeyId: 'alias/a' }, 'kms'), [`arn:aws:kms:${HERE}:alias/a`, '*']],
    [
      json('AmazonSSM.DeleteParameters', { Names: ['/a/b', 'c'] }, 'ssm'),
      [`arn:aws:ssm:${HERE}:parameter/a/b`, `arn:aws:ssm:${HERE}:parameter/c`],
    ],
    [
      json('Logs_20140328.DeleteLogGroup', { logGroupName: '/x' }, 'logs'),
      [`arn:aws:logs:${HERE}:log-group:/x`],
    ],
    [rest('lambda', 'DELETE', '/2015-03-31/functions/f%3Aprod'), [`arn:aws:lambda:${HERE}:function:f:prod`]],
    [
      ec2('Action=TerminateInstances&InstanceId.1=i-1&InstanceId.2=i-2'),
      [`arn:aws:ec2:${HERE}:instance/i-1`, `arn:aws:ec2:${HERE}:instance/i-2`],
    ],
    [rest('apigateway', 'DELETE', '/restapis/a'), ['arn:aws:apigateway:us-east-1::/restapis/a']],
    [rest('route53', 'DELETE', '/2013-04-01/hostedzone/Z1'), ['arn:aws:route53:::hostedzone/Z1']],
    [rest('eks', 'DELETE', '/clusters/c'), [`arn:aws:eks:${HERE}:cluster/c`]],
  ])('%#: %o', async (sample, resources) => {
    expect((await classified(sample)).resources).toEqual(resources)
  })
})

const any = async (sample: Sample) => expect((await classified(sample)).resources).toContain('*')

describe('resources: never narrower than the truth', () => {
  it('adds * where the required name is missing', async () => {
    await any(dynamodb('DeleteTable', {}))
    await any(json('TrentService.Decrypt', {}, 'kms'))
  })

  it('adds * for an ARN of another service', async () => {
    await any(dynamodb('DeleteTable', { TableName: 'arn:aws:s3:::bucket' }))
    await any(dynamodb('TagResource', { ResourceArn: 'not an arn' }))
  })

  it('adds * for a name with a colon, a blank or a control character', async () => {
    for (const TableName of ['a:b', 'a b', 'a\u0000', 7, ['a', {}]])
      await any(dynamodb('DeleteTable', { TableName }))
  })

  it('adds * for bucket names that stand for another bucket', async () => {
    await any(s3('GET', '/my-ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias/key'))
    await any(s3('GET', '/arn%3Aaws%3As3%3Aus-east-1%3A111122223333%3Aaccesspoint%2Fap/key'))
    await any(
      s3('PUT', '/bucket/key', '', ['x-amz-copy-source', 'arn:aws:s3:us-east-1:1:accesspoint/ap/object/k']),
    )
  })

  it('names every value where two members could hold the name', async () => {
    const body = { StreamName: 'a', StreamARN: `arn:aws:kinesis:${HERE}:stream/b` }
    const call = await classified(json('Kinesis_20131202.DeleteStream', body, 'kinesis'))
    expect([...call.resources].sort()).toEqual([
      `arn:aws:kinesis:${HERE}:stream/a`,
      `arn:aws:kinesis:${HERE}:stream/b`,
    ])
  })

  it('lists at most a thousand and says * for the rest', async () => {
    const keys = Array.from({ length: 1500 }, (_, i) => `<Object><Key>k${i}</Key></Object>`).join('')
    const call = await classified(s3('POST', '/bucket?delete', `<Delete>${keys}</Delete>`))
    expect(call.resources).toHaveLength(1001)
    expect(call.resources.at(-1)).toBe('*')
    expect(call.count).toBe(1500)
  })
})

const ecs = (operation: string, body: unknown) =>
  json(`AmazonEC2ContainerServiceV20141113.${operation}`, body, 'ecs')
const events = (operation: string, body: unknown) => json(`AWSEvents.${operation}`, body, 'events')
const ecr = (registryId: string | undefined) =>
  json(
    'AmazonEC2ContainerRegistry_V20150921.DeleteRepository',
    { repositoryName: 'r', ...(registryId === undefined ? {} : { registryId }) },
    'ecr',
  )

describe('resources: what a request leaves to the service', () => {
  it.each<[Sample, readonly string[]]>([
    [ecs('DeleteService', { service: 's' }), [`arn:aws:ecs:${HERE}:service/default/s`]],
    [ecs('DeleteService', { service: 's', cluster: 'c' }), [`arn:aws:ecs:${HERE}:service/c/s`]],
    [ecs('CreateCluster', {}), [`arn:aws:ecs:${HERE}:cluster/default`]],
    [ecs('CreateCluster', { clusterName: 'c' }), [`arn:aws:ecs:${HERE}:cluster/c`]],
    [ecs('RunTask', { taskDefinition: 'web' }), [`arn:aws:ecs:${HERE}:task-definition/web:*`]],
    [ecs('RunTask', { taskDefinition: 'web:3' }), [`arn:aws:ecs:${HERE}:task-definition/web:*`]],
    [
      ecs('RunTask', { taskDefinition: `arn:aws:ecs:${HERE}:task-definition/web:3` }),
      [`arn:aws:ecs:${HERE}:task-definition/web:3`],
    ],
    [events('PutEvents', { Entries: [{ Source: 'a' }] }), [`arn:aws:events:${HERE}:event-bus/default`]],
    [
      events('PutEvents', { Entries: [{ EventBusName: 'b' }, { EventBusName: 'c' }] }),
      [`arn:aws:events:${HERE}:event-bus/b`, `arn:aws:events:${HERE}:event-bus/c`],
    ],
    // Of several entries, one that names no bus goes to the default.
    [
      events('PutEvents', { Entries: [{ EventBusName: 'b' }, {}] }),
      [`arn:aws:events:${HERE}:event-bus/b`, `arn:aws:events:${HERE}:event-bus/default`],
    ],
    [events('DeleteRule', { Name: 'r' }), [`arn:aws:events:${HERE}:rule/r`]],
    [events('DeleteRule', { Name: 'r', EventBusName: 'b' }), [`arn:aws:events:${HERE}:rule/b/r`]],
    [
      events('DeleteRule', { Name: 'r', EventBusName: 'default' }),
      [`arn:aws:events:${HERE}:rule/default/r`, `arn:aws:events:${HERE}:rule/r`],
    ],
    [rest('scheduler', 'DELETE', '/schedules/s'), [`arn:aws:scheduler:${HERE}:schedule/default/s`]],
    [rest('scheduler', 'DELETE', '/schedules/s?groupName=g'), [`arn:aws:scheduler:${HERE}:schedule/g/s`]],
    [
      json('AmazonAthena.StartQueryExecution', { QueryString: 'SELECT 1' }, 'athena'),
      [`arn:aws:athena:${HERE}:workgroup/primary`],
    ],
    [
      json('AmazonAthena.StartQueryExecution', { QueryString: 'SELECT 1', WorkGroup: 'w' }, 'athena'),
      [`arn:aws:athena:${HERE}:workgroup/w`],
    ],
    // RDS Data names a cluster of another service, in whole.
    [
      rest('rds-data', 'POST', '/Execute', { resourceArn: `arn:aws:rds:${HERE}:cluster:c`, sql: 'SELECT 1' }),
      [`arn:aws:rds:${HERE}:cluster:c`],
    ],
    [
      rest('rds-data', 'POST', '/Execute', { resourceArn: `arn:aws:s3:::c`, sql: 'SELECT 1' }),
      ['*', 'arn:aws:s3:::c'],
    ],
    [
      json('RedshiftData.ExecuteStatement', { Sql: 'SELECT 1', WorkgroupName: 'w' }, 'redshift-data'),
      [`arn:aws:redshift-serverless:${HERE}:workgroup/w`],
    ],
    // What is made has no id yet, but its kind is known.
    [ec2('Action=CreateInternetGateway'), [`arn:aws:ec2:${HERE}:internet-gateway/*`]],
    [
      rest('lambda', 'POST', '/2015-03-31/functions/f/invocations?Qualifier=prod', '{}'),
      [`arn:aws:lambda:${HERE}:function:f:prod`],
    ],
    [
      rest(
        'lambda',
        'DELETE',
        `/2015-03-31/functions/${encodeURIComponent(`arn:aws:lambda:${HERE}:function:f`)}?Qualifier=3`,
      ),
      [`arn:aws:lambda:${HERE}:function:f:3`],
    ],
    [
      rest('route53', 'GET', `/2013-04-01/hostedzone/${encodeURIComponent('/hostedzone/Z1')}`),
      ['arn:aws:route53:::hostedzone/Z1'],
    ],
    [
      rest('route53', 'POST', '/2013-04-01/hostedzone/Z1/rrset/', '<ChangeResourceRecordSetsRequest/>'),
      ['arn:aws:route53:::hostedzone/Z1'],
    ],
    [
      json('TrentService.CreateAlias', { AliasName: 'alias/a', TargetKeyId: 'k' }, 'kms'),
      [`arn:aws:kms:${HERE}:alias/a`, `arn:aws:kms:${HERE}:key/k`],
    ],
    [
      json('TrentService.DeleteAlias', { AliasName: 'alias/a' }, 'kms'),
      [`arn:aws:kms:${HERE}:alias/a`, `arn:aws:kms:${HERE}:key/*`],
    ],
    [
      json('TrentService.ScheduleKeyDeletion', { KeyId: `arn:aws:kms:${HERE}:alias/a` }, 'kms'),
      ['*', `arn:aws:kms:${HERE}:alias/a`],
    ],
    [ecr(undefined), [`arn:aws:ecr:${HERE}:repository/r`]],
    // Another account's, and not ours of the same name.
    [ecr('999999999999'), ['arn:aws:ecr:us-east-1:999999999999:repository/r']],
    [ecr('no account'), ['arn:aws:ecr:us-east-1:*:repository/r']],
    [rest('glacier', 'DELETE', '/-/vaults/v'), [`arn:aws:glacier:${HERE}:vaults/v`]],
  ])('%#: %o', async (sample, resources) => {
    expect((await classified(sample)).resources).toEqual(resources)
  })

  it('does not take what is no name for the default', async () => {
    for (const cluster of [null, '', 7, {}, 'a b']) await any(ecs('DeleteService', { service: 's', cluster }))
    for (const EventBusName of [null, '', 7, {}]) await any(events('DeleteRule', { Name: 'r', EventBusName }))
    await any(rest('lambda', 'DELETE', '/2015-03-31/functions/f?Qualifier=a%20b'))
    await any(rest('lambda', 'DELETE', '/2015-03-31/functions/f%3A1?Qualifier=2'))
    await any(rest('lambda', 'DELETE', '/2015-03-31/functions/f?Qualifier='))
  })
})
