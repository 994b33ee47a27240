/** Rule S12: a call has the classes of what its documents contain, beside its own. */
import { describe, it } from 'vitest'
import { form, json } from '../../requests.ts'
import { type Said, expectSaid, stack, resources, GRAVE } from './documents.ts'

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
