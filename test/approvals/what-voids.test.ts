/** Which changes end an approval (S27): every kind of thing that a call has AWS read when it runs, by every spelling. */
import { describe, expect, it } from 'vitest'
import {
  ec2,
  ecs,
  form,
  glue,
  HERE,
  iam,
  isVoided,
  js,
  put,
  rest,
  ssm,
  templated,
  type Made,
} from './aws-calls.ts'
import { ACCOUNT } from './calls.ts'

const runs = (definition: string) => ecs('RunTask', { taskDefinition: definition })
const registers = (family: string) => ecs('RegisterTaskDefinition', { family, containerDefinitions: [] })
const automates = (DocumentName: string) => ssm('StartAutomationExecution', { DocumentName })
const updates = (Name: string) => ssm('UpdateDocument', { Name, Content: '{}' })
const puts = (Name: string) => ssm('PutParameter', { Name, Value: 'v', Overwrite: true })
const LT = 'LaunchTemplate.LaunchTemplateName=web'
const runsInstances = (more: string) => ec2(`Action=RunInstances&MinCount=1&MaxCount=1&${more}`)
const moves = (named: string) => ec2(`Action=ModifyLaunchTemplate&${named}&SetDefaultVersion=2`)
const submits = (jobDefinition: string) =>
  rest('batch', 'POST', '/v1/submitjob', { jobName: 'j', jobQueue: 'q', jobDefinition })
const code = (name: string) =>
  rest('lambda', 'PUT', `/2015-03-31/functions/${name}/code`, { S3Bucket: 'code', S3Key: 'f.zip' })
const attaches = (arn: string) =>
  iam(`Action=AttachRolePolicy&RoleName=r&PolicyArn=${encodeURIComponent(arn)}`)
const POLICY = `arn:aws:iam::${ACCOUNT}:policy/team/p`
const container = (image: string) =>
  ecs('RegisterTaskDefinition', {
    family: 'f',
    containerDefinitions: [{ image, secrets: [{ name: 'S', valueFrom: 'prod/db' }] }],
  })
