import { beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import { BOTO3, missing } from '../support/tools.ts'

const ROLE = 'arn:aws:iam::123456789012:role/agents/cleaner'

/** `sts` and `dynamodb` of the session that `assume` gave. */
const SESSION = `
def session(answer):
    keys = answer['Credentials']
    return boto3.Session(aws_access_key_id=keys['AccessKeyId'], aws_secret_access_key=keys['SecretAccessKey'],
                         aws_session_token=keys['SessionToken'])
def policy(*statements):
    return json.dumps({'Version': '2012-10-17', 'Statement': list(statements)})
sts = client('sts')
`

describe.skipIf(missing(BOTO3))('STS, as boto3 calls it', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy
  beforeAll(async () => {
    const scene = await openScene({
      agents: [BUILDER, READER],
      settings: { upstream: { accountId: '123456789012' } },
    })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  it('AssumeRole opens a task of that name, and never reaches AWS', async () => {
    const result = await boto3(
      proxy.url,
      `${SESSION}
answer = sts.assume_role(RoleArn='${ROLE}', RoleSessionName='clean-up-7', DurationSeconds=900)
who = session(answer).client('sts').get_caller_identity()
session(answer).client('dynamodb').list_tables()
result = {'arn': answer['AssumedRoleUser']['Arn'], 'who': who['Arn'], 'account': who['Account']}`,
    )
    const arn = 'arn:aws:sts::123456789012:assumed-role/cleaner/clean-up-7'
    expect(result).toEqual({ arn, who: arn, account: '123456789012' })
    expect(upstream.recorded.map(({ headers }) => headers['x-amz-target'])).toEqual([
      'DynamoDB_20120810.ListTables',
    ])
    expect(await proxy.record(({ operation }) => operation === 'AssumeRole')).toMatchObject({
      phase: 'decision',
      task: 'clean-up-7',
      class: 'credentials',
      decision: 'allow',
    })
  })

  it('a session policy narrows, and a role assumed from a session only more', async () => {
    const result = await boto3(
      proxy.url,
      `${SESSION}
outer = sts.assume_role(RoleArn='${ROLE}', RoleSessionName='outer-8', Policy=policy(
    {'Effect': 'Allow', 'Action': 'dynamodb:*', 'Resource': '*'},
    {'Effect': 'Deny', 'Action': 'dynamodb:DELETETABLE', 'Resource': '*'}))
inner = session(outer).client('sts').assume_role(RoleArn='${ROLE}', RoleSessionName='inner-8', Policy=policy(
    {'Effect': 'Allow', 'Action': '*', 'Resource': '*'}))
result = [thrown(session(each).client('dynamodb').delete_table, TableName='t') for each in (outer, inner)]
result.append(thrown(session(inner).client('s3').list_buckets))
session(inner).client('dynamodb').list_tables()
result.append(thrown(sts.assume_role, RoleArn='${ROLE}', RoleSessionName='cond', Policy=policy(
    {'Effect': 'Allow', 'Action': '*', 'Resource': '*', 'Condition': {'Bool': {'aws:SecureTransport': 'true'}}})))`,
    )
    expect(result).toMatchObject([
      {
        code: 'AccessDeniedException',
        message: expect.stringContaining('does not allow dynamodb:DeleteTable'),
      },
      {
        code: 'AccessDeniedException',
        message: expect.stringContaining('does not allow dynamodb:DeleteTable'),
      },
      { code: 'AccessDenied', message: expect.stringContaining('does not allow s3:ListAllMyBuckets') },
      { code: 'ValidationError', message: expect.stringContaining('The session policy may have') },
    ])
  })

  it('wants a name of its own for each task, and refuses what would hand out credentials of AWS', async () => {
    const sent = upstream.arrived.length
    const result = await boto3(
      proxy.url,
      `${SESSION}
result = [
    thrown(sts.assume_role, RoleArn='${ROLE}', RoleSessionName='botocore-session-1795468084'),
    thrown(sts.get_session_token),
    thrown(sts.get_federation_token, Name='somebody'),
    thrown(sts.assume_role_with_saml, RoleArn='${ROLE}', PrincipalArn='${ROLE}', SAMLAssertion='AAAA'),
]`,
    )
    expect(result).toMatchObject([
      { code: 'ValidationError', message: expect.stringContaining('an SDK generates') },
      { code: 'AccessDenied', status: 403, message: expect.stringContaining('credentials_withheld') },
      { code: 'AccessDenied', status: 403, message: expect.stringContaining('credentials_withheld') },
      { status: 403 },
    ])
    expect(upstream.arrived.length).toBe(sent)
  })

  it('hands out no credentials of AWS because an operator classed the call otherwise', async () => {
    const loose = await startProxy({
      upstream: upstream.url,
      settings: { catalogue: { overrides: [{ operation: 'sts:*', classes: ['read'] }] } },
    })
    const sent = upstream.arrived.length
    const result = await boto3(
      loose.url,
      `${SESSION}
result = [thrown(sts.get_session_token), thrown(sts.get_federation_token, Name='somebody')]`,
    )
    expect(result).toMatchObject([{ code: 'AccessDenied' }, { code: 'AccessDenied' }])
    expect(upstream.arrived.length).toBe(sent)
    await loose.stop()
  })
})
