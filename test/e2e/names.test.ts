/** S25 and S27 at a running proxy: boto3 names things in every way that AWS takes, and moto is the cloud behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { ALICE, approvalIn, approvals, PEOPLE } from '../support/approvers.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { BOTO3, missing, MOTO } from '../support/tools.ts'

const RESOURCES = [
  'arn:aws:rds:*:*:db:prod-*',
  'arn:aws:elasticache:*:*:replicationgroup:prod',
  'arn:aws:secretsmanager:*:*:secret:prod-db-*',
  'arn:aws:ec2:*:*:launch-template/lt-0123456789abcdef0',
  'arn:aws:ec2:*:*:security-group/sg-0123456789abcdef0',
  'arn:aws:kms:*:*:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  'arn:aws:cloudformation:*:*:stack/prod',
  'arn:aws:logs:*:*:log-group:prod:*',
  'arn:aws:iam::*:role/team/prod',
  'arn:aws:cloudformation:*:*:stack/*-live',
  'arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/prod-*',
]
const RULES = [
  { classes: ['destructive', 'protection', 'permissions'], resources: RESOURCES },
  {
    classes: ['opaque'],
    agents: [BUILDER.id],
    resources: ['arn:aws:ecs:*:*:task-definition/web:*', 'arn:aws:cloudformation:*:*:stack/new/*'],
  },
]

/** Works beside the one whose calls people approve. */
const OTHER = {
  ...BUILDER,
  id: 'spiffe://example.org/agent/other',
  accessKeyId: 'AKIDOTHER',
  secretAccessKey: 'secret-of-the-test-agent-named-other',
}

interface Thrown {
  readonly code: string
  readonly message: string
}

