/** Rule S12: a call has the classes of what its documents contain, beside its own. */
import { describe, expect, it } from 'vitest'
import type { ActionClass, Trait } from '../../../../proxy/core/action-class.ts'
import { classified, form, json, rest, type Sample } from '../../requests.ts'

type Said = ActionClass | Trait

async function said(sample: Sample): Promise<Set<string>> {
  const { operation, reason, classes, traits } = await classified(sample)
  if (operation === null) throw new Error(`not classified: ${reason}`)
  return new Set([...classes, ...traits])
}

/** Every of `yes` is said of the sample, and none of `no`. */
async function expectSaid(sample: Sample, yes: readonly Said[], no: readonly Said[] = []): Promise<void> {
  const found = await said(sample)
  expect([...found]).toEqual(expect.arrayContaining([...yes]))
  for (const each of no) expect([...found]).not.toContain(each)
}

const stack = (text: string, operation = 'CreateStack', more = '') =>
  form(
    'cloudformation',
    `Action=${operation}&Version=2010-05-15&StackName=s&TemplateBody=${encodeURIComponent(text)}${more}`,
  )
const resources = (of: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  stack(JSON.stringify({ Resources: of, ...more }))
const machine = (definition: unknown) =>
  json(
    'AWSStepFunctions.CreateStateMachine',
    {
      name: 'm',
      roleArn: 'arn:aws:iam::111122223333:role/r',
      definition: typeof definition === 'string' ? definition : JSON.stringify(definition),
    },
    'states',
  )
const task = (Resource: string, Parameters: unknown = {}) =>
  machine({ StartAt: 'T', States: { T: { Type: 'Task', Resource, Parameters, End: true } } })
const schedule = (Arn: string, Input?: string) =>
  rest('scheduler', 'POST', '/schedules/s', {
    ScheduleExpression: 'rate(1 day)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn, RoleArn: 'arn:aws:iam::111122223333:role/r', Input },
  })
const document = (Content: unknown) =>
  json(
    'AmazonSSM.CreateDocument',
    {
      Name: 'd',
      DocumentType: 'Automation',
      Content: typeof Content === 'string' ? Content : JSON.stringify(Content),
    },
    'ssm',
  )
const step = (action: string, inputs: unknown = {}) =>
  document({ schemaVersion: '0.3', mainSteps: [{ name: 's', action, inputs }] })
const targets = (...arns: string[]) =>
  json(
    'AWSEvents.PutTargets',
    { Rule: 'r', Targets: arns.map((Arn, Id) => ({ Id: `${Id}`, Arn })) },
    'events',
  )
const alarm = (AlarmActions: readonly string[]) =>
  json('GraniteServiceVersion20100801.PutMetricAlarm', { AlarmName: 'a', AlarmActions }, 'monitoring')
const fault = (actionId: string) =>
  rest('fis', 'POST', '/experimentTemplates', {
    actions: { a: { actionId } },
    roleArn: 'arn:aws:iam::111122223333:role/r',
  })

const GRAVE: readonly Said[] = ['permissions', 'protection', 'credentials', 'destructive', 'unreadable']

describe('a CloudFormation template', () => {
  it.each<[string, Record<string, unknown>, readonly Said[]]>([
    ['a role', { R: { Type: 'AWS::IAM::Role' } }, ['permissions']],
    ['an access key', { K: { Type: 'AWS::IAM::AccessKey' } }, ['permissions', 'credentials']],
    ['a bucket policy', { P: { Type: 'AWS::S3::BucketPolicy' } }, ['permissions']],
    ['a queue policy', { P: { Type: 'AWS::SQS::QueuePolicy' } }, ['permissions']],
    ['a function open to others', { P: { Type: 'AWS::Lambda::Permission' } }, ['permissions']],
    ['an opened port', { P: { Type: 'AWS::EC2::SecurityGroupIngress' } }, ['permissions']],
    [
      'data that goes with the stack',
      { D: { Type: 'AWS::RDS::DBInstance', DeletionPolicy: 'Delete' } },
      ['protection'],
    ],
    [
      'a replacement that loses data',
      { D: { Type: 'AWS::DynamoDB::Table', UpdateReplacePolicy: 'Delete' } },
      ['protection'],
    ],
    [
      'a policy that a parameter gives',
      { D: { Type: 'AWS::S3::Bucket', DeletionPolicy: { Ref: 'P' } } },
      ['protection'],
    ],
    [
      'a database without its guard',
      { D: { Type: 'AWS::RDS::DBInstance', Properties: { DeletionProtection: false } } },
      ['protection'],
    ],
    [
      'a database for everybody',
      { D: { Type: 'AWS::RDS::DBInstance', Properties: { PubliclyAccessible: 'true' } } },
      ['permissions'],
    ],
    ['code of its own', { C: { Type: 'Custom::Anything' } }, ['unreadable']],
    ['a nested stack', { C: { Type: 'AWS::CloudFormation::Stack' } }, ['unreadable']],
    [
      'a role in a loop',
      { 'Fn::ForEach::R': ['X', ['a'], { 'R${X}': { Type: 'AWS::IAM::Role' } }] },
      ['permissions'],
    ],
    [
      'a schedule that deletes',
      {
        S: {
          Type: 'AWS::Scheduler::Schedule',
          Properties: { Target: { Arn: 'arn:aws:scheduler:::aws-sdk:s3:deleteBucket' } },
        },
      },
      ['destructive'],
    ],
    [
      'a state machine as text',
      {
        S: {
          Type: 'AWS::StepFunctions::StateMachine',
          Properties: {
            DefinitionString: '{"States":{"T":{"Resource":"arn:aws:states:::aws-sdk:dynamodb:deleteTable"}}}',
          },
        },
      },
      ['destructive'],
    ],
    [
      'an ARN that is put together',
      {
        S: {
          Type: 'AWS::StepFunctions::StateMachine',
          Properties: {
            DefinitionString: {
              'Fn::Join': [
                '',
                ['{"Resource":"arn:', { Ref: 'AWS::Partition' }, ':states:::aws-sdk:iam:createAccessKey"}'],
              ],
            },
          },
        },
      },
      ['credentials'],
    ],
    [
      'an alarm that terminates',
      {
        A: {
          Type: 'AWS::CloudWatch::Alarm',
          Properties: { AlarmActions: [{ 'Fn::Sub': 'arn:aws:automate:${AWS::Region}:ec2:terminate' }] },
        },
      },
      ['destructive'],
    ],
    ['a macro', { R: { Type: 'AWS::S3::Bucket', 'Fn::Transform': { Name: 'M' } } }, ['unreadable']],
  ])('with %s', async (_what, of, yes) => {
    await expectSaid(resources(of), ['opaque', ...yes])
  })

  it.each<[string, Record<string, unknown>]>([
    ['a bucket', { B: { Type: 'AWS::S3::Bucket' } }],
    ['a table that is kept', { T: { Type: 'AWS::DynamoDB::Table', DeletionPolicy: 'Retain' } }],
    ['a database with a last snapshot', { D: { Type: 'AWS::RDS::DBInstance', DeletionPolicy: 'Snapshot' } }],
    ['a guarded database', { D: { Type: 'AWS::RDS::DBInstance', Properties: { DeletionProtection: true } } }],
    [
      'a schedule that sends',
      {
        S: {
          Type: 'AWS::Scheduler::Schedule',
          Properties: { Target: { Arn: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage' } },
        },
      },
    ],
    ['a log group, whatever becomes of it', { L: { Type: 'AWS::Logs::LogGroup', DeletionPolicy: 'Delete' } }],
    [
      'a role in what is only said',
      { B: { Type: 'AWS::S3::Bucket', Properties: { Tags: [{ Key: 'AWS::IAM::Role' }] } } },
    ],
  ])('with %s says no more', async (_what, of) => {
    await expectSaid(resources(of), ['opaque'], GRAVE)
  })

  it('is read as YAML too, with the short forms of functions', async () => {
    const bucket =
      'Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !Sub "${AWS::StackName}-b"\n'
    await expectSaid(stack(bucket), ['opaque'], GRAVE)
    await expectSaid(stack(`${bucket}  R:\n    Type: AWS::IAM::Role\n`), ['permissions'], ['unreadable'])
    await expectSaid(stack(`${bucket}  R: {"Type": "AWS::IAM::Role"}\n`), ['permissions'])
  })

  it('in a change, a set of stacks or a change set is the same', async () => {
    const text = JSON.stringify({ Resources: { R: { Type: 'AWS::IAM::Role' } } })
    for (const operation of ['UpdateStack', 'CreateChangeSet', 'CreateStackSet', 'UpdateStackSet'])
      await expectSaid(stack(text, operation, '&ChangeSetName=c&StackSetName=s'), ['permissions'])
  })

  it('that makes roles or that we do not see says so by the capability and the address that it needs', async () => {
    const without = (more: string) =>
      form('cloudformation', `Action=CreateStack&Version=2010-05-15&StackName=s${more}`)
    await expectSaid(
      without('&TemplateURL=https://b.s3.amazonaws.com/t'),
      ['opaque', 'unreadable'],
      ['permissions'],
    )
    await expectSaid(without('&Capabilities.member.1=CAPABILITY_NAMED_IAM'), ['permissions'])
    await expectSaid(without('&Capabilities.member.1=CAPABILITY_AUTO_EXPAND'), ['opaque'], ['permissions'])
  })

  it('in Cloud Control is the type that it makes', async () => {
    const create = (TypeName: string) =>
      json('CloudApiService.CreateResource', { TypeName, DesiredState: '{}' }, 'cloudcontrolapi')
    await expectSaid(create('AWS::IAM::Role'), ['opaque', 'permissions'])
    await expectSaid(create('AWS::Logs::LogGroup'), ['opaque'], GRAVE)
    await expectSaid(create('Vendor::Thing::Any'), ['unreadable'])
  })

  it.each([
    ['no document', 'nothing'],
    ['no resources', '{}'],
    ['a key given twice', '{"Resources":{},"Resources":{"R":{"Type":"AWS::IAM::Role"}}}'],
    [
      'a key given twice in YAML',
      'Resources:\n  A: {Type: "AWS::S3::Bucket"}\nResources:\n  A: {Type: "AWS::IAM::Role"}\n',
    ],
    ['a merged key', 'Base: &b\n  Type: AWS::IAM::Role\nResources:\n  R:\n    <<: *b\n'],
    ['two documents', 'Resources: {}\n---\nResources: {R: {Type: "AWS::IAM::Role"}}\n'],
    ['a transform', '{"Resources":{},"Transform":"Macro"}'],
    [
      'an alias bomb',
      `Resources:\n a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((to, i) => ` ${to}: &${to} [${Array.from({ length: 9 }, () => `*${'abcdefg'[i]}`).join(',')}]`)
        .join('\n')}\n`,
    ],
    ['an alias of itself', 'Resources: &r\n  a: *r\n'],
    ['endless nesting', `Resources: ${'['.repeat(20_000)}`],
    ['endless nesting of blocks', `Resources:\n${'- '.repeat(20_000)}`],
    ['endless nesting of JSON', `{"Resources":${'['.repeat(5000)}${']'.repeat(5000)}}`],
    [
      'a hundred thousand keys',
      `Resources:\n${Array.from({ length: 10_000 }, (_, i) => ` k${i}: v`).join('\n')}`,
    ],
    ['more than a template may be', `Resources: {}\n#${'x'.repeat(70_000)}`],
  ])('that is unreadable for %s is unreadable, and still opaque', async (_what, text) => {
    await expectSaid(stack(text), ['opaque', 'unreadable'])
  })
})

describe('a state machine', () => {
  it('of more tasks than anybody has is unreadable beyond them', async () => {
    const tasks = Array.from({ length: 2001 }, () => ({ Resource: 'arn:aws:states:::sqs:sendMessage' }))
    await expectSaid(machine({ tasks: tasks.slice(1) }), ['opaque'], ['unreadable'])
    await expectSaid(machine({ tasks }), ['opaque', 'unreadable'])
  })

  it.each<[string, Sample, readonly Said[]]>([
    [
      'the SDK integration',
      task('arn:aws:states:::aws-sdk:dynamodb:deleteTable'),
      ['destructive', 'irreversible', 'cascade'],
    ],
    [
      'a call that waits',
      task('arn:aws:states:::aws-sdk:rds:deleteDBInstance.waitForTaskToken'),
      ['destructive'],
    ],
    [
      'the name that SDKs have for a service',
      task('arn:aws:states:::aws-sdk:cloudwatchlogs:deleteLogGroup'),
      ['destructive'],
    ],
    ['items', task('arn:aws:states:::dynamodb:deleteItem', { TableName: 't' }), ['data-delete']],
    ['a policy', task('arn:aws:states:::aws-sdk:iam:putRolePolicy'), ['permissions']],
    ['a key', task('arn:aws:states:::aws-sdk:iam:createAccessKey'), ['credentials']],
    ['a secret', task('arn:aws:states:::aws-sdk:secretsmanager:getSecretValue'), ['reads-secret']],
    [
      'a parameter that weakens a guard',
      task('arn:aws:states:::aws-sdk:rds:modifyDBInstance', { DeletionProtection: false }),
      ['protection'],
    ],
    [
      'a parameter that is given later',
      task('arn:aws:states:::aws-sdk:rds:modifyDBInstance', { 'DeletionProtection.$': '$.p' }),
      ['protection'],
    ],
    [
      'an operation that nobody knows',
      task('arn:aws:states:::aws-sdk:dynamodb:undoEverything'),
      ['unreadable'],
    ],
    ['a service that nobody knows', task('arn:aws:states:::http:invoke'), ['unreadable']],
    [
      'a branch of a map of a branch',
      machine({
        States: {
          P: {
            Type: 'Parallel',
            Branches: [
              {
                States: {
                  M: {
                    Type: 'Map',
                    ItemProcessor: {
                      States: { T: { Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:s3:deleteBucket' } },
                    },
                  },
                },
              },
            ],
          },
        },
      }),
      ['destructive'],
    ],
    [
      'arguments in JSONata',
      machine({
        States: {
          T: {
            Type: 'Task',
            Resource: 'arn:aws:states:::aws-sdk:rds:modifyDBInstance',
            Arguments: { BackupRetentionPeriod: 0 },
          },
        },
      }),
      ['protection'],
    ],
    ['no definition at all', machine('{'), ['unreadable']],
  ])('with %s', async (_what, sample, yes) => {
    await expectSaid(sample, ['opaque', ...yes])
  })

  it.each<[string, Sample]>([
    ['a read', task('arn:aws:states:::aws-sdk:dynamodb:describeTable')],
    ['a message', task('arn:aws:states:::sqs:sendMessage')],
    [
      'a guard that is set',
      task('arn:aws:states:::aws-sdk:rds:modifyDBInstance', { DeletionProtection: true }),
    ],
    [
      'a name in what is only said',
      machine({ Comment: 'arn:aws:states:::aws-sdk:dynamodb:deleteTable', States: { P: { Type: 'Pass' } } }),
    ],
  ])('with %s says no more', async (_what, sample) => {
    await expectSaid(sample, ['opaque'], GRAVE)
  })
})

describe('a schedule, a rule, an alarm, an experiment', () => {
  it.each<[string, Sample, readonly Said[]]>([
    [
      'a universal target',
      schedule('arn:aws:scheduler:::aws-sdk:s3:deleteBucket'),
      ['opaque', 'destructive'],
    ],
    [
      'its parameters',
      schedule('arn:aws:scheduler:::aws-sdk:rds:modifyDBInstance', '{"DeletionProtection":false}'),
      ['protection'],
    ],
    ['a target that nobody knows', schedule('arn:aws:scheduler:::aws-sdk:rds:undo'), ['unreadable']],
    [
      'a target that is built in',
      targets('arn:aws:events:us-east-1:111122223333:target/terminate-instance'),
      ['opaque', 'destructive'],
    ],
    [
      'the second of two targets',
      targets(
        'arn:aws:sqs:us-east-1:111122223333:q',
        'arn:aws:events:us-east-1:111122223333:target/stop-instance',
      ),
      ['disruptive'],
    ],
    ['an alarm that terminates', alarm(['arn:aws:automate:us-east-1:ec2:terminate']), ['destructive']],
    [
      'an alarm that stops, in the older spelling',
      alarm(['arn:aws:swf:us-east-1:111122223333:action/actions/AWS_EC2.InstanceId.Stop/1.0']),
      ['disruptive'],
    ],
    ['an alarm that runs code', alarm(['arn:aws:lambda:us-east-1:111122223333:function:f']), ['opaque']],
    ['an alarm that tells nobody any more', alarm([]), ['protection']],
    ['a fault', fault('aws:ec2:terminate-instances'), ['destructive']],
    ['a fault that nobody knows', fault('aws:network:disrupt-connectivity'), ['opaque', 'unreadable']],
  ])('with %s', async (_what, sample, yes) => {
    await expectSaid(sample, yes)
  })

  it.each<[string, Sample]>([
    ['a universal target that sends', schedule('arn:aws:scheduler:::aws-sdk:sqs:sendMessage')],
    ['a queue', targets('arn:aws:sqs:us-east-1:111122223333:q')],
    [
      'an alarm that tells',
      alarm(['arn:aws:sns:us-east-1:111122223333:t', 'arn:aws:ssm:us-east-1:111122223333:opsitem:4']),
    ],
  ])('with %s says no more', async (_what, sample) => {
    await expectSaid(sample, [], GRAVE)
  })
})

describe('a Systems Manager document', () => {
  it.each<[string, Sample, readonly Said[]]>([
    [
      'an API call',
      step('aws:executeAwsApi', { Service: 'rds', Api: 'DeleteDBInstance' }),
      ['destructive', 'irreversible'],
    ],
    [
      'its parameters',
      step('aws:executeAwsApi', { Service: 'rds', Api: 'ModifyDBInstance', DeletionProtection: false }),
      ['protection'],
    ],
    [
      'a state that is wanted',
      step('aws:changeInstanceState', { DesiredState: 'terminated' }),
      ['destructive'],
    ],
    [
      'a state that a parameter gives',
      step('aws:changeInstanceState', { DesiredState: '{{ state }}' }),
      ['destructive'],
    ],
    ['a stack that goes', step('aws:deleteStack'), ['destructive', 'cascade']],
    ['a script', step('aws:executeScript', { Runtime: 'python3.11' }), ['unreadable']],
    ['a shell script', step('aws:runShellScript', { runCommand: ['rm -rf /'] }), ['unreadable']],
    [
      'an API that a parameter gives',
      step('aws:executeAwsApi', { Service: '{{ s }}', Api: 'x' }),
      ['unreadable'],
    ],
    [
      'a loop',
      document({
        mainSteps: [
          {
            action: 'aws:loop',
            inputs: {
              Steps: [{ action: 'aws:executeAwsApi', inputs: { Service: 'ec2', Api: 'TerminateInstances' } }],
            },
          },
        ],
      }),
      ['destructive'],
    ],
    [
      'YAML',
      document(
        'schemaVersion: "0.3"\nmainSteps:\n- name: a\n  action: aws:executeAwsApi\n  inputs: {Service: iam, Api: CreateAccessKey}\n',
      ),
      ['credentials'],
    ],
    [
      'what the oldest documents run',
      document({ schemaVersion: '1.2', runtimeConfig: { 'aws:runShellScript': {} } }),
      ['unreadable'],
    ],
    ['no document', document('a: [b'), ['unreadable']],
  ])('with %s', async (_what, sample, yes) => {
    await expectSaid(sample, ['opaque', ...yes])
  })

  it.each<[string, Sample]>([
    ['a read', step('aws:executeAwsApi', { Service: 'rds', Api: 'DescribeDBInstances' })],
    ['a wait', step('aws:sleep', { Duration: 'PT1M' })],
    ['a start', step('aws:changeInstanceState', { DesiredState: 'running' })],
    [
      'a name in what is only said',
      document({ description: 'aws:deleteStack', mainSteps: [{ action: 'aws:pause', inputs: {} }] }),
    ],
  ])('with %s says no more', async (_what, sample) => {
    await expectSaid(sample, ['opaque'], GRAVE)
  })
})
