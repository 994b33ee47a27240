import { describe, expect, it } from 'vitest'
import { protocolGuess } from '../../../proxy/aws/identify/protocol-guess.ts'
import { catalogue, classified, dynamodb, ec2, form, headOf, json, rest, type Sample } from '../requests.ts'

async function named(sample: Sample): Promise<string> {
  const { model, operation, protocol } = await classified(sample)
  return `${model}.${operation} ${protocol}`
}

const CBOR = ['smithy-protocol', 'rpc-v2-cbor', 'content-type', 'application/cbor']

describe('identify: X-Amz-Target', () => {
  it.each<[Sample, string]>([
    [dynamodb('GetItem', { TableName: 't' }), 'dynamodb.GetItem json-1.0'],
    [dynamodb('DeleteTable', { TableName: 't' }), 'dynamodb.DeleteTable json-1.0'],
    [json('AmazonSQS.SendMessage', {}, 'sqs'), 'sqs.SendMessage json-1.0'],
    [json('TrentService.Decrypt', {}, 'kms'), 'kms.Decrypt json-1.0'],
    [json('secretsmanager.GetSecretValue', {}, 'secretsmanager'), 'secretsmanager.GetSecretValue json-1.0'],
    [json('AmazonSSM.SendCommand', {}, 'ssm'), 'ssm.SendCommand json-1.0'],
    [json('Logs_20140328.DeleteLogGroup', {}, 'logs'), 'logs.DeleteLogGroup json-1.0'],
    [json('AWSStepFunctions.StartExecution', {}, 'states'), 'stepfunctions.StartExecution json-1.0'],
    [json('AWSEvents.PutRule', {}, 'events'), 'events.PutRule json-1.0'],
    [json('Kinesis_20131202.PutRecord', {}, 'kinesis'), 'kinesis.PutRecord json-1.0'],
    [
      json('AWSCognitoIdentityProviderService.AdminDeleteUser', {}, 'cognito-idp'),
      'cognito-idp.AdminDeleteUser json-1.0',
    ],
    [json('AmazonEC2ContainerServiceV20141113.ExecuteCommand', {}, 'ecs'), 'ecs.ExecuteCommand json-1.0'],
    [json('CloudTrail_20131101.DeleteTrail', {}, 'cloudtrail'), 'cloudtrail.DeleteTrail json-1.0'],
    [
      json('com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DeleteTrail', {}, 'cloudtrail'),
      'cloudtrail.DeleteTrail json-1.0',
    ],
    [
      json('GraniteServiceVersion20100801.DeleteAlarms', {}, 'monitoring'),
      'cloudwatch.DeleteAlarms json-1.0',
    ],
  ])('%#: %o', async (sample, expected) => {
    expect(await named(sample)).toBe(expected)
  })

  it('tells JSON 1.1 from 1.0 by the content type', async () => {
    const sample = {
      ...json('TrentService.Decrypt', {}, 'kms'),
      headers: ['x-amz-target', 'TrentService.Decrypt', 'content-type', 'application/x-amz-json-1.1'],
    }
    expect(await named(sample)).toBe('kms.Decrypt json-1.1')
  })
})

describe('identify: CBOR', () => {
  it('reads service and operation from the path', async () => {
    const target = '/service/GraniteServiceVersion20100801/operation/DeleteAlarms'
    expect(await named({ scope: 'monitoring', target, headers: CBOR })).toBe('cloudwatch.DeleteAlarms cbor')
  })

  it('does not know the path without the protocol header', async () => {
    const target = '/service/GraniteServiceVersion20100801/operation/DeleteAlarms'
    expect((await classified({ scope: 'monitoring', target })).class).toBe('unknown')
  })
})