describe.skipIf(missing(MOTO, BOTO3))('names of one thing', () => {
  let proxy: Proxy
  beforeAll(async () => {
    const settings = {
      admin: { people: PEOPLE },
      policy: { approvals: RULES },
      approvals: { pendingPerAgent: 100 },
    }
    proxy = await startProxy({ upstream: await freshMoto(), agents: [BUILDER, OTHER], settings })
  })
  afterAll(() => proxy?.stop())

  const tried = async (service: string, call: string, args: string): Promise<Thrown> =>
    (await boto3(
      proxy.url,
      `result = thrown(client('${service}', retries={'max_attempts': 0}).${call}, ${args})`,
    )) as Thrown

  it.each([
    ['rds', 'delete_db_instance', "DBInstanceIdentifier='prod-1', SkipFinalSnapshot=True"],
    ['rds', 'delete_db_instance', "DBInstanceIdentifier='PROD-1', SkipFinalSnapshot=True"],
    ['docdb', 'delete_db_instance', "DBInstanceIdentifier='pRoD-1'"],
    ['elasticache', 'delete_replication_group', "ReplicationGroupId='PROD'"],
    ['secretsmanager', 'delete_secret', "SecretId='prod-db'"],
    ['secretsmanager', 'delete_secret', "SecretId='prod-db-AbCdEf'"],
    [
      'secretsmanager',
      'delete_secret',
      "SecretId='arn:aws:secretsmanager:us-east-1:123456789012:secret:prod-db'",
    ],
    [
      'secretsmanager',
      'delete_secret',
      "SecretId='arn:aws:secretsmanager:us-east-1:123456789012:secret:prod-db-AbCdEf'",
    ],
    ['ec2', 'delete_launch_template', "LaunchTemplateId='lt-0123456789abcdef0'"],
    ['ec2', 'delete_launch_template', "LaunchTemplateName='web'"],
    ['ec2', 'delete_security_group', "GroupId='sg-0123456789abcdef0'"],
    ['ec2', 'delete_security_group', "GroupName='web'"],
    ['kms', 'schedule_key_deletion', "KeyId='1234abcd-12ab-34cd-56ef-1234567890ab'"],
    [
      'kms',
      'schedule_key_deletion',
      "KeyId='arn:aws:kms:us-east-1:123456789012:key/1234ABCD-12ab-34cd-56ef-1234567890ab'",
    ],
    ['kms', 'schedule_key_deletion', "KeyId='alias/prod'"],
    ['cloudformation', 'delete_stack', "StackName='prod'"],
    [
      'cloudformation',
      'delete_stack',
      "StackName='arn:aws:cloudformation:us-east-1:123456789012:stack/prod/1a2b'",
    ],
    ['cloudformation', 'delete_stack', "StackName='web-live'"],
    ['autoscaling', 'delete_auto_scaling_group', "AutoScalingGroupName='prod-1'"],
    ['autoscaling', 'delete_auto_scaling_group', "AutoScalingGroupName='Prod-*'"],
    ['logs', 'delete_log_group', "logGroupName='prod'"],
    ['iam', 'delete_role', "RoleName='prod'"],
  ])('%s %s(%s) waits for a person', async (service, call, args) => {
    expect((await tried(service, call, args)).message).toContain('must approve')
  })

  it('tells the agent, and the person, that two names cannot be told apart', async () => {
    const { message } = await tried('ec2', 'delete_launch_template', "LaunchTemplateName='web'")
    expect(message).toContain('may be another name of arn:aws:ec2:*:*:launch-template/lt-0123456789abcdef0')
    const shown = await approvals(proxy, ALICE, 'show', approvalIn(message))
    expect(shown.replaceAll(/\s+/g, ' ')).toContain(
      'may be another name of arn:aws:ec2:*:*:launch-template/lt-0123456789abcdef0',
    )
  })

  it.each([
    ['rds', 'delete_db_instance', "DBInstanceIdentifier='test-1', SkipFinalSnapshot=True"],
    ['secretsmanager', 'delete_secret', "SecretId='prod-web'"],
    ['ec2', 'delete_launch_template', "LaunchTemplateId='lt-0123456789abcdef1'"],
    ['kms', 'schedule_key_deletion', "KeyId='1234abcd-12ab-34cd-56ef-1234567890ac'"],
    ['ec2', 'delete_security_group', "GroupId='sg-0123456789abcdef1'"],
    ['cloudformation', 'delete_stack', "StackName='production'"],
    ['cloudformation', 'delete_stack', "StackName='live'"],
    ['autoscaling', 'delete_auto_scaling_group', "AutoScalingGroupName='test-1'"],
    ['autoscaling', 'delete_auto_scaling_group', "AutoScalingGroupName='*'"],
    ['iam', 'delete_role', "RoleName='test'"],
  ])('%s %s(%s) is about something else, and goes on', async (service, call, args) => {
    const made = await boto3(
      proxy.url,
      `
try:
    client('${service}', retries={'max_attempts': 0}).${call}(${args})
    result = ''
except ClientError as error:
    result = error.response['Error']['Message']`,
    )
    expect(made).not.toContain('approve')
  })

  it('an approved task is void once its family has a new revision', async () => {
    const registered =
      "client('ecs').register_task_definition(family='web', containerDefinitions=[{'name': 'c', 'image': 'i', 'memory': 1}])"
    await boto3(proxy.url, `client('ecs').create_cluster(clusterName='c')\n${registered}\nresult = 1`, OTHER)
    const run = "cluster='c', taskDefinition='web'"
    const id = approvalIn((await tried('ecs', 'run_task', run)).message)
    await approvals(proxy, ALICE, 'approve', id)
    await boto3(proxy.url, `${registered}\nresult = 1`, OTHER)
    expect(await approvals(proxy, ALICE, 'show', id)).toContain(': void')
    expect(approvalIn((await tried('ecs', 'run_task', run)).message)).not.toBe(id)
  })

  it('an approved stack is void once its template is written anew, whatever URL names it', async () => {
    await boto3(proxy.url, "client('s3').create_bucket(Bucket='templates')\nresult = 1")
    const args =
      "StackName='new', TemplateURL='https://templates.s3.dualstack.us-east-1.amazonaws.com/t.json'"
    const id = approvalIn((await tried('cloudformation', 'create_stack', args)).message)
    await approvals(proxy, ALICE, 'approve', id)
    await boto3(
      proxy.url,
      "client('s3').put_object(Bucket='templates', Key='t.json', Body=b'{}')\nresult = 1",
    )
    expect(await approvals(proxy, ALICE, 'show', id)).toContain(': void')
    expect(approvalIn((await tried('cloudformation', 'create_stack', args)).message)).not.toBe(id)
  })
})
