import fc from 'fast-check'
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { literalName } from '../../../policy/literal-names.ts'
import { ECDSA_ALGORITHM } from '../../../proxy/sigv4/credential.ts'
import { asked, refused } from '../agent-requests.ts'

const SHA256 = hash('sha256', 'body', 'hex')
const eks = { type: 'eks-token', cluster: 'dev' }
const get = { type: 's3-url', method: 'GET', bucket: 'own', key: 'a b/é+%41*.csv' }
const HOST = 'orders.c1a2b3c4d5e6.us-east-1.rds.amazonaws.com'
const rds = { type: 'rds-token', host: HOST, port: 5432, user: 'app' }

describe('a token for EKS', () => {
  it('is GetCallerIdentity and credentials, on the cluster in every region', async () => {
    const { call, presign } = await asked(eks)
    expect(call).toMatchObject({
      service: 'sts',
      operation: 'GetCallerIdentity',
      actions: ['sts:GetCallerIdentity'],
      class: 'credentials',
      classes: ['read', 'credentials'],
      resources: ['arn:aws:eks:*:123456789012:cluster/dev'],
      count: 1,
    })
    expect(presign).toMatchObject({
      type: 'eks-token',
      origin: 'https://sts.us-east-1.amazonaws.com',
      signingName: 'sts',
      expiresSeconds: 60,
      statement: { actions: ['sts:GetCallerIdentity'], resources: ['*'] },
    })
    expect(presign?.request.headers.raw).toEqual([
      'host',
      'sts.us-east-1.amazonaws.com',
      'x-k8s-aws-id',
      'dev',
    ])
  })

  it('writes an unknown account as *', async () => {
    expect((await asked(eks, { accountOf: () => undefined })).call.resources).toEqual([
      'arn:aws:eks:*:*:cluster/dev',
    ])
  })

  it('has the partition of its region', async () => {
    const { call, presign } = await asked(eks, {}, { region: 'cn-north-1' })
    expect(call.resources).toEqual(['arn:aws-cn:eks:*:123456789012:cluster/dev'])
    expect(presign?.origin).toBe('https://sts.cn-north-1.amazonaws.com.cn')
  })

  it('is for the host of AWS where calls go to an emulator', async () => {
    const { presign } = await asked(eks, { emulator: new URL('http://127.0.0.1:5000') })
    expect(presign?.origin).toBe('https://sts.us-east-1.amazonaws.com')
  })
})

describe('a token for a database', () => {
  it('is opaque and credentials, on the user of any database and on this database', async () => {
    const { call, presign } = await asked(rds)
    expect(call).toMatchObject({
      service: 'rds-db',
      actions: ['rds-db:connect'],
      class: 'credentials',
      classes: ['opaque', 'credentials'],
      resources: [
        'arn:aws:rds-db:us-east-1:123456789012:dbuser:*/app',
        'arn:aws:rds:us-east-1:123456789012:db:orders',
      ],
    })
    expect(presign?.statement).toEqual({
      actions: ['rds-db:connect'],
      resources: ['arn:aws:rds-db:us-east-1:123456789012:dbuser:*/app'],
    })
  })

  it.each([
    ['orders.cluster-c1a2.us-east-1.rds.amazonaws.com', 'us-east-1', 'cluster:orders'],
    ['orders.cluster-ro-c1a2.us-east-1.rds.amazonaws.com', 'us-east-1', 'cluster:orders'],
    ['reports.cluster-custom-c1a2.us-east-1.rds.amazonaws.com', 'us-east-1', 'cluster-endpoint:reports'],
    ['pool.proxy-c1a2.us-east-1.rds.amazonaws.com', 'us-east-1', 'db-proxy:*'],
    ['ro.endpoint.proxy-c1a2.us-east-1.rds.amazonaws.com', 'us-east-1', 'db-proxy-endpoint:*'],
    ['orders.c1a2.rds.cn-north-1.amazonaws.com.cn', 'cn-north-1', 'db:orders'],
  ])('knows %s', async (host, region, resource) => {
    const { call } = await asked({ ...rds, host }, {}, { region })
    expect(call.resources[1]?.split(':').slice(4).join(':')).toBe(`123456789012:${resource}`)
  })

  it.each([
    'evil.test',
    'localhost',
    'rds.amazonaws.com',
    'orders.c1a2.us-east-1.rds.amazonaws.com.evil.test',
    'orders.c1a2.eu-west-1.rds.amazonaws.com',
    'orders.c1a2.us-east-1.rds.amazonaws.com.cn',
    'c1a2.us-east-1.rds.amazonaws.com',
    '.us-east-1.rds.amazonaws.com',
    'a.orders.c1a2.us-east-1.rds.amazonaws.com',
    'orders..us-east-1.rds.amazonaws.com',
    'orders.c1a2.us-east-1xrds.amazonaws.com',
    'orders.c1-a2.us-east-1.rds.amazonaws.com',
    '169.254.169.254',
  ])('refuses the host %s', async (host) => {
    expect((await refused({ ...rds, host })).reason).toBe('endpoint_refused')
  })
})

