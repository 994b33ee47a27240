import { describe, expect, it } from 'vitest'
import { classified, rest, s3 } from '../requests.ts'

/** method, path and query, operation. */
const OPERATIONS: readonly (readonly [string, string, string])[] = [
  ['GET', '/', 'ListBuckets'],
  ['GET', '/?x-id=ListBuckets', 'ListBuckets'],
  ['PUT', '/bucket', 'CreateBucket'],
  ['PUT', '/bucket/', 'CreateBucket'],
  ['DELETE', '/bucket', 'DeleteBucket'],
  ['HEAD', '/bucket', 'HeadBucket'],
  ['GET', '/bucket', 'ListObjects'],
  ['GET', '/bucket?prefix=a&delimiter=%2F', 'ListObjects'],
  ['GET', '/bucket?list-type=2&prefix=a', 'ListObjectsV2'],
  ['GET', '/bucket?versions', 'ListObjectVersions'],
  ['GET', '/bucket?uploads', 'ListMultipartUploads'],
  ['POST', '/bucket?delete', 'DeleteObjects'],
  ['POST', '/bucket/?delete=', 'DeleteObjects'],
  ['GET', '/bucket?location', 'GetBucketLocation'],
  ...(
    ['policy', 'tagging', 'cors', 'website', 'encryption', 'replication', 'ownershipControls'] as const
  ).flatMap((key) => {
    const name = key.charAt(0).toUpperCase() + key.slice(1)
    return (['GET', 'PUT', 'DELETE'] as const).map((method) => {
      const verb = { GET: 'Get', PUT: 'Put', DELETE: 'Delete' }[method]
      return [method, `/bucket?${key}`, `${verb}Bucket${name}`] as const
    })
  }),
  ...(['analytics', 'inventory', 'metrics', 'intelligent-tiering'] as const).flatMap((key) => {
    const name = key
      .split('-')
      .map((each) => each.charAt(0).toUpperCase() + each.slice(1))
      .join('')
    return [
      ['GET', `/bucket?${key}&id=i`, `GetBucket${name}Configuration`] as const,
      ['PUT', `/bucket?${key}&id=i`, `PutBucket${name}Configuration`] as const,
      ['DELETE', `/bucket?${key}&id=i`, `DeleteBucket${name}Configuration`] as const,
      ['GET', `/bucket?${key}`, `ListBucket${name}Configurations`] as const,
    ]
  }),
  ['GET', '/bucket?acl', 'GetBucketAcl'],
  ['PUT', '/bucket?acl', 'PutBucketAcl'],
  ['GET', '/bucket?lifecycle', 'GetBucketLifecycleConfiguration'],
  ['PUT', '/bucket?lifecycle', 'PutBucketLifecycleConfiguration'],
  ['DELETE', '/bucket?lifecycle', 'DeleteBucketLifecycle'],
  ['GET', '/bucket?versioning', 'GetBucketVersioning'],
  ['PUT', '/bucket?versioning', 'PutBucketVersioning'],
  ['GET', '/bucket?logging', 'GetBucketLogging'],
  ['PUT', '/bucket?logging', 'PutBucketLogging'],
  ['GET', '/bucket?notification', 'GetBucketNotificationConfiguration'],
  ['PUT', '/bucket?notification', 'PutBucketNotificationConfiguration'],
  ['GET', '/bucket?requestPayment', 'GetBucketRequestPayment'],
  ['PUT', '/bucket?requestPayment', 'PutBucketRequestPayment'],
  ['GET', '/bucket?accelerate', 'GetBucketAccelerateConfiguration'],
  ['PUT', '/bucket?accelerate', 'PutBucketAccelerateConfiguration'],
  ['GET', '/bucket?policyStatus', 'GetBucketPolicyStatus'],
  ['GET', '/bucket?publicAccessBlock', 'GetPublicAccessBlock'],
  ['PUT', '/bucket?publicAccessBlock', 'PutPublicAccessBlock'],
  ['DELETE', '/bucket?publicAccessBlock', 'DeletePublicAccessBlock'],
  ['GET', '/bucket?object-lock', 'GetObjectLockConfiguration'],
  ['PUT', '/bucket?object-lock', 'PutObjectLockConfiguration'],
  ['GET', '/bucket?session', 'CreateSession'],
  ['GET', '/bucket/key', 'GetObject'],
  ['GET', '/bucket/key?x-id=DeleteObject', 'GetObject'],
  ['GET', '/bucket/key?versionId=v&partNumber=1&response-content-type=a', 'GetObject'],
  ['HEAD', '/bucket/key', 'HeadObject'],
  ['PUT', '/bucket/key', 'PutObject'],
  ['PUT', '/bucket/key?x-id=PutObject', 'PutObject'],
  ['DELETE', '/bucket/key', 'DeleteObject'],
  ['DELETE', '/bucket/key?versionId=v', 'DeleteObject'],
  ['PUT', '/bucket/key?partNumber=1&uploadId=u', 'UploadPart'],
  ['POST', '/bucket/key?uploads', 'CreateMultipartUpload'],
  ['POST', '/bucket/key?uploadId=u', 'CompleteMultipartUpload'],
  ['DELETE', '/bucket/key?uploadId=u', 'AbortMultipartUpload'],
  ['GET', '/bucket/key?uploadId=u', 'ListParts'],
  ['GET', '/bucket/key?acl', 'GetObjectAcl'],
  ['PUT', '/bucket/key?acl', 'PutObjectAcl'],
  ['GET', '/bucket/key?tagging', 'GetObjectTagging'],
  ['PUT', '/bucket/key?tagging', 'PutObjectTagging'],
  ['DELETE', '/bucket/key?tagging', 'DeleteObjectTagging'],
  ['GET', '/bucket/key?retention', 'GetObjectRetention'],
  ['PUT', '/bucket/key?retention', 'PutObjectRetention'],
  ['GET', '/bucket/key?legal-hold', 'GetObjectLegalHold'],
  ['PUT', '/bucket/key?legal-hold', 'PutObjectLegalHold'],
  ['GET', '/bucket/key?torrent', 'GetObjectTorrent'],
  ['POST', '/bucket/key?restore', 'RestoreObject'],
  ['POST', '/bucket/key?select&select-type=2', 'SelectObjectContent'],
  ['GET', '/bucket//', 'GetObject'],
  ['GET', '/bucket/a/../b/', 'GetObject'],
]