describe('identify: query and EC2', () => {
  it.each<[Sample, string]>([
    [ec2('Action=TerminateInstances&InstanceId.1=i-1'), 'ec2.TerminateInstances ec2'],
    [ec2('Action=DescribeInstances'), 'ec2.DescribeInstances ec2'],
    [form('sts', 'Action=GetCallerIdentity&Version=2011-06-15'), 'sts.GetCallerIdentity query'],
    [form('iam', 'Action=CreateUser&Version=2010-05-08&UserName=u'), 'iam.CreateUser query'],
    [form('sns', 'Action=Publish&Version=2010-03-31&Message=m'), 'sns.Publish query'],
    [
      form('rds', 'Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier=d'),
      'rds.DeleteDBInstance query',
    ],
    [
      form('cloudformation', 'Action=DeleteStack&Version=2010-05-15&StackName=s'),
      'cloudformation.DeleteStack query',
    ],
    [
      form('autoscaling', 'Action=SetDesiredCapacity&Version=2011-01-01'),
      'autoscaling.SetDesiredCapacity query',
    ],
    [
      form('elasticloadbalancing', 'Action=DeleteLoadBalancer&Version=2015-12-01'),
      'elbv2.DeleteLoadBalancer query',
    ],
    [
      form('elasticloadbalancing', 'Action=DeleteLoadBalancer&Version=2012-06-01'),
      'elb.DeleteLoadBalancer query',
    ],
    [form('sqs', 'Action=DeleteQueue&Version=2012-11-05&QueueUrl=q'), 'sqs.DeleteQueue query'],
    [
      { ...form('sqs', 'Action=PurgeQueue&Version=2012-11-05'), target: '/111122223333/q' },
      'sqs.PurgeQueue query',
    ],
    [form('monitoring', 'Action=DeleteAlarms&Version=2010-08-01'), 'cloudwatch.DeleteAlarms query'],
    [
      {
        scope: 'ec2',
        method: 'GET',
        target: '/?Action=TerminateInstances&InstanceId.1=i&Version=2016-11-15',
      },
      'ec2.TerminateInstances ec2',
    ],
  ])('%#: %o', async (sample, expected) => {
    expect(await named(sample)).toBe(expected)
  })

  it('does not know an action without its version', async () => {
    expect((await classified(form('iam', 'Action=CreateUser'))).class).toBe('unknown')
  })
})

describe('identify: REST paths', () => {
  it.each<[Sample, string]>([
    [rest('lambda', 'POST', '/2015-03-31/functions/f/invocations'), 'lambda.Invoke rest-json'],
    [rest('lambda', 'DELETE', '/2015-03-31/functions/f'), 'lambda.DeleteFunction rest-json'],
    [rest('lambda', 'DELETE', '/2015-03-31/functions/f/'), 'lambda.DeleteFunction rest-json'],
    [rest('lambda', 'GET', '/2015-03-31/functions/'), 'lambda.ListFunctions rest-json'],
    [
      rest('lambda', 'GET', '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af'),
      'lambda.GetFunction rest-json',
    ],
    [
      rest('route53', 'POST', '/2013-04-01/hostedzone/Z1/rrset/', '<ChangeResourceRecordSetsRequest/>'),
      'route53.ChangeResourceRecordSets rest-xml',
    ],
    [
      rest('route53', 'POST', '/2013-04-01/hostedzone/Z1/rrset', '<ChangeResourceRecordSetsRequest/>'),
      'route53.ChangeResourceRecordSets rest-xml',
    ],
    [rest('apigateway', 'DELETE', '/restapis/a'), 'apigateway.DeleteRestApi rest-json'],
    [rest('apigateway', 'DELETE', '/v2/apis/a'), 'apigatewayv2.DeleteApi rest-json'],
    [rest('eks', 'DELETE', '/clusters/c'), 'eks.DeleteCluster rest-json'],
    [rest('elasticfilesystem', 'DELETE', '/2015-02-01/file-systems/fs-1'), 'efs.DeleteFileSystem rest-json'],
    [rest('backup', 'DELETE', '/backup-vaults/v'), 'backup.DeleteBackupVault rest-json'],
    [rest('ses', 'POST', '/v2/email/outbound-emails', '{}'), 'sesv2.SendEmail rest-json'],
    [rest('bedrock', 'POST', '/model/m/invoke', '{}'), 'bedrock-runtime.InvokeModel rest-json'],
    [rest('batch', 'POST', '/v1/terminatejob', { jobId: 'j', reason: 'r' }), 'batch.TerminateJob rest-json'],
    [{ ...form('ses', 'Action=SendEmail&Version=2010-12-01') }, 'ses.SendEmail query'],
    [rest('cloudfront', 'DELETE', '/2020-05-31/distribution/E1'), 'cloudfront.DeleteDistribution rest-xml'],
  ])('%#: %o', async (sample, expected) => {
    expect(await named(sample)).toBe(expected)
  })

  it.each([
    '/2015-03-31/functions/x/../f',
    '/2015-03-31/functions/x/%2e%2e/f',
    '/2015-03-31//functions/f',
    '/2015-03-31/functions/%ff',
  ])('knows nothing of %s', async (path) => {
    expect((await classified(rest('lambda', 'DELETE', path))).class).toBe('unknown')
  })

  it('knows no operation of a service that it has never heard of', async () => {
    expect((await classified(rest('nosuch', 'GET', '/'))).reason).toBe('no service signs with this name')
  })
})

