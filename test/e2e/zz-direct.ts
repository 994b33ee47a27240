import { S3Client, CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { readFileSync } from 'node:fs'
const src = readFileSync('/work/main/test/e2e/s3-keys.test.ts','utf8')
const KEYS: string[] = eval(/const KEYS: readonly string\[\] = (\[[^]*?\n\])/.exec(src)![1]!)
const client = new S3Client({ endpoint: 'http://127.0.0.1:5055', region: 'us-east-1', forcePathStyle: true, credentials: {accessKeyId:'a',secretAccessKey:'b'} })
const Bucket='keys'
await client.send(new CreateBucketCommand({Bucket}))
for (const Key of KEYS) {
  try {
  await client.send(new PutObjectCommand({ Bucket, Key, Body: 'b' }))
  const got = await client.send(new GetObjectCommand({ Bucket, Key }))
  const listed = (await client.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(e=>e.Key)
  await client.send(new DeleteObjectCommand({ Bucket, Key }))
  const left = await client.send(new ListObjectsV2Command({ Bucket }))
  console.log(listed?.length===1 && listed[0]===Key && left.KeyCount===0 ? 'ok' : 'DIFF', JSON.stringify(Key).slice(0,60), JSON.stringify(listed).slice(0,80), left.KeyCount)
  } catch (e) { console.log('ERR', JSON.stringify(Key).slice(0,60), String(e).slice(0,200)) }
}
