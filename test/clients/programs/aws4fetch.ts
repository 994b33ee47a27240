/** Calls AWS with aws4fetch, the signer for edge workers: it signs what `fetch` gets, and no content type. */
import { AwsClient } from 'aws4fetch'
import { given, report } from './report.ts'

const endpoint = given('AWS_ENDPOINT_URL')
const aws = new AwsClient({
  accessKeyId: given('AWS_ACCESS_KEY_ID'),
  secretAccessKey: given('AWS_SECRET_ACCESS_KEY'),
  region: 'us-east-1',
  retries: 2,
})

async function send(service: string, path: string, init: RequestInit = {}): Promise<string> {
  const answer = await aws.fetch(`${endpoint}${path}`, { ...init, aws: { service } })
  const text = await answer.text()
  if (!answer.ok) throw Object.assign(new Error(text), { code: `HTTP ${answer.status}` })
  return text
}

const json = (target: string, body: object) =>
  send('dynamodb', '/', {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${target}` },
    body: JSON.stringify(body),
  })
const form = (service: string, body: string) =>
  send(service, '/', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  })

await report('tell who it is', () => form('sts', 'Action=GetCallerIdentity&Version=2011-06-15'))
await report('create a bucket', () => send('s3', '/fetched', { method: 'PUT' }))
await report('put an object', () =>
  send('s3', '/fetched/a%20b', {
    method: 'PUT',
    body: '0123456789',
    headers: { 'content-type': 'text/plain' },
  }),
)
await report('get an object', () => send('s3', '/fetched/a%20b'))
await report('get a range', () => send('s3', '/fetched/a%20b', { headers: { range: 'bytes=2-4' } }))
await report('list by a prefix with a space', () => send('s3', '/fetched?list-type=2&prefix=a%20'))
await report('delete an object', () => send('s3', '/fetched/a%20b', { method: 'DELETE' }))
await report('delete a bucket', () => send('s3', '/fetched', { method: 'DELETE' }))
await report('list tables', () => json('ListTables', {}))
await report('describe limits of DynamoDB', () => json('DescribeLimits', {}))
await report('list topics', () => form('sns', 'Action=ListTopics&Version=2010-03-31'))
await report('list functions of Lambda', () => send('lambda', '/2015-03-31/functions/'))