const copies = (source: string): Made => [
  { method: 'PUT', path: '/target/f.zip', headers: ['x-amz-copy-source', source] },
  { service: 's3' },
]
const ECR = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web`
const pushes = js('ecr', 'AmazonEC2ContainerRegistry_V20150921.PutImage', {
  repositoryName: 'web',
  imageManifest: '{}',
  imageTag: 'latest',
})

const fn = (bucket: string, key: string) =>
  `Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code:\n        S3Bucket: ${bucket}\n        S3Key: ${key}\n`
const given = (name: string, value: string) =>
  `&Parameters.member.1.ParameterKey=${name}&Parameters.member.1.ParameterValue=${value}`

/** Templates of a function whose code is f.zip in the bucket code. */
const CODE_IN_TEMPLATES: readonly (readonly [string, string, string?])[] = [
  ['in YAML', fn('code', 'f.zip')],
  [
    'in JSON',
    '{"Resources":{"F":{"Type":"AWS::Lambda::Function","Properties":{"Code":{"S3Bucket":"code","S3Key":"f.zip"}}}}}',
  ],
  ['its key by a parameter', fn('code', '!Ref Key'), given('Key', 'f.zip')],
  [
    'its key by a default',
    `Parameters:\n  Key:\n    Type: String\n    Default: f.zip\n${fn('code', '{ Ref: Key }')}`,
  ],
  ['its bucket not known', fn('!ImportValue assets', 'f.zip')],
  // Any object of the bucket may be meant.
  ['its key not known', fn('code', '!Sub "${Version}.zip"')],
  ['nothing of it known', fn('!Ref Bucket', '!GetAtt Builder.Key')],
]
/** Of the first of them the key is known. */
const KNOWN_CODE = 5

describe('an approval is void after a change of what its call reads when it runs (S27)', () => {
  it.each<[string, Made, Made]>([
    ['a task definition by family', runs('web'), registers('web')],
    [
      'of UpdateService',
      ecs('UpdateService', { cluster: 'c', service: 's', taskDefinition: 'web' }),
      registers('web'),
    ],
    [
      'of CreateService',
      ecs('CreateService', { cluster: 'c', serviceName: 's', taskDefinition: 'web' }),
      registers('web'),
    ],
    [
      'of CreateTaskSet',
      ecs('CreateTaskSet', { cluster: 'c', service: 's', taskDefinition: 'web' }),
      registers('web'),
    ],
    ['by ARN without a revision', runs(`arn:aws:ecs:${HERE}:task-definition/web`), registers('web')],
    ['an automation document by name', automates('roll'), updates('roll')],
    ['by ARN', automates(`arn:aws:ssm:${HERE}:document/roll`), updates('roll')],
    [
      'by the ARN of its definition',
      automates(`arn:aws:ssm:${HERE}:automation-definition/roll:1`),
      updates('roll'),
    ],
    [
      'a document of SendCommand',
      ssm('SendCommand', { DocumentName: 'roll', InstanceIds: ['i-1'] }),
      updates('roll'),
    ],
    ['of an association', ssm('CreateAssociation', { Name: 'roll' }), updates('roll')],
    [
      'of a remediation',
      js('config', 'StarlingDoveService.PutRemediationConfigurations', {
        RemediationConfigurations: [{ ConfigRuleName: 'r', TargetType: 'SSM_DOCUMENT', TargetId: 'roll' }],
      }),
      updates('roll'),
    ],
    [
      'a parameter given as a value',
      ssm('SendCommand', {
        DocumentName: 'AWS-RunShellScript',
        Parameters: { commands: ['{{ssm:/prod/script}}'] },
      }),
      puts('/prod/script'),
    ],
    ['of a template', templated('{"A":"{{resolve:ssm:/prod/ami:1}}"}'), puts('/prod/ami')],
    [
      'of a typed parameter of a template',
      templated('{"Parameters":{"P":{"Type":"AWS::SSM::Parameter::Value<String>"}}}'),
      puts('any'),
    ],
    ['an image by parameter', runsInstances('ImageId=resolve:ssm:/prod/ami'), puts('/prod/ami')],
    ['a launch template by name', runsInstances(LT), moves('LaunchTemplateName=web')],
    ['by name, changed by id', runsInstances(LT), moves('LaunchTemplateId=lt-0a1b')],
    [
      'of a group',
      form('autoscaling', `Action=UpdateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=g&${LT}`),
      moves('LaunchTemplateName=web'),
    ],
    [
      'a job definition by name',
      submits('jd'),
      rest('batch', 'POST', '/v1/registerjobdefinition', { jobDefinitionName: 'jd', type: 'container' }),
    ],
    [
      'a function by its alias',
      rest('lambda', 'POST', '/2015-03-31/functions/f:live/invocations', {}),
      code('f'),
    ],
    [
      'a function by ARN',
      js('config', 'StarlingDoveService.PutConfigRule', {
        ConfigRule: {
          Source: { Owner: 'CUSTOM_LAMBDA', SourceIdentifier: `arn:aws:lambda:${HERE}:function:f` },
        },
      }),
      code('f'),
    ],
    [
      'a state machine by its alias',
      js('states', 'AWSStepFunctions.StartExecution', {
        stateMachineArn: `arn:aws:states:${HERE}:stateMachine:m:live`,
      }),
      js('states', 'AWSStepFunctions.UpdateStateMachineAlias', {
        stateMachineAliasArn: `arn:aws:states:${HERE}:stateMachine:m:live`,
      }),
    ],
    [
      'a job of Glue',
      glue('CreateTrigger', { Name: 't', Type: 'ON_DEMAND', Actions: [{ JobName: 'j' }] }),
      glue('UpdateJob', { JobName: 'j', JobUpdate: {} }),
    ],
    [
      'a script of Glue',
      glue('CreateJob', { Name: 'j', Role: 'r', Command: { ScriptLocation: 's3://code/j.py' } }),
      put('/code/j.py'),
    ],
    [
      'a policy by its default version',
      attaches(POLICY),
      iam(
        `Action=CreatePolicyVersion&PolicyArn=${encodeURIComponent(POLICY)}&PolicyDocument=x&SetAsDefault=true`,
      ),
    ],
    ['an image by its tag', container(`${ECR}:latest`), pushes],
    [
      'a secret that a container gets by name',
      container('x'),
      js('ssm', 'AmazonSSM.PutParameter', { Name: 'prod/db', Value: 'v' }),
    ],
    [
      'a script in user data',
      runsInstances(
        `UserData=${encodeURIComponent(Buffer.from('#!/bin/sh\naws s3 cp s3://code/x.sh - | sh\n').toString('base64'))}`,
      ),
      put('/code/x.sh'),
    ],
    [
      'a change set',
      form('cloudformation', 'Action=ExecuteChangeSet&Version=2010-05-15&StackName=s&ChangeSetName=c'),
      form(
        'cloudformation',
        'Action=CreateChangeSet&Version=2010-05-15&StackName=s&ChangeSetName=c&TemplateBody=x',
      ),
    ],
    ['code beside its bucket', code('f'), put('/code/f.zip')],
    ...CODE_IN_TEMPLATES.map(([what, text, more = '']): [string, Made, Made] => [
      `code in a template, ${what}`,
      templated(text, more),
      put('/code/f.zip'),
    ]),
    ['what an object is copied from', copies('code/f.zip'), put('/code/f.zip')],
  ])('%s', async (_, approved, change) => {
    expect(await isVoided(approved, change)).toBe(true)
  })

  it.each<[string, Made, Made]>([
    ['another family', runs('web'), registers('api')],
    ...CODE_IN_TEMPLATES.slice(0, KNOWN_CODE).map(([what, text, more = '']): [string, Made, Made] => [
      `other code than in a template, ${what}`,
      templated(text, more),
      put('/code/g.zip'),
    ]),
    [
      'a revision, which never changes',
      ecs('UpdateService', { cluster: 'c', service: 's', taskDefinition: 'web:3' }),
      registers('web'),
    ],
    [
      'a version of a function',
      js('config', 'StarlingDoveService.PutConfigRule', {
        ConfigRule: { Source: { SourceIdentifier: `arn:aws:lambda:${HERE}:function:f:3` } },
      }),
      code('f'),
    ],
    [
      'a policy of AWS',
      attaches('arn:aws:iam::aws:policy/ReadOnlyAccess'),
      iam(`Action=CreatePolicyVersion&PolicyArn=${encodeURIComponent(POLICY)}&PolicyDocument=x`),
    ],
    [
      'an image by its digest',
      ecs('RegisterTaskDefinition', {
        family: 'f',
        containerDefinitions: [{ image: `${ECR}@sha256:${'a'.repeat(64)}` }],
      }),
      pushes,
    ],
    ['a copy of one version', copies('code/f.zip?versionId=v1'), put('/code/f.zip')],
    ['the target of a copy', copies('code/f.zip'), put('/target/f.zip')],
    ['another launch template', runsInstances(LT), moves('LaunchTemplateName=api')],
    ['another parameter', runsInstances('ImageId=resolve:ssm:/prod/ami'), puts('/prod/ami2')],
  ])('but not after a change that leaves it as it was: %s', async (_, approved, change) => {
    expect(await isVoided(approved, change)).toBe(false)
  })
})
