/** Calls AWS with the SDK for JavaScript v3. */
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import { report } from './report.ts'

const s3 = new S3Client({ forcePathStyle: true })
const dynamodb = new DynamoDBClient({})
const Bucket = 'sdk-v3'
const Key = 'a b+c/ü'

await report('create a bucket', () => s3.send(new CreateBucketCommand({ Bucket })))
await report('put and get an object', async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: '0123456789', ContentType: 'text/plain' }))
  await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()
})
await report('put a stream', () => {
  const Body = Readable.from([Buffer.alloc(40_000, 'x'), Buffer.alloc(40_000, 'y')])
  return s3.send(new PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: 80_000 }))
})
await report('get a range', async () => {
  await (await s3.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=2-4' }))).Body?.transformToString()
})
await report('describe an object', () => s3.send(new HeadObjectCommand({ Bucket, Key })))
await report('list by a prefix with a space', () =>
  s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'a b+' })),
)
await report('copy an object', () =>
  s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: encodeURI(`${Bucket}/stream`) })),
)
await report('upload in parts', async () => {
  const upload = { Bucket, Key: 'parts' }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload))
  const part = { ...upload, UploadId, PartNumber: 1, Body: Buffer.alloc(70_000, 'x') }
  const { ETag } = await s3.send(new UploadPartCommand(part))
  const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] }
  await s3.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }))
})
await report('get an object three times, each throttled twice', async () => {
  const slow = { Bucket, Key: 'slow' }
  await s3.send(new PutObjectCommand({ ...slow, Body: 'x' }))
  for (let i = 0; i < 3; i++) await (await s3.send(new GetObjectCommand(slow))).Body?.transformToString()
})
await report('delete objects', async () => {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
  await s3.send(
    new DeleteObjectsCommand({
      Bucket,
      Delete: { Objects: Contents.map(({ Key: each }) => ({ Key: each })) },
    }),
  )
  await s3.send(new DeleteBucketCommand({ Bucket }))
})
await report('create a table', () =>
  dynamodb.send(
    new CreateTableCommand({
      TableName: 'v3',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  ),
)
await report('put an item', () =>
  dynamodb.send(new PutItemCommand({ TableName: 'v3', Item: { id: { S: 'ü' } } })),
)
await report('execute statements of PartiQL', () =>
  dynamodb.send(new ExecuteStatementCommand({ Statement: `SELECT * FROM "v3" WHERE id = 'ü'` })),
)
await report('update an item six times, each throttled twice', async () => {
  for (let i = 0; i < 6; i++)
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: 'v3',
        Key: { id: { S: 'ü' } },
        UpdateExpression: 'ADD n :more',
        ExpressionAttributeValues: { ':more': { N: String(i) } },
      }),
    )
})
await report('delete a table', () => dynamodb.send(new DeleteTableCommand({ TableName: 'v3' })))
