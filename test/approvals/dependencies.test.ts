import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dependenciesOf, touches } from '../../proxy/approvals/dependencies.ts'
import type { Call } from '../../proxy/core/call.ts'
import type { Signing, WireRequest } from '../sigv4/signing.ts'
import { ACCOUNT, DELETE_TABLE, decided, json, query } from './calls.ts'

/** A request and how it is signed. */
type Made = readonly [wire: Partial<WireRequest>, signing: Signing]

const HERE = `us-east-1:${ACCOUNT}`
const CFN = 'https://s3.eu-west-1.amazonaws.com/templates/a%20b.yaml'

const js = (service: string, target: string, body: object | string): Made => [json(target, body), { service }]
const form = (service: string, body: string): Made => [query(body), { service }]
const rest = (service: string, method: string, path: string, body?: object): Made => [
  {
    method,
    path,
    ...(body === undefined
      ? {}
      : { headers: ['Content-Type', 'application/json'], body: Buffer.from(JSON.stringify(body)) }),
  },
  { service },
]
const ecs = (name: string, body: object): Made =>
  js('ecs', `AmazonEC2ContainerServiceV20141113.${name}`, body)
const ssm = (name: string, body: object): Made => js('ssm', `AmazonSSM.${name}`, body)
const glue = (name: string, body: object): Made => js('glue', `AWSGlue.${name}`, body)
const ec2 = (text: string): Made => form('ec2', `${text}&Version=2016-11-15`)
const iam = (text: string): Made => form('iam', `${text}&Version=2010-05-08`)
const put = (path: string): Made => rest('s3', 'PUT', path)

async function callOf([wire, signing]: Made): Promise<Call> {
  const { call } = await decided(wire, signing)
  expect(call.class).not.toBe('unknown')
  return call
}

async function isVoided(approved: Made, change: Made): Promise<boolean> {
  const call = await callOf(approved)
  const names = dependenciesOf(call)
  return names.length > 0 && touches(await callOf(change), names, call.service)
}

const runs = (definition: string) => ecs('RunTask', { taskDefinition: definition })
const registers = (family: string) => ecs('RegisterTaskDefinition', { family, containerDefinitions: [] })
const stack = (parameters: string): Made =>
  form('cloudformation', `Action=CreateStack&Version=2010-05-15&StackName=s&${parameters}`)
const templateAt = (url: string) => stack(`TemplateURL=${encodeURIComponent(url)}`)
const templated = (text: string) => stack(`TemplateBody=${encodeURIComponent(text)}`)
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
const ECR = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web`
const pushes = js('ecr', 'AmazonEC2ContainerRegistry_V20150921.PutImage', {
  repositoryName: 'web',
  imageManifest: '{}',
  imageTag: 'latest',
})

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
      rest('lambda', 'POST', '/2015-03-31/functions/f/invocations?x=1'.replace('?x=1', ''), {}),
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
  ])('%s', async (_, approved, change) => {
    expect(await isVoided(approved, change)).toBe(true)
  })

  it.each([
    's3://code/t.yaml',
    's3a://code/t.yaml',
    's3n://code/t.yaml',
    'https://code.s3.amazonaws.com/t.yaml',
    'https://code.s3.eu-west-1.amazonaws.com/t.yaml?versionId=1',
    'https://CODE.S3.eu-west-1.amazonaws.com:443/t.yaml',
    'https://code.s3-eu-west-1.amazonaws.com/t.yaml',
    'https://code.s3.dualstack.eu-west-1.amazonaws.com/t.yaml',
    'https://code.s3-fips.us-gov-west-1.amazonaws.com/t.yaml',
    'https://code.s3-accelerate.amazonaws.com/t.yaml',
    'https://code.s3.cn-north-1.amazonaws.com.cn/t.yaml',
    'https://s3.amazonaws.com/code/t.yaml',
    'https://s3.eu-west-1.amazonaws.com/code/t%2Eyaml',
    'http://s3-eu-west-1.amazonaws.com/code/t.yaml',
    's3://ap-abcdefghijklmnopqrstuvwxyz0123456-s3alias/t.yaml',
    'https://ap-abcdefghijklmnopqrstuvwxyz0123456-s3alias.s3.eu-west-1.amazonaws.com/t.yaml',
    'https://ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/t.yaml',
    `arn:aws:s3:us-east-1:${ACCOUNT}:accesspoint/ap/object/t.yaml`,
    `s3://arn:aws:s3:us-east-1:${ACCOUNT}:accesspoint/ap/t.yaml`,
    'arn:aws:s3:::code/t.yaml',
    's3://code/',
  ])('an object that is spelled %s', async (url) => {
    expect(await isVoided(templateAt(url), put('/code/t.yaml'))).toBe(true)
    expect(
      await isVoided(templated(`{"u":"${url.replaceAll('/', String.raw`\/`)}"}`), put('/code/t.yaml')),
    ).toBe(true)
    const escaped = url.replaceAll(':', String.raw`\u003a`)
    expect(await isVoided(templated(`{"u":"${escaped}"}`), put('/code/t.yaml'))).toBe(true)
    expect(await isVoided(templateAt(url), put('/other-bucket/other.yaml'))).toBe(false)
  })

  it.each<[string, Made, Made]>([
    ['another family', runs('web'), registers('api')],
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
    ['another launch template', runsInstances(LT), moves('LaunchTemplateName=api')],
    ['another parameter', runsInstances('ImageId=resolve:ssm:/prod/ami'), puts('/prod/ami2')],
  ])('but not after a change that leaves it as it was: %s', async (_, approved, change) => {
    expect(await isVoided(approved, change)).toBe(false)
  })
})

