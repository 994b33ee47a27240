/** Calls whose identification and classification are measured. */
import type { RequestHead } from '../../proxy/core/http/request-head.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'

export interface SampleCall {
  readonly name: string
  /** The service that it is signed for. */
  readonly scope: string
  readonly head: RequestHead
  readonly body: string
}

function headFor(method: string, target: string, headers: readonly string[]): RequestHead {
  const [path = '', query = ''] = target.split('?')
  return { method, path, query, headers: new HeaderFields(headers) }
}

/** Three bodies of a kilobyte, and a batch of a thousand. */
export function sampleCalls(): readonly SampleCall[] {
  const attribute = { S: 'x'.repeat(40) }
  const item = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`attribute${at}`, attribute]))
  const json = headFor('POST', '/', [
    'content-type',
    'application/x-amz-json-1.0',
    'x-amz-target',
    'DynamoDB_20120810.PutItem',
  ])
  const form = headFor('POST', '/', ['content-type', 'application/x-www-form-urlencoded'])
  const ids = Array.from({ length: 29 }, (_, at) => `&InstanceId.${at + 1}=i-0123456789abcdef${at}`)
  const statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/folder/*' }
  const policy = encodeURIComponent(
    JSON.stringify({ Version: '2012-10-17', Statement: Array.from({ length: 7 }, () => statement) }),
  )
  const role = 'Action=PutRolePolicy&Version=2010-05-08&RoleName=bench&PolicyName=bench'
  const batch = headFor('POST', '/bucket?delete', ['content-type', 'application/xml'])
  const keys = Array.from({ length: 1000 }, (_, at) => `<Object><Key>folder/key-${at}</Key></Object>`)
  return [
    {
      name: 'JSON of 1 KB',
      scope: 'dynamodb',
      head: json,
      body: JSON.stringify({ TableName: 'bench', Item: item }),
    },
    {
      name: 'form of 1 KB, 29 ids',
      scope: 'ec2',
      head: form,
      body: `Action=TerminateInstances&Version=2016-11-15${ids.join('')}`,
    },
    { name: 'form of 1 KB, a policy', scope: 'iam', head: form, body: `${role}&PolicyDocument=${policy}` },
    {
      name: 'DeleteObjects, 1,000 keys',
      scope: 's3',
      head: batch,
      body: `<Delete>${keys.join('')}</Delete>`,
    },
  ]
}