const FORM = ['content-type', 'application/x-www-form-urlencoded']

describe('protocolGuess', () => {
  it.each<[Sample, string]>([
    [dynamodb('Nothing', {}), 'json-1.0'],
    [
      { scope: 'kms', headers: ['x-amz-target', 'x', 'content-type', 'application/x-amz-json-1.1'] },
      'json-1.1',
    ],
    [{ scope: 'monitoring', headers: CBOR }, 'cbor'],
    [ec2('Action=Nothing'), 'ec2'],
    [form('sts', 'Action=Nothing'), 'query'],
    [{ scope: 's3', target: '/b?nothing' }, 's3'],
    [{ scope: 's3', target: '/b/k', headers: FORM }, 's3'],
    [{ scope: 's3', headers: ['x-amz-target', 'x', 'content-type', 'application/json'] }, 's3'],
    [{ scope: 's3', headers: CBOR }, 's3'],
    [{ scope: 'dynamodb', headers: FORM }, 'json-1.0'],
    [{ scope: 'kms', headers: FORM }, 'json-1.1'],
    [{ scope: 'kms', headers: ['x-amz-target', 'x'] }, 'json-1.1'],
    [{ scope: 'lambda', headers: FORM }, 'rest-json'],
    [{ scope: 'route53', headers: FORM }, 'rest-xml'],
    [{ scope: 'iam', headers: ['x-amz-target', 'x', 'content-type', 'application/x-amz-json-1.1'] }, 'query'],
    [{ scope: 'ec2', headers: ['content-type', 'application/json'] }, 'ec2'],
    [{ scope: 'sqs', headers: FORM }, 'query'],
    [{ scope: 'sqs', headers: ['x-amz-target', 'x'] }, 'json-1.0'],
    [{ scope: 'monitoring', headers: FORM }, 'query'],
    [{ scope: 'ses', headers: FORM }, 'query'],
    [{ scope: 'nosuch', headers: FORM }, 'query'],
    [{ scope: 'route53', target: '/' }, 'rest-xml'],
    [{ scope: 'lambda', target: '/' }, 'rest-json'],
    [{ scope: 'nosuch', target: '/' }, 'rest-json'],
  ])('%#: %o', (sample, expected) => {
    expect(protocolGuess(headOf(sample), sample.scope, catalogue)).toBe(expected)
  })

  it('answers without a scope and without a catalogue', () => {
    const jsonHead = headOf({ scope: '', target: '/x', headers: ['content-type', 'application/json'] })
    expect(protocolGuess(headOf({ scope: '', target: '/x' }), undefined)).toBe('s3')
    expect(protocolGuess(jsonHead, undefined)).toBe('rest-json')
    expect(protocolGuess(headOf({ scope: '', target: '/', headers: FORM }), undefined)).toBe('query')
    expect(protocolGuess(headOf({ scope: '', target: '/b/k', headers: FORM }), undefined)).toBe('s3')
  })
})
