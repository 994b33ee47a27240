import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteTableCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, TENANT } from '../support/agents.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { missing, MOTO } from '../support/tools.ts'

describe.skipIf(missing(MOTO))('the AWS SDK for JavaScript through the proxy', () => {
  let proxy: Proxy
  beforeAll(async () => {
    proxy = await startProxy({
      upstream: await freshMoto(),
      agents: [BUILDER, TENANT],
      settings: { upstream: { accountId: '123456789012' } },
    })
  })
  afterAll(() => proxy?.stop())

  it('lives with a DynamoDB table from its creation to its end', async () => {
    const client = dynamodb(proxy.url)
    const TableName = 'sdk'
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    )
    const puts = Array.from({ length: 25 }, (_, index) => ({
      PutRequest: { Item: { id: { S: `item ${index}` } } },
    }))
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: puts } }))
    const got = await client.send(new GetItemCommand({ TableName, Key: { id: { S: 'item 7' } } }))
    expect(got.Item).toEqual({ id: { S: 'item 7' } })
    expect((await client.send(new ScanCommand({ TableName }))).Count).toBe(25)
    await client.send(new DeleteTableCommand({ TableName }))
    expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual([])
  })

  it('lives with an S3 bucket from its creation to its end', async () => {
    const client = s3(proxy.url)
    const Bucket = 'sdk'
    await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'one', Body: 'first', Metadata: { note: 'kept' } }))
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'one' }))
    expect(head).toMatchObject({ ContentLength: 5, Metadata: { note: 'kept' } })
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'one', Range: 'bytes=1-3' }))
    expect(await got.Body?.transformToString()).toBe('irs')
    const deleted = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'one' }] } }),
    )
    expect(deleted.Deleted?.map(({ Key }) => Key)).toEqual(['one'])
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0)
    await client.send(new DeleteBucketCommand({ Bucket }))
  })

  it('uploads in parts', async () => {
    const client = s3(proxy.url)
    const target = { Bucket: 'parts', Key: 'big' }
    await client.send(new CreateBucketCommand({ Bucket: 'parts' }))
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(target))
    const pieces = [Buffer.alloc(5 * 1024 * 1024, 'a'), Buffer.from('end')]
    const Parts = []
    for (const [index, Body] of pieces.entries()) {
      const part = { ...target, UploadId, PartNumber: index + 1 }
      const { ETag } = await client.send(new UploadPartCommand({ ...part, Body }))
      Parts.push({ ETag, PartNumber: part.PartNumber })
    }
    await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }))
    const got = await client.send(new GetObjectCommand(target))
    const whole = Buffer.from((await got.Body?.transformToByteArray()) ?? [])
    expect(whole.equals(Buffer.concat(pieces))).toBe(true)
  })

  it('serves an agent within its narrow grant, and nothing beside it', async () => {
    await s3(proxy.url).send(new CreateBucketCommand({ Bucket: 'own' }))
    await s3(proxy.url).send(new CreateBucketCommand({ Bucket: 'other' }))
    const client = s3(proxy.url, TENANT)
    const own = { Bucket: 'own', Key: 'folder/key' }
    await client.send(new PutObjectCommand({ ...own, Body: 'x' }))
    expect((await client.send(new ListObjectsV2Command({ Bucket: 'own' }))).KeyCount).toBe(1)
    expect((await client.send(new GetObjectCommand(own))).ContentLength).toBe(1)
    await client.send(new DeleteObjectCommand(own))
    const Objects = [{ Key: 'a' }, { Key: 'b' }]
    await client.send(new DeleteObjectsCommand({ Bucket: 'own', Delete: { Objects } }))
    const beside = await thrownBy(client.send(new GetObjectCommand({ Bucket: 'other', Key: 'k' })))
    expect(beside).toMatchObject({ name: 'AccessDenied', status: 403 })
    const copy = new CopyObjectCommand({ ...own, CopySource: 'other/k' })
    expect(await thrownBy(client.send(copy))).toMatchObject({ name: 'AccessDenied' })
    const items = dynamodb(proxy.url, TENANT)
    const put = (TableName: string) => items.send(new PutItemCommand({ TableName, Item: { id: { S: '1' } } }))
    expect(await thrownBy(put('own'))).toMatchObject({ name: 'ResourceNotFoundException' })
    expect(await thrownBy(put('other'))).toMatchObject({ name: 'AccessDeniedException' })
  })

  it("throws the upstream's own typed exceptions", async () => {
    const client = s3(proxy.url)
    await client.send(new CreateBucketCommand({ Bucket: 'typed' }))
    const call = client.send(new GetObjectCommand({ Bucket: 'typed', Key: 'absent' }))
    await expect(call).rejects.toBeInstanceOf(NoSuchKey)
    const thrown = await thrownBy(dynamodb(proxy.url).send(new DeleteTableCommand({ TableName: 'absent' })))
    expect(thrown).toMatchObject({ name: 'ResourceNotFoundException', status: 400, attempts: 1 })
  })
})
