/** A bucket, an account or a prefix in the host, as real clients put them before the name of a custom endpoint. */
import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { Agent } from 'node:http'
import {
  CreateBucketCommand,
  CreateSessionCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, TENANT, type TestAgent } from '../support/agents.ts'
import { keyOf, thrownBy } from '../support/clients.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { headText, RawConnection, send, signed, type RawAnswer } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import { BOTO3, missing, MOTO } from '../support/tools.ts'

const OUR_NAME = 'moderato.internal'
/** A star of a name, as records tell it from a part that is not known. */
const inRecords = (key: string): string => key.replaceAll('*', '${*}')
const KEYS: readonly string[] = [
  'plain',
  'with space',
  'plus+sign',
  'a//b',
  '/leading/slash',
  'trailing/',
  '%41',
  'a/../b',
  '..',
  'question?mark',
  'number#sign',
  "semi;colon,comma:colon@at!$'()*~",
  'ümläut-日本-🎼',
  // Another bucket's name, S3 Control's path, an operation's path.
  'other/key',
  'v20180820/accesspoint/ap',
  'WriteGetObjectResponse',
]

type Found = (error: Error | null, address: string | LookupAddress[], family?: number) => void

/** Wildcard DNS for a test: every name is this machine. */
function loopback(_name: string, options: LookupOptions, found: Found): void {
  dnsLookup('127.0.0.1', { ...options, family: 4 }, found)
}

/** The SDK as it is set up by default: a bucket goes into the host. */
function virtualHost(proxy: Proxy, name: string, agent: TestAgent = BUILDER): S3Client {
  return new S3Client({
    endpoint: `http://${name}:${new URL(proxy.url).port}`,
    region: 'us-east-1',
    credentials: keyOf(agent),
    requestHandler: { httpAgent: new Agent({ lookup: loopback }) },
    maxAttempts: 1,
  })
}

/** Every name is this machine, for Python too. */
const ANY_NAME = `
import socket
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve('127.0.0.1', *rest, **more)
def virtual(name, **options):
    return client(name, s3={'addressing_style': 'virtual'}, **options)
`

function named(proxy: Proxy, name: string): string {
  return `http://${name}:${new URL(proxy.url).port}`
}

