/** Calls AWS with the SDK for JavaScript v2, which left support in 2025 and is in many tools still. */
import AWS from 'aws-sdk'
import { given, report } from './report.ts'

const endpoint = given('AWS_ENDPOINT_URL')
// It reads no endpoint from the environment.
const common = { endpoint, region: 'us-east-1', maxRetries: 3 }
const s3 = new AWS.S3({ ...common, s3ForcePathStyle: true, signatureVersion: 'v4' })
const dynamodb = new AWS.DynamoDB(common)
const sqs = new AWS.SQS(common)
const Bucket = 'sdk-v2'
const trust = '{"Version":"2012-10-17","Statement":[]}'

await report('tell who it is', () => new AWS.STS(common).getCallerIdentity().promise())
await report('create a bucket', () => s3.createBucket({ Bucket }).promise())
await report('put and get an object', async () => {
  await s3.putObject({ Bucket, Key: 'a b+c/ü', Body: '0123456789', ContentType: 'text/plain' }).promise()
  await s3.getObject({ Bucket, Key: 'a b+c/ü' }).promise()
})
await report('get a range', () => s3.getObject({ Bucket, Key: 'a b+c/ü', Range: 'bytes=2-4' }).promise())
await report('list by a prefix with a space', () => s3.listObjectsV2({ Bucket, Prefix: 'a b+' }).promise())
await report('upload in parts', () =>
  s3.upload({ Bucket, Key: 'parts', Body: Buffer.alloc(6 * 1024 * 1024, 'x') }).promise(),
)
await report('get by a presigned URL', async () => {
  const answer = await fetch(s3.getSignedUrl('getObject', { Bucket, Key: 'parts' }))
  if (!answer.ok) throw new Error(await answer.text())
})
await report('delete objects', async () => {
  const Objects = [{ Key: 'a b+c/ü' }, { Key: 'parts' }]
  await s3.deleteObjects({ Bucket, Delete: { Objects } }).promise()
  await s3.deleteBucket({ Bucket }).promise()
})
await report('create a table', () =>
  dynamodb
    .createTable({
      TableName: 'v2',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    })
    .promise(),
)
await report('put an item', () => dynamodb.putItem({ TableName: 'v2', Item: { id: { S: 'ü' } } }).promise())
await report('execute statements of PartiQL', () =>
  dynamodb.executeStatement({ Statement: `SELECT * FROM "v2" WHERE id = 'ü'` }).promise(),
)
await report('update an item six times, each throttled twice', async () => {
  // Each is another call: this client signs two equal ones of one second alike, and the second would be a copy.
  for (let i = 0; i < 6; i++)
    await dynamodb
      .updateItem({
        TableName: 'v2',
        Key: { id: { S: 'ü' } },
        UpdateExpression: 'ADD n :more',
        ExpressionAttributeValues: { ':more': { N: String(i) } },
      })
      .promise()
})
await report('delete a table', () => dynamodb.deleteTable({ TableName: 'v2' }).promise())
await report('send a message', async () => {
  const { QueueUrl = '' } = await sqs.createQueue({ QueueName: 'v2' }).promise()
  await sqs.sendMessage({ QueueUrl, MessageBody: 'hello' }).promise()
  await sqs.deleteQueue({ QueueUrl }).promise()
})
await report('publish to a topic', async () => {
  const sns = new AWS.SNS(common)
  const { TopicArn = '' } = await sns.createTopic({ Name: 'v2' }).promise()
  await sns.publish({ TopicArn, Message: 'hello' }).promise()
})
await report('describe volumes of EC2', () => new AWS.EC2(common).describeVolumes().promise())
await report('create and delete a role', async () => {
  const iam = new AWS.IAM(common)
  await iam.createRole({ RoleName: 'v2', AssumeRolePolicyDocument: trust }).promise()
  await iam.deleteRole({ RoleName: 'v2' }).promise()
})
await report('list functions of Lambda', () => new AWS.Lambda(common).listFunctions().promise())
await report('create and delete a hosted zone', async () => {
  const route53 = new AWS.Route53(common)
  const zone = { Name: 'example.org', CallerReference: '1' }
  const { HostedZone } = await route53.createHostedZone(zone).promise()
  await route53.deleteHostedZone({ Id: HostedZone.Id }).promise()
})
await report('put metric data', () =>
  new AWS.CloudWatch(common)
    .putMetricData({ Namespace: 'n', MetricData: [{ MetricName: 'm', Value: 2 }] })
    .promise(),
)
