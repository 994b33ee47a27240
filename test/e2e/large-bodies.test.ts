import { createHash, hash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { s3 } from '../support/clients.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { BOTO3, missing, MOTO } from '../support/tools.ts'

const MEBIBYTE = 1024 * 1024
const LARGE_BYTES = 100 * MEBIBYTE
/** Less than the body: whoever held it whole could not stay under it. */
const MAX_GROWTH_BYTES = 64 * MEBIBYTE

describe.skipIf(missing(MOTO, BOTO3))('100 MiB', () => {
  let proxy: Proxy
  let peakBeforeBytes: number
  const block = randomBytes(MEBIBYTE)

  beforeAll(async () => {
    proxy = await startProxy({ upstream: await freshMoto() })
    await s3(proxy.url).send(new CreateBucketCommand({ Bucket: 'large' }))
    // What small calls need, the first upload and its checks among them, is no growth of the large ones.
    const warm = { Bucket: 'large', Key: 'warm' }
    await s3(proxy.url).send(new PutObjectCommand({ ...warm, Body: block }))
    await (await s3(proxy.url).send(new GetObjectCommand(warm))).Body?.transformToByteArray()
    peakBeforeBytes = proxy.peakMemoryBytes()
  })
  afterAll(() => proxy?.stop())

  function* blocks(): Generator<Buffer> {
    for (let i = 0; i < LARGE_BYTES / MEBIBYTE; i += 1) yield block
  }
  const expected = (): string => {
    const sum = createHash('sha256')
    for (const each of blocks()) sum.update(each)
    return sum.digest('hex')
  }
  const growthBytes = (): number => proxy.peakMemoryBytes() - peakBeforeBytes

  it('goes up as a stream of the SDK, and is not held whole', async () => {
    const target = { Bucket: 'large', Key: 'sdk' }
    const body = Readable.from(blocks())
    await s3(proxy.url).send(new PutObjectCommand({ ...target, Body: body, ContentLength: LARGE_BYTES }))
    expect((await s3(proxy.url).send(new HeadObjectCommand(target))).ContentLength).toBe(LARGE_BYTES)
    expect(growthBytes()).toBeLessThan(MAX_GROWTH_BYTES)
  })

  it('comes down to the SDK with equal bytes, and is not held whole', async () => {
    const got = await s3(proxy.url).send(new GetObjectCommand({ Bucket: 'large', Key: 'sdk' }))
    const sum = createHash('sha256')
    for await (const chunk of got.Body as Readable) sum.update(chunk as Buffer)
    expect(sum.digest('hex')).toBe(expected())
    expect(growthBytes()).toBeLessThan(MAX_GROWTH_BYTES)
  })

  it('goes up in one call of boto3 and comes down again with equal bytes, and is not held whole', async () => {
    const got = await boto3(
      proxy.url,
      `
import hashlib, io
c = client('s3')
block = bytes.fromhex('${hash('sha256', block, 'hex')}')
body = block * (${LARGE_BYTES} // len(block))
c.put_object(Bucket='large', Key='boto3', Body=io.BytesIO(body))
down = hashlib.sha256()
for chunk in c.get_object(Bucket='large', Key='boto3')['Body'].iter_chunks(1 << 20): down.update(chunk)
result = down.hexdigest() == hashlib.sha256(body).hexdigest()`,
    )
    expect(got).toBe(true)
    expect(growthBytes()).toBeLessThan(MAX_GROWTH_BYTES)
  })

  it('goes up in parallel parts of boto3, and is not held whole', async () => {
    const length = await boto3(
      proxy.url,
      `
import io
c = client('s3')
c.upload_fileobj(io.BytesIO(bytes(${LARGE_BYTES})), 'large', 'parts')
result = c.head_object(Bucket='large', Key='parts')['ContentLength']`,
    )
    expect(length).toBe(LARGE_BYTES)
    expect(growthBytes()).toBeLessThan(MAX_GROWTH_BYTES)
  })
})