describe.skipIf(missing(MOTO))('SDK v3 with buckets in the host', () => {
  let proxy: Proxy

  beforeAll(async () => {
    const upstream = await freshMoto()
    proxy = await startProxy({
      upstream,
      agents: [BUILDER, TENANT],
      settings: { listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0', hosts: [OUR_NAME] } },
    })
  })
  afterAll(() => proxy.stop())

  it.each(['localhost', OUR_NAME])('lives one life of a bucket at %s', async (name) => {
    const client = virtualHost(proxy, name)
    const Bucket = `life-${name.replace('.', '-')}`
    await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(new HeadBucketCommand({ Bucket }))
    for (const Key of KEYS) await client.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}` }))
    for (const Key of KEYS) {
      const got = await client.send(new GetObjectCommand({ Bucket, Key }))
      expect(await got.Body?.transformToString(), Key).toBe(`body of ${Key}`)
    }
    const listed = await client.send(new ListObjectsV2Command({ Bucket }))
    expect(listed.Contents?.map((each) => each.Key).toSorted()).toEqual(KEYS.toSorted())
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: KEYS.map((Key) => ({ Key })) } }))
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0)
    const recorded = new Set(proxy.records().flatMap(({ resources }) => resources ?? []))
    for (const key of KEYS) expect(recorded).toContain(`arn:aws:s3:::${Bucket}/${inRecords(key)}`)
  })

  it('judges the bucket in the host, whatever the key looks like', async () => {
    const builder = virtualHost(proxy, 'localhost')
    for (const Bucket of ['own', 'other']) await builder.send(new CreateBucketCommand({ Bucket }))
    const tenant = virtualHost(proxy, 'localhost', TENANT)
    await tenant.send(new PutObjectCommand({ Bucket: 'own', Key: 'other/x', Body: 'mine' }))
    for (const Key of ['x', 'own/x', '/own/x', '../own/x']) {
      const { status } = await thrownBy(
        tenant.send(new PutObjectCommand({ Bucket: 'other', Key, Body: 'x' })),
      )
      expect(status, Key).toBe(403)
    }
  })

  it('refuses directory buckets in words, before a session is had', async () => {
    const Bucket = 'b--use1-az4--x-s3'
    const client = virtualHost(proxy, 'localhost')
    for (const call of [
      client.send(new CreateSessionCommand({ Bucket })),
      client.send(new GetObjectCommand({ Bucket, Key: 'k' })),
    ]) {
      expect(await thrownBy(call)).toMatchObject({
        status: 403,
        message: expect.stringContaining('Directory'),
      })
    }
  })

  it('refuses access points of Object Lambda in words', async () => {
    const client = virtualHost(proxy, 'localhost')
    const Bucket = 'arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/my-ol'
    expect(await thrownBy(client.send(new GetObjectCommand({ Bucket, Key: 'k' })))).toMatchObject({
      status: 403,
      message: expect.stringContaining('Object Lambda'),
    })
  })

  it('says what to do where our name is not known to be ours', async () => {
    const client = virtualHost(proxy, 'another.internal')
    expect(await thrownBy(client.send(new HeadBucketCommand({ Bucket: 'own' })))).toMatchObject({
      status: 403,
    })
    const get = client.send(new GetObjectCommand({ Bucket: 'own', Key: 'k' }))
    expect(await thrownBy(get)).toMatchObject({ message: expect.stringContaining('listen.hosts') })
  })
})

describe.skipIf(missing(MOTO, BOTO3))('boto3 with something in the host', () => {
  let proxy: Proxy

  beforeAll(async () => {
    proxy = await startProxy({ upstream: await freshMoto() })
  })
  afterAll(() => proxy.stop())

  it.each(['plain-boto3', 'my.dotted.bucket'])('lives one life of the bucket %s', async (bucket) => {
    const snippet = `${ANY_NAME}
c = virtual('s3')
keys = json.loads(${JSON.stringify(JSON.stringify(KEYS))})
c.create_bucket(Bucket='${bucket}')
for key in keys: c.put_object(Bucket='${bucket}', Key=key, Body=key.encode())
same = all(c.get_object(Bucket='${bucket}', Key=key)['Body'].read() == key.encode() for key in keys)
listed = sorted(each['Key'] for each in c.list_objects_v2(Bucket='${bucket}')['Contents']) == sorted(keys)
for key in keys: c.delete_object(Bucket='${bucket}', Key=key)
left = c.list_objects_v2(Bucket='${bucket}')['KeyCount']
c.delete_bucket(Bucket='${bucket}')
result = [same, listed, left]`
    expect(await boto3(named(proxy, 'localhost'), snippet)).toEqual([true, true, 0])
    const recorded = new Set(proxy.records().flatMap(({ resources }) => resources ?? []))
    for (const key of KEYS) expect(recorded).toContain(`arn:aws:s3:::${bucket}/${inRecords(key)}`)
  })

  it('presigns for a bucket in the host', async () => {
    const snippet = `${ANY_NAME}
import urllib.request
c = virtual('s3', signature_version='s3v4')
c.create_bucket(Bucket='presigned')
c.put_object(Bucket='presigned', Key='a b//c', Body=b'hello')
url = c.generate_presigned_url('get_object', Params={'Bucket': 'presigned', 'Key': 'a b//c'})
result = [url.split('/')[2].split(':')[0], urllib.request.urlopen(url).read().decode()]`
    expect(await boto3(named(proxy, 'localhost'), snippet)).toEqual(['presigned.localhost', 'hello'])
  })

  it.each(['localhost', '127.0.0.1'])('puts an account before %s for S3 Control', async (name) => {
    const snippet = `${ANY_NAME}
c = client('s3control')
block = {'BlockPublicAcls': True, 'IgnorePublicAcls': True, 'BlockPublicPolicy': True, 'RestrictPublicBuckets': True}
c.put_public_access_block(AccountId='123456789012', PublicAccessBlockConfiguration=block)
got = c.get_public_access_block(AccountId='123456789012')['PublicAccessBlockConfiguration'] == block
c.delete_public_access_block(AccountId='123456789012')
result = got`
    expect(await boto3(named(proxy, name), snippet)).toBe(true)
  })

  it.each(['localhost', '127.0.0.1', 'some-container'])(
    'puts a prefix before %s for Cloud Map',
    async (name) => {
      const snippet = `${ANY_NAME}
c = client('servicediscovery')
c.create_http_namespace(Name='n-${name.length}')
namespace = [n['Id'] for n in c.list_namespaces()['Namespaces'] if n['Name'] == 'n-${name.length}'][0]
service = c.create_service(Name='s', NamespaceId=namespace)['Service']['Id']
c.register_instance(ServiceId=service, InstanceId='i', Attributes={'AWS_INSTANCE_IPV4': '10.0.0.1'})
result = [i['InstanceId'] for i in c.discover_instances(NamespaceName='n-${name.length}', ServiceName='s')['Instances']]`
      expect(await boto3(named(proxy, name), snippet)).toEqual(['i'])
    },
  )
})

describe('a host that an agent makes up', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy

  beforeAll(async () => {
    const scene = await openScene({ agents: [BUILDER, TENANT] })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  /** A GET of the tenant, who may read the bucket `own` and nothing else; what reached the upstream, and the answer. */
  async function get(
    host: string,
    target: string,
    headers: Readonly<Record<string, string>> = {},
    service = 's3',
  ): Promise<{ answer: RawAnswer; reached: readonly string[] }> {
    const before = upstream.recorded.length
    const request = { method: 'GET', target, headers: { ...headers, host } }
    const answer = await send(proxy.url, await signed(proxy.url, request, { service, agent: TENANT }))
    return { answer, reached: upstream.recorded.slice(before).map((each) => each.target) }
  }

  it.each([
    ['own.localhost', '/x', '/own/x'],
    ['OWN.LocalHost', '/x', '/own/x'],
    ['own.localhost:1', '/x', '/own/x'],
    ['own.localhost.:65535', '/x', '/own/x'],
    ['own.localhost', '//other/x', '/own//other/x'],
    ['own.localhost', '/other/x', '/own/other/x'],
    ['own.localhost', '/v20180820/x', '/own/v20180820/x'],
    ['localhost', '/own/x', '/own/x'],
  ])('Host %s with %s reaches %s, and no other bucket', async (host, target, expected) => {
    const { answer, reached } = await get(host, target)
    expect(answer.status).toBe(200)
    expect(reached).toEqual([expected])
  })

  it.each([
    ['other.localhost', '/own/x'],
    ['other.localhost', '//own/x'],
    ['other.localhost', '/x'],
    ['own.other.localhost', '/x'],
    ['own-other.localhost', '/x'],
    ['localhost', '/other/x'],
    ['127.0.0.1', '//own/x'],
    ['own.localhost.evil.example', '/x'],
    ['own.s3.us-west-2.amazonaws.com', '/x'],
    ['own.localhost:80:80', '/x'],
    ['own@localhost', '/own/x'],
    ['v20180820.localhost', '/own'],
    ['own.localhost', '/v20180820/x', { 'x-amz-account-id': '123456789012' }],
    ['210987654321.localhost', '/v20180820/accesspoint', { 'x-amz-account-id': '123456789012' }],
  ])('Host %s with %s reaches nothing', async (host, target, headers: Record<string, string> = {}) => {
    const { answer, reached } = await get(host, target, headers)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(reached).toEqual([])
  })

  it.each([
    ['data-localhost', 'dynamodb'],
    ['dynamodb.us-west-2.amazonaws.com', 'dynamodb'],
    ['sqs.us-east-1.amazonaws.com', 'dynamodb'],
  ])('Host %s, signed for %s, reaches nothing', async (host, service) => {
    const before = upstream.recorded.length
    const headers = {
      host,
      'x-amz-target': 'DynamoDB_20120810.ListTables',
      'content-type': 'application/x-amz-json-1.0',
    }
    const request = { method: 'POST', target: '/', headers, body: '{}' }
    const answer = await send(proxy.url, await signed(proxy.url, request, { service }))
    expect(answer.status).toBe(403)
    expect(answer.body.toString()).toContain('Host')
    expect(upstream.recorded).toHaveLength(before)
  })

  it.each([
    (head: string) => head.replace('host: own.localhost', 'host: own.localhost\r\nhost: other.localhost'),
    (head: string) => head.replace('host: own.localhost', 'host: other.localhost\r\nhost: own.localhost'),
    (head: string) => head.replace('GET /x', 'GET http://other.localhost/x'),
    (head: string) => head.replace('host: own.localhost', 'host: other.localhost'),
    (head: string) => head.replace('host: own.localhost\r\n', ''),
  ])('two hosts, or another than was signed, reach nothing (%#)', async (spoil) => {
    const before = upstream.recorded.length
    const request = { method: 'GET', target: '/x', headers: { host: 'own.localhost' } }
    const text = headText(await signed(proxy.url, request, { service: 's3', agent: TENANT }))
    expect(spoil(text)).not.toBe(text)
    const connection = await RawConnection.open(proxy.url)
    connection.write(spoil(text))
    expect(await connection.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 4\d\d /)
    connection.close()
    expect(upstream.recorded).toHaveLength(before)
  })
})
