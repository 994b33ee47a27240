/** What clients send, before it is signed: of every protocol, and of every form in which S3 takes a body. */
import type { Draft } from './http-message.ts'

export type Form = 'header' | 'query'
export type Algorithm = 'AWS4-HMAC-SHA256' | 'AWS4-ECDSA-P256-SHA256'
export type BodyForm = 'declared' | 'hashed' | 'unsigned' | 'chunks' | 'chunks-trailer' | 'unsigned-trailer'

export interface Template extends Draft {
  readonly service: string
  readonly form: Form
  readonly algorithm: Algorithm
  readonly bodyForm: BodyForm
  /** Names in lower case that this client never signs. */
  readonly unsigned?: readonly string[]
}

function call(service: string, method: string, target: string, more: Partial<Template> = {}): Template {
  const s3 = service === 's3'
  return {
    service,
    method,
    target,
    headers: [],
    body: Buffer.alloc(0),
    form: 'header',
    algorithm: 'AWS4-HMAC-SHA256',
    bodyForm: s3 ? 'declared' : 'hashed',
    ...more,
  }
}

function json(service: string, target: string, input: object): Template {
  return call(service, 'POST', '/', {
    headers: [
      ['Content-Type', 'application/x-amz-json-1.0'],
      ['X-Amz-Target', target],
    ],
    body: Buffer.from(JSON.stringify(input)),
  })
}

function form(service: string, text: string): Template {
  return call(service, 'POST', '/', {
    headers: [['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8']],
    body: Buffer.from(text),
  })
}

const OBJECT = Buffer.from('an object of some bytes\r\nand lines\r\n')
const put = (bodyForm: BodyForm): Template => call('s3', 'PUT', '/bucket/key', { body: OBJECT, bodyForm })
const url = (service: string, method: string, target: string): Template =>
  call(service, method, target, { form: 'query', bodyForm: service === 's3' ? 'unsigned' : 'hashed' })
const sigv4a = (template: Template): Template => ({ ...template, algorithm: 'AWS4-ECDSA-P256-SHA256' })

const UNSIGNED_TYPE = ['content-type']
const typeUnsigned = (template: Template): Template => ({ ...template, unsigned: UNSIGNED_TYPE })

export const TEMPLATES: readonly Template[] = [
  json('dynamodb', 'DynamoDB_20120810.GetItem', { TableName: 't', Key: { k: { S: '1' } } }),
  json('dynamodb', 'DynamoDB_20120810.PutItem', { TableName: 't', Item: { k: { S: 'ü' } } }),
  json('dynamodb', 'DynamoDB_20120810.DeleteTable', { TableName: 't' }),
  json('dynamodb', 'DynamoDB_20120810.ListTables', {}),
  json('sqs', 'AmazonSQS.SendMessage', { QueueUrl: 'https://q/111122223333/q', MessageBody: 'm' }),
  json('kinesis', 'Kinesis_20131202.PutRecord', { StreamName: 's', Data: 'ZGF0YQ==', PartitionKey: 'p' }),
  json('logs', 'Logs_20140328.DescribeLogGroups', {}),
  form('sts', 'Action=GetCallerIdentity&Version=2011-06-15'),
  form('iam', 'Action=DeleteUser&Version=2010-05-08&UserName=u'),
  form('ec2', 'Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2'),
  form('sns', 'Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A1%3At&Message=a+b'),
  call('sts', 'GET', '/?Action=GetCallerIdentity&Version=2011-06-15'),
  call('lambda', 'GET', '/2015-03-31/functions/f%3Aalias'),
  call('lambda', 'DELETE', '/2015-03-31/functions/f?Qualifier=1'),
  call('lambda', 'POST', '/2015-03-31/functions/f/invocations', { body: Buffer.from('{"a":1}') }),
  call('route53', 'GET', '/2013-04-01/hostedzone/Z1/rrset?maxitems=1'),
  call('s3', 'GET', '/'),
  call('s3', 'GET', '/bucket?list-type=2&prefix=a%2Fb&delimiter=%2F'),
  call('s3', 'GET', '/bucket/key%20with/%2B/parts?versionId=v1'),
  call('s3', 'HEAD', '/bucket/key'),
  call('s3', 'DELETE', '/bucket/a//b/../c?versionId=v'),
  call('s3', 'PUT', '/bucket/copy', { headers: [['x-amz-copy-source', '/other/key']] }),
  call('s3', 'PUT', '/bucket/key?partNumber=1&uploadId=u', { body: OBJECT }),
  call('s3', 'POST', '/bucket?delete=', {
    body: Buffer.from('<Delete><Object><Key>k</Key></Object><Object><Key>l</Key></Object></Delete>'),
  }),
  put('declared'),
  put('unsigned'),
  put('chunks'),
  put('chunks-trailer'),
  put('unsigned-trailer'),
  url('s3', 'GET', '/bucket/key?versionId=1&response-content-type=text%2Fplain'),
  url('s3', 'DELETE', '/bucket/key'),
  { ...url('s3', 'PUT', '/bucket/key?x-amz-acl=private'), body: OBJECT },
  url('sts', 'GET', '/?Action=GetCallerIdentity&Version=2011-06-15'),
  typeUnsigned(json('dynamodb', 'DynamoDB_20120810.UpdateItem', { TableName: 't', Key: { k: { S: '1' } } })),
  typeUnsigned(json('sqs', 'AmazonSQS.DeleteQueue', { QueueUrl: 'https://q/111122223333/q' })),
  typeUnsigned(form('iam', 'Action=ListUsers&Version=2010-05-08&PathPrefix=%2Fa+b%2F')),
  typeUnsigned(form('ec2', 'Action=StopInstances&Version=2016-11-15&InstanceId.1=i-1')),
  typeUnsigned({ ...put('declared'), headers: [['Content-Type', 'image/png']] }),
  typeUnsigned(
    call('lambda', 'POST', '/2015-03-31/functions/g/invocations', {
      headers: [['Content-Type', 'text/plain;charset=UTF-8']],
      body: Buffer.from('{"b":1}'),
    }),
  ),
  typeUnsigned(
    call('sts', 'GET', '/?Action=GetCallerIdentity&Version=2011-06-15', {
      headers: [['Content-Type', 'a/b']],
    }),
  ),
  call('s3', 'GET', '/bucket/key', { headers: [['Range', 'bytes=0-9']], unsigned: ['range'] }),
  call('s3', 'GET', '/bucket?list-type=2&prefix=a+b%2Bc'),
  call('iam', 'GET', '/?Action=GetUser&Version=2010-05-08&UserName=a+b'),
  sigv4a(call('s3', 'GET', '/bucket/key')),
  sigv4a(put('chunks')),
  sigv4a(url('s3', 'GET', '/bucket/key')),
]