describe('identify: S3 in path style', () => {
  it.each(OPERATIONS)('%s %s is %s', async (method, target, operation) => {
    expect((await classified(s3(method, target))).operation).toBe(operation)
  })

  it('tells copies by their source header', async () => {
    const copy = ['x-amz-copy-source', '/other-bucket/a%20b']
    expect((await classified(s3('PUT', '/bucket/key', '', copy))).operation).toBe('CopyObject')
    const part = await classified(s3('PUT', '/bucket/key?partNumber=1&uploadId=u', '', copy))
    expect(part.operation).toBe('UploadPartCopy')
    expect(part.resources).toEqual(['arn:aws:s3:::bucket/key', 'arn:aws:s3:::other-bucket/a b'])
  })

  it('tells object attributes by their header', async () => {
    const sample = s3('GET', '/bucket/key?attributes', '', ['x-amz-object-attributes', 'ETag'])
    expect((await classified(sample)).operation).toBe('GetObjectAttributes')
  })

  it('reads ListDirectoryBuckets by the scope', async () => {
    const call = await classified({ scope: 's3express', method: 'GET', target: '/' })
    expect(call.operation).toBe('ListDirectoryBuckets')
  })

  it.each([
    ['DELETE', '/bucket/key?unheard-of'],
    ['DELETE', '/bucket?policy&lifecycle'],
    ['DELETE', '/bucket?POLICY'],
    ['POST', '/bucket?delete&delete'],
    ['PUT', '/bucket/key?uploadId=u'],
    ['POST', '/bucket'],
    ['GET', '//key'],
    ['GET', '/bucket/%ff'],
    ['GET', '/bucket?list-type=3'],
    ['OPTIONS', '/bucket/key'],
  ])('knows nothing of %s %s', async (method, target) => {
    expect((await classified(s3(method, target))).class).toBe('unknown')
  })
})

describe('resources of S3', () => {
  it.each(['my-ap-abcdefgh1234567890-s3alias', 'mfzwi23gnjvgw.mrap', 'b--use1-az4--x-s3'])(
    'are anything where %s stands for a bucket',
    async (bucket) => {
      expect((await classified(s3('GET', `/${bucket}/key`))).resources).toContain('*')
    },
  )
})

describe('identify: key value stores', () => {
  const get = (arn: string) =>
    classified(rest('cloudfront-keyvaluestore', 'GET', `/key-value-stores/${encodeURIComponent(arn)}/keys/k`))

  it('takes the account in the ARN for the host prefix', async () => {
    const call = await get('arn:aws:cloudfront::123456789012:key-value-store/63d4a1a0')
    expect(call).toMatchObject({ operation: 'GetKey', hostPrefix: '123456789012.' })
  })

  it.each(['x', 'arn:aws:cloudfront::evil.example/:key-value-store/a', 'arn:aws:s3:::b'])(
    'makes a prefix that no host has of %s',
    async (arn) => {
      expect(await get(arn)).toMatchObject({ operation: 'GetKey', hostPrefix: '.' })
    },
  )
})

describe('identify: S3 Control', () => {
  const account = ['x-amz-account-id', '111122223333']

  it('is told by path and account header together', async () => {
    const call = await classified(s3('DELETE', '/v20180820/accesspoint/ap', '', account))
    expect(call).toMatchObject({
      model: 's3control',
      operation: 'DeleteAccessPoint',
      hostPrefix: '111122223333.',
    })
  })

  it('is unknown with one of the two alone', async () => {
    expect((await classified(s3('DELETE', '/v20180820/accesspoint/ap'))).class).toBe('unknown')
    expect((await classified(s3('DELETE', '/bucket/key', '', account))).class).toBe('unknown')
  })

  it('refuses an account that is no host label', async () => {
    const call = await classified(
      s3('DELETE', '/v20180820/accesspoint/ap', '', ['x-amz-account-id', 'evil.example/']),
    )
    expect(call.reason).toBe('malformed_request')
  })
})