describe('dependenciesOf', () => {
  it('is nothing for a call that says itself what it does', async () => {
    const { call } = await decided(DELETE_TABLE)
    expect(dependenciesOf(call)).toEqual([])
    const byArn = js('dynamodb', 'DynamoDB_20120810.DeleteTable', {
      TableName: `arn:aws:dynamodb:${HERE}:table/orders`,
    })
    expect(dependenciesOf(await callOf(byArn))).toEqual([])
  })

  it('is what an opaque call acts on, and what it has AWS read', async () => {
    const call = await callOf(templateAt(CFN))
    expect(call.classes).toContain('opaque')
    expect(dependenciesOf(call)).toEqual(
      expect.arrayContaining([...call.resources, 'arn:aws:s3:::templates/a b.yaml']),
    )
  })

  it.each([
    ['{"Code":{"S3Bucket":"code","S3Key":"f.zip"}}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":"https://code.s3.amazonaws.com/f.zip?versionId=1"}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":"https:\\/\\/code.s3.eu-west-1.amazonaws.com\\/f.zip"}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":"s3://code/f.zip"}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":["arn:aws:iam::1:role/r"]}', 'arn:aws:iam::1:role/r'],
  ])('finds what %s names', async (text, name) => {
    const call = await callOf([json('AmazonSSM.SendCommand', text), { service: 'ssm' }])
    expect(dependenciesOf({ ...call, classes: ['opaque'] })).toContain(name)
  })

  it('is bounded, and everything for a call that names more', async () => {
    const text = JSON.stringify({ u: Array.from({ length: 5000 }, (_, index) => `arn:aws:s3:::b/${index}`) })
    const call = await callOf([json('AmazonSSM.SendCommand', text), { service: 'ssm' }])
    const names = dependenciesOf({ ...call, classes: ['opaque'] })
    expect(names).toHaveLength(101)
    expect(touches(await callOf(put('/anything/at-all')), names, 'ssm')).toBe(true)
  })

  it('finds a name wherever it stands in a request, whatever surrounds it', async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{2,10}$/)
    const around = fc.string({
      unit: fc.constantFrom('"', ' ', '\n', '(', '{', '`', '&', '=', ';', ')'),
      maxLength: 3,
    })
    await fc.assert(
      fc.asyncProperty(name, name, around, async (bucket, key, before) => {
        const commands = [`${before}s3://${bucket}/${key}${before}`]
        const call = await callOf(
          ssm('SendCommand', { DocumentName: 'AWS-RunShellScript', Parameters: { commands } }),
        )
        expect(touches(await callOf(put(`/${bucket}/${key}`)), dependenciesOf(call), 'ssm')).toBe(true)
      }),
      { numRuns: 30 },
    )
  })
})

describe('touches', () => {
  const F = 'arn:aws:lambda:us-east-1:1:function:f'
  it.each([
    [F, F, true],
    [`${F}:prod`, F, true],
    [F, `${F}:prod`, true],
    [F, 'arn:aws:lambda:us-east-1:1:function:f2', false],
    [F, 'arn:aws:lambda:us-east-1:*:function:f', true],
    [F, 'arn:aws:lambda:us-east-1:*:function:f:live', true],
    ['arn:aws:s3:::b/k', 'arn:aws:s3:::b/k', true],
    ['arn:aws:s3:::b/k', 'arn:aws:s3:::b/*', true],
    ['arn:aws:s3:::b/k', 'arn:aws:s3:::b', true],
    ['arn:aws:s3:::b/k', 'arn:aws:s3:::b2/k', false],
    ['arn:aws:s3:::b/folder/', 'arn:aws:s3:::b/folder/k', true],
    ['arn:aws:glue:us-east-1:1:job/Job', 'arn:aws:glue:us-east-1:1:job/jOB', true],
    [
      'arn:aws:secretsmanager:us-east-1:1:secret:s',
      'arn:aws:secretsmanager:us-east-1:1:secret:s-AbCdEf',
      true,
    ],
  ])('what depends on %s is touched by a change of %s: %s', (name, resource, expected) => {
    expect(touches({ service: 's3', resources: [resource] }, [name], 'lambda')).toBe(expected)
  })

  it('takes what is not known for anything of its service', () => {
    expect(touches({ service: 'lambda', resources: ['*'] }, [F], 'lambda')).toBe(true)
    expect(touches({ service: 'sqs', resources: ['*'] }, [F], 'lambda')).toBe(false)
    expect(touches({ service: 'ssm', resources: ['arn:aws:ssm:us-east-1:1:document/d'] }, ['*'], 'ssm')).toBe(
      true,
    )
    expect(touches({ service: 'ssm', resources: ['arn:aws:ssm:us-east-1:1:document/d'] }, [], 'ssm')).toBe(
      true,
    )
  })

  it('takes what is not known for anything of the services that the call reads from', () => {
    expect(touches({ service: 'lambda', resources: ['*'] }, [F], 'config')).toBe(true)
  })
})
