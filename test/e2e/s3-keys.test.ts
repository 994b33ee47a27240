import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { s3 } from '../support/clients.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { BOTO3, missing, MOTO } from '../support/tools.ts'

const KEYS: readonly string[] = [
  'plain',
  'with space',
  ' leading and trailing ',
  'plus+sign',
  'a//b',
  '/leading/slash',
  'trailing/',
  '%41',
  '100%',
  'a/../b',
  'a/./b',
  '..',
  '...',
  'question?mark',
  'number#sign',
  'amp&ersand=equals',
  "semi;colon,comma:colon@at!$'()*~",
  'quote"back\\slash^`{|}<>[]',
  'ümläut-日本-🎼',
  'tab\there',
  'x'.repeat(900),
]

/** A body that tells its key, so that a mixed-up key can't go unseen. */
const bodyOf = (key: string): string => `body of ${key}`

/** Dots and doubled slashes as a whole path segment are not sent as they are by every client. */
const lives: {
  readonly client: string
  readonly roundTrip: (url: string, key: string) => Promise<unknown>
}[] = [
  { client: 'sdk', roundTrip: roundTripBySdk },
  { client: 'boto3', roundTrip: roundTripByBoto3 },
]

async function roundTripBySdk(url: string, Key: string): Promise<unknown> {
  const client = s3(url)
  const Bucket = 'keys-sdk'
  await client.send(new PutObjectCommand({ Bucket, Key, Body: bodyOf(Key) }))
  const got = await client.send(new GetObjectCommand({ Bucket, Key }))
  const listed = await client.send(new ListObjectsV2Command({ Bucket }))
  await client.send(new DeleteObjectCommand({ Bucket, Key }))
  const left = await client.send(new ListObjectsV2Command({ Bucket }))
  return [await got.Body?.transformToString(), listed.Contents?.map((each) => each.Key), left.KeyCount]
}

async function roundTripByBoto3(url: string, key: string): Promise<unknown> {
  return boto3(
    url,
    `
c = client('s3')
key = json.loads(${JSON.stringify(JSON.stringify(key))})
c.put_object(Bucket='keys-boto3', Key=key, Body=('body of ' + key).encode())
got = c.get_object(Bucket='keys-boto3', Key=key)['Body'].read().decode()
listed = [each['Key'] for each in c.list_objects_v2(Bucket='keys-boto3')['Contents']]
c.delete_object(Bucket='keys-boto3', Key=key)
result = [got, listed, c.list_objects_v2(Bucket='keys-boto3')['KeyCount']]`,
  )
}

describe.skipIf(missing(MOTO, BOTO3))('S3 keys of every kind', () => {
  let proxy: Proxy
  beforeAll(async () => {
    proxy = await startProxy({ upstream: await freshMoto() })
    for (const { client } of lives)
      await s3(proxy.url).send(new CreateBucketCommand({ Bucket: `keys-${client}` }))
  })
  afterAll(() => proxy?.stop())

  describe.each(lives)('put, got, listed and deleted by $client', ({ roundTrip }) => {
    it.each(KEYS)('%j', async (key) => {
      expect(await roundTrip(proxy.url, key)).toEqual([bodyOf(key), [key], 0])
    })
  })

  it('judges and records each as the key that it is', async () => {
    await proxy.metricReaches('moderato_requests_total', { decision: 'deny' }, 0)
    const recorded = new Set(proxy.records().flatMap(({ resources }) => resources ?? []))
    // A star of a name is written so: a bare one is a part that is not known.
    for (const key of KEYS) expect(recorded).toContain(`arn:aws:s3:::keys-sdk/${key.replaceAll('*', '${*}')}`)
  })
})