describe('a token for a cache', () => {
  it('is opaque and credentials, on the cache and the user', async () => {
    const { call, presign } = await asked({ type: 'elasticache-token', cache: 'sessions', user: 'app' })
    const resources = [
      'arn:aws:elasticache:us-east-1:123456789012:replicationgroup:sessions',
      'arn:aws:elasticache:us-east-1:123456789012:user:app',
    ]
    expect(call).toMatchObject({
      actions: ['elasticache:Connect'],
      classes: ['opaque', 'credentials'],
      resources,
    })
    expect(presign?.statement).toEqual({ actions: ['elasticache:Connect'], resources })
    expect(presign?.request.query).toBe('Action=connect&User=app')
  })

  it('says in the token and in the resource that the cache is serverless', async () => {
    const body = { type: 'elasticache-token', cache: 'sessions', user: 'app', serverless: true }
    const { call, presign } = await asked(body)
    expect(call.resources[0]).toBe('arn:aws:elasticache:us-east-1:123456789012:serverlesscache:sessions')
    expect(presign?.request.query).toBe('Action=connect&User=app&ResourceType=ServerlessCache')
  })
})

describe('a presigned URL of S3', () => {
  it.each([
    ['GET', 'GetObject', 's3:GetObject'],
    ['HEAD', 'HeadObject', 's3:GetObject'],
  ])('is %s of one key, and credentials', async (method, operation, action) => {
    const { call, presign } = await asked({ ...get, method })
    expect(call).toMatchObject({
      service: 's3',
      operation,
      classes: ['read', 'credentials'],
      resources: [`arn:aws:s3:::own/${literalName(get.key)}`],
    })
    expect(call.actions).toContain(action)
    expect(presign).toMatchObject({
      origin: 'https://s3.us-east-1.amazonaws.com',
      payloadHash: 'UNSIGNED-PAYLOAD',
      expiresSeconds: 900,
    })
    expect(presign?.request.path).toBe('/own/a%20b/%C3%A9%2B%2541%2A.csv')
  })

  it('is PUT of one body, which may overwrite', async () => {
    const { call, presign } = await asked({ ...get, method: 'PUT', contentLength: 4, sha256: SHA256 })
    expect(call).toMatchObject({
      operation: 'PutObject',
      resources: [`arn:aws:s3:::own/${literalName(get.key)}`],
    })
    expect(call.classes).toEqual(expect.arrayContaining(['write', 'credentials']))
    expect(presign?.payloadHash).toBe(SHA256)
    expect(presign?.request.headers.raw.slice(2)).toEqual([
      'content-length',
      '4',
      'x-amz-content-sha256',
      SHA256,
    ])
  })

  it('means by its path the key that was decided on, whatever the key is', async () => {
    const keys = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .map((key) => key.toWellFormed())
      .filter((key) => !/\p{Cc}|(?:^|\/)\.{1,2}(?:\/|$)/u.test(key))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          keys,
          fc.constantFrom('/a', 'a//b', 'a/', '%2e%2e/x', '+', '?acl', '#', '\\..\\x', '.moderato/x'),
        ),
        async (key) => {
          const { call, presign } = await asked({ ...get, key })
          expect(call.resources).toEqual([`arn:aws:s3:::own/${literalName(key)}`])
          const { origin, request } = presign
          const { pathname, search, hash } = new URL(`${origin}${request.path}`)
          expect(pathname).toBe(request?.path)
          expect(decodeURIComponent(pathname)).toBe(`/own/${key}`)
          expect(search + hash).toBe('')
        },
      ),
      { seed: 7, numRuns: 300 },
    )
  })

  it('allows nothing but this key in its session policy', async () => {
    const { presign } = await asked({ ...get, key: 'a*b?c${aws:username}' })
    expect(presign?.statement.resources).toEqual(['arn:aws:s3:::own/a${*}b${?}c${$}{aws:username}'])
  })

  it('is for the emulator where calls go to one', async () => {
    const { presign } = await asked(get, { emulator: new URL('http://127.0.0.1:5000') })
    expect(presign?.origin).toBe('http://127.0.0.1:5000')
    expect(presign?.request.headers.one('host')).toBe('127.0.0.1:5000')
  })
})

