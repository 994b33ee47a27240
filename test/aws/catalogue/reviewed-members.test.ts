/** Rules S12 and S13: what a model's member names give away, on real requests. */
import { describe, expect, it } from 'vitest'
import { catalogue, classified, ec2, form, json, rest, s3, type Sample } from '../requests.ts'

const ROLE = 'arn:aws:iam::111122223333:role/deployer'
const HERE = 'us-east-1:111122223333'

function states(operation: string, body: unknown): Sample {
  return json(`AWSStepFunctions.${operation}`, body, 'states')
}

function operationNamed(key: string) {
  const [model = '', name = ''] = key.split('.')
  return catalogue.service(model)?.operation(name)
}

describe('a role that is passed on', () => {
  it('is an action and a resource of its own, and has somebody act later', async () => {
    const call = await classified(
      states('CreateStateMachine', { name: 'm', definition: '{}', roleArn: ROLE }),
    )
    expect(call.actions).toEqual(['states:CreateStateMachine', 'iam:PassRole'])
    expect(call.resources).toEqual([`arn:aws:states:${HERE}:stateMachine:m`, ROLE])
    expect(call.class).toBe('opaque')
  })

  it('may be named without its ARN', async () => {
    const body = { Name: 'job', Role: 'service-role/Glue', Command: { Name: 'glueetl' } }
    const { resources } = await classified(json('AWSGlue.CreateJob', body, 'glue'))
    expect(resources).toContain('arn:aws:iam::111122223333:role/service-role/Glue')
  })

  it.each<[string, Sample]>([
    ['an instance profile', ec2('Action=RunInstances&ImageId=ami-1&IamInstanceProfile.Name=admin')],
    [
      'a text that is no role',
      states('CreateStateMachine', { name: 'm', definition: '{}', roleArn: 'arn:aws:iam::*:role/*' }),
    ],
    ['a number', states('CreateStateMachine', { name: 'm', definition: '{}', roleArn: 1 })],
  ])('is any role where it is given as %s', async (_what, sample) => {
    const { actions, resources, classes } = await classified(sample)
    expect(actions).toContain('iam:PassRole')
    expect(resources).toContain('*')
    expect(classes).toContain('opaque')
  })

  it('counts at every depth', async () => {
    const task = { family: 'f', containerDefinitions: [], taskRoleArn: ROLE, executionRoleArn: `${ROLE}2` }
    const call = await classified(
      json('AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition', task, 'ecs'),
    )
    expect(call.resources).toEqual(expect.arrayContaining([ROLE, `${ROLE}2`]))
    const rule = `<ReplicationConfiguration><Role>${ROLE}</Role></ReplicationConfiguration>`
    const replication = await classified(s3('PUT', '/bucket?replication', rule))
    expect(replication.resources).toEqual(['arn:aws:s3:::bucket', ROLE])
  })

  it('counts where IAM itself hands it to an instance', async () => {
    const add = 'Action=AddRoleToInstanceProfile&Version=2010-05-08&InstanceProfileName=p&RoleName=admin'
    const { actions, resources } = await classified(form('iam', add))
    expect(actions).toContain('iam:PassRole')
    expect(resources).toContain('arn:aws:iam::111122223333:role/admin')
  })

  it('that is not given changes nothing', async () => {
    const call = await classified(ec2('Action=RunInstances&ImageId=ami-1'))
    expect(call.actions).toEqual(['ec2:RunInstances'])
    expect(call.classes).toEqual(['write'])
  })
})

describe('what is run later', () => {
  it.each<[string, Sample]>([
    ['user data', ec2('Action=RunInstances&ImageId=ami-1&UserData=IyEvYmluL3No')],
    ['a launch template', ec2('Action=RunInstances&LaunchTemplate.LaunchTemplateName=t')],
    ['a definition', states('UpdateStateMachine', { stateMachineArn: 'a', definition: '{}' })],
    [
      'a template',
      form('cloudformation', 'Action=CreateChangeSet&Version=2010-05-15&StackName=s&TemplateURL=u'),
    ],
    [
      'the code of a function',
      rest('lambda', 'POST', '/2015-03-31/functions', { FunctionName: 'f', Code: {} }),
    ],
    [
      'an object notification',
      s3('PUT', '/bucket?notification', '<NotificationConfiguration></NotificationConfiguration>'),
    ],
  ])('makes a call opaque: %s', async (_what, sample) => {
    expect((await classified(sample)).classes).toContain('opaque')
  })

  it('leaves the same call without it what it was', async () => {
    const call = await classified(
      json('AWSStepFunctions.UpdateStateMachine', { stateMachineArn: 'a' }, 'states'),
    )
    expect(call.classes).toEqual(['write'])
  })
})

describe('answers that hand something out', () => {
  it.each([
    'sts.AssumeRole',
    'ssm.StartSession',
    'ecs.ExecuteCommand',
    'ecr.GetDownloadUrlForLayer',
    'codebuild.StartSandboxConnection',
    'account-access-runtime.GetRoleCredentials',
  ])('are credentials: %s', (key) => {
    expect(operationNamed(key)?.classes).toContain('credentials')
  })

  it.each(['rolesanywhere.CreateTrustAnchor', 'iam.CreateOpenIDConnectProvider', 'ec2.ImportKeyPair'])(
    'are credentials and permissions where a key or an issuer is registered: %s',
    (key) => {
      expect(operationNamed(key)?.classes).toEqual(expect.arrayContaining(['credentials', 'permissions']))
    },
  )

  it.each([
    'lambda.GetFunction',
    'lambda.GetLayerVersion',
    'cognito-idp.DescribeUserPoolClient',
    'ec2.DescribeVpnConnections',
    'lightsail.GetBucketAccessKeys',
    'appsync.ListApiKeys',
  ])('are a read of a secret where they describe what is stored: %s', (key) => {
    const operation = operationNamed(key)
    expect(operation?.classes).toEqual([operation?.level === 'List' ? 'list' : 'read'])
    expect(operation?.traits).toContain('reads-secret')
  })

  it.each(['rds.DescribeDBInstances', 'ec2.DescribeInstances', 'dynamodb.GetItem', 'sts.GetCallerIdentity'])(
    'are not where they only name things: %s',
    (key) => {
      expect(['read', 'list']).toContain(operationNamed(key)?.classes.join())
    },
  )
})