describe('a request to the signing endpoint', () => {
  it('takes the region of its own signature, from the regions that may be reached', async () => {
    const regions = new Set(['eu-central-1'])
    expect((await asked(get, { regions }, { region: 'eu-central-1' })).presign).toMatchObject({
      region: 'eu-central-1',
      origin: 'https://s3.eu-central-1.amazonaws.com',
    })
    for (const body of [eks, rds, get, { type: 'elasticache-token', cache: 'c', user: 'u' }]) {
      expect((await refused(body, { regions })).reason).toBe('endpoint_refused')
      expect((await refused(body, {}, { region: 'evil-1' })).reason).toBe('endpoint_refused')
    }
  })

  it.each(['sts', 's3', 'rds-db', 'execute-api', 'Moderato'])(
    'is refused if it was signed for the service %s',
    async (service) => {
      expect((await refused(eks, {}, { service })).reason).toBe('unsupported_signature')
    },
  )

  it('is refused if its body is not signed', async () => {
    const denial = await refused(eks, {}, { payloadHash: 'UNSIGNED-PAYLOAD' })
    expect(denial.reason).toBe('unsupported_signature')
  })

  it('is taken with a hash in its header and without', async () => {
    expect((await asked(eks, {}, { declared: false })).payload.kind).toBe('hashed')
    expect((await asked(eks, {}, { declared: true })).payload.kind).toBe('declared')
  })

  it('is refused if the body is not the one that was declared', async () => {
    expect((await refused(eks, {}, { payloadHash: SHA256 })).reason).toBe('payload_mismatch')
  })

  it.each([
    ['content-type', 'application/x-www-form-urlencoded'],
    ['content-type', 'application/json; charset=utf-16'],
    ['content-type', 'multipart/form-data; boundary=application/json'],
    ['content-encoding', 'gzip'],
  ])('is refused with %s: %s', async (name, value) => {
    expect((await refused(eks, {}, {}, { headers: [name, value] })).reason).toBe('malformed_request')
  })

  it.each(['application/json', 'application/json; charset=utf-8'])('is taken as %s', async (type) => {
    expect((await asked(eks, {}, {}, { headers: ['content-type', type] })).presign?.type).toBe('eks-token')
  })

  it('is refused if it is larger than any that could be meant', async () => {
    const body = `${JSON.stringify(eks)}${' '.repeat(8192)}`
    expect((await refused(body)).reason).toBe('body_too_large')
  })

  it('is refused if it is signed in its query, or by SigV4a', async () => {
    const presigned = {
      amzDate: '',
      expiresSeconds: 60,
      securityToken: undefined,
      query: '',
      serviceQuery: '',
      hoisted: [],
    }
    for (const other of [{ algorithm: ECDSA_ALGORITHM }, { presigned }] as const) {
      const denial = await refused(eks, {}, {}, {}, (verified) => ({
        ...verified,
        authorization: { ...verified.authorization, ...other },
      }))
      expect(denial.reason).toBe('unsupported_signature')
    }
  })
})
