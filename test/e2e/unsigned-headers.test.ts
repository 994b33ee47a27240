/** Clients that leave header fields unsigned, as AWS allows: what they send goes through, or is refused in words. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { AwsClient } from 'aws4fetch'
import type { AWSError } from 'aws-sdk'
import CloudFormation from 'aws-sdk/clients/cloudformation.js'
import CloudWatch from 'aws-sdk/clients/cloudwatch.js'
import DynamoDB from 'aws-sdk/clients/dynamodb.js'
import EC2 from 'aws-sdk/clients/ec2.js'
import EKS from 'aws-sdk/clients/eks.js'
import IAM from 'aws-sdk/clients/iam.js'
import KMS from 'aws-sdk/clients/kms.js'
import Lambda from 'aws-sdk/clients/lambda.js'
import S3 from 'aws-sdk/clients/s3.js'
import SES from 'aws-sdk/clients/ses.js'
import SESV2 from 'aws-sdk/clients/sesv2.js'
import SNS from 'aws-sdk/clients/sns.js'
import SQS from 'aws-sdk/clients/sqs.js'
import STS from 'aws-sdk/clients/sts.js'
import { chromium } from 'playwright-core'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { keyOf } from '../support/clients.ts'
import type { Proxy } from '../support/proxy.ts'
import type { Recorded, RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import { CHROMIUM, CURL, missing } from '../support/tools.ts'

const execute = promisify(execFile)
const OBJECT = Buffer.from('0123456789')

/** Answers as S3 does to a range, and otherwise with nothing, in the form of what was sent. */
function answer(
  { method, target, headers }: Recorded,
  reply: Parameters<RecordingUpstream['answer']>[1],
): void {
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers['range']?.toString() ?? '')
  const isJson = /json/.test(headers['content-type']?.toString() ?? 'json')
  const body = target.startsWith('/bucket/object') ? OBJECT : Buffer.from(isJson ? '{}' : '<R></R>')
  const [from, to] =
    range === null ? [0, body.length - 1] : [Number(range[1]), Number(range[2] || body.length - 1)]
  const part = body.subarray(from, to + 1)
  const type = target.startsWith('/bucket/object') ? { 'content-type': 'text/plain' } : {}
  const shown = range === null ? {} : { 'content-range': `bytes ${from}-${to}/${body.length}` }
  reply.writeHead(range === null ? 200 : 206, {
    etag: '"e"',
    'content-length': part.length,
    ...type,
    ...shown,
  })
  reply.end(method === 'HEAD' ? undefined : part)
}

describe('clients that leave fields unsigned', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy

  beforeAll(async () => {
    process.env['AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE'] = '1'
    const scene = await openScene({ answer, settings: { upstream: { accountId: '123456789012' } } })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  /** What arrived of one call: its type, and whether it came at all. */
  async function arrived(call: () => Promise<unknown>): Promise<Recorded> {
    const before = upstream.recorded.length
    await call()
    const [only, ...more] = upstream.recorded.slice(before)
    expect(more).toEqual([])
    if (only === undefined) throw new Error('nothing was forwarded')
    return only
  }

  describe('the AWS SDK for JavaScript v2, which signs no Content-Type', () => {
    const FORM = 'application/x-www-form-urlencoded; charset=utf-8'
    const options = () => ({
      endpoint: proxy.url,
      region: 'us-east-1',
      ...keyOf(BUILDER),
      maxRetries: 0,
      s3ForcePathStyle: true,
    })
    const s3 = () => new S3(options())
    const [Bucket, Key] = ['bucket', 'key']
    const ROLE = 'arn:aws:iam::123456789012:role/r'
    const Message = { Subject: { Data: 's' }, Body: { Text: { Data: 't' } } }

    it.each<[string, string | undefined, () => Promise<unknown>]>([
      [
        'dynamodb ListTables',
        'application/x-amz-json-1.0',
        () => new DynamoDB(options()).listTables().promise(),
      ],
      ['kms ListKeys', 'application/x-amz-json-1.1', () => new KMS(options()).listKeys().promise()],
      ['sqs ListQueues', 'application/x-amz-json-1.0', () => new SQS(options()).listQueues().promise()],
      ['sns ListTopics', FORM, () => new SNS(options()).listTopics().promise()],
      ['iam DeleteUser', FORM, () => new IAM(options()).deleteUser({ UserName: 'u' }).promise()],
      ['sts GetCallerIdentity', FORM, () => new STS(options()).getCallerIdentity().promise()],
      [
        'ec2 TerminateInstances',
        FORM,
        () => new EC2(options()).terminateInstances({ InstanceIds: ['i-1'] }).promise(),
      ],
      ['cloudwatch ListMetrics', FORM, () => new CloudWatch(options()).listMetrics().promise()],
      ['cloudformation ListStacks', FORM, () => new CloudFormation(options()).listStacks().promise()],
      [
        'ses SendEmail',
        FORM,
        () =>
          new SES(options())
            .sendEmail({ Source: 'a@example.org', Destination: { ToAddresses: ['b@example.org'] }, Message })
            .promise(),
      ],
      [
        'sesv2 SendEmail',
        'application/json',
        () => new SESV2(options()).sendEmail({ Content: { Simple: Message } }).promise(),
      ],
      [
        'lambda Invoke',
        'binary/octet-stream',
        () => new Lambda(options()).invoke({ FunctionName: 'f', Payload: '{}' }).promise(),
      ],
      [
        'eks CreateCluster',
        'application/json',
        () =>
          new EKS(options()).createCluster({ name: 'c', roleArn: ROLE, resourcesVpcConfig: {} }).promise(),
      ],
      [
        's3 PutObject',
        'text/csv',
        () => s3().putObject({ Bucket, Key, Body: 'x', ContentType: 'text/csv' }).promise(),
      ],
      [
        's3 CreateMultipartUpload',
        'image/png',
        () => s3().createMultipartUpload({ Bucket, Key, ContentType: 'image/png' }).promise(),
      ],
      [
        's3 CopyObject',
        'application/octet-stream',
        () => s3().copyObject({ Bucket, Key, CopySource: 'bucket/other' }).promise(),
      ],
      [
        's3 DeleteObjects',
        'application/octet-stream',
        () =>
          s3()
            .deleteObjects({ Bucket, Delete: { Objects: [{ Key }] } })
            .promise(),
      ],
      [
        's3 PutBucketPolicy',
        'application/octet-stream',
        () => s3().putBucketPolicy({ Bucket, Policy: '{}' }).promise(),
      ],
      [
        's3 GetObject',
        undefined,
        () => s3().getObject({ Bucket, Key: 'object', Range: 'bytes=2-4' }).promise(),
      ],
      ['s3 HeadObject', undefined, () => s3().headObject({ Bucket, Key: 'object' }).promise()],
    ])('goes through: %s', async (_what, type, call) => {
      // SDKs in other languages answer differently to an empty result; what counts is what was forwarded.
      const { headers } = await arrived(() =>
        call().catch((error: AWSError) => expect(error.statusCode).toBe(200)),
      )
      expect(headers['content-type']).toBe(type)
    })
  })

  describe('aws4fetch, which signs neither Content-Type nor Range', () => {
    const client = (service: string) =>
      new AwsClient({ ...keyOf(BUILDER), service, region: 'us-east-1', retries: 0 })
    const fetched = async (service: string, path: string, init?: RequestInit) => {
      const got = await client(service).fetch(`${proxy.url}${path}`, init)
      return { status: got.status, text: await got.text() }
    }
    const target = { 'x-amz-target': 'DynamoDB_20120810.ListTables' }

    it.each<[string, string, string, RequestInit | undefined, number]>([
      ["a function's input", 'lambda', '/2015-03-31/functions/g/invocations', { body: '{"a":1}' }, 200],
      ['an upload', 's3', '/bucket/fetched', { method: 'PUT', body: 'x' }, 200],
      ['a part of an object', 's3', '/bucket/object', { headers: { range: 'bytes=0-1' } }, 206],
      [
        'a form',
        'iam',
        '/',
        {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: 'Action=ListUsers&Version=2010-05-08',
        },
        200,
      ],
      [
        'JSON with a target',
        'dynamodb',
        '/',
        { method: 'POST', headers: { ...target, 'content-type': 'application/x-amz-json-1.0' }, body: '{}' },
        200,
      ],
      ['a query with a space as +', 's3', '/bucket?list-type=2&prefix=a+b', undefined, 200],
    ])('goes through: %s', async (_what, service, path, init, status) => {
      expect((await fetched(service, path, init)).status).toBe(status)
    })

    it('is told what to send where the type says another protocol', async () => {
      const before = upstream.recorded.length
      const { status, text } = await fetched('dynamodb', '/', { method: 'POST', headers: target, body: '{}' })
      expect(status).toBe(403)
      expect(text).toContain('unsigned_header')
      expect(text).toContain('Send content-type: application/x-amz-json-1.0, or sign the header.')
      expect(upstream.recorded.length).toBe(before)
    })
  })

  describe.skipIf(missing(CURL))('curl --aws-sigv4, which signs only what -H names', () => {
    const curl = async (service: string, path: string, ...args: readonly string[]) => {
      const key = `${BUILDER.accessKeyId}:${BUILDER.secretAccessKey}`
      const sign = ['--user', key, '--aws-sigv4', `aws:amz:us-east-1:${service}`]
      const { stdout } = await execute('curl', [
        '-sS',
        '-w',
        '\n%{http_code}',
        ...sign,
        ...args,
        `${proxy.url}${path}`,
      ])
      return stdout
    }
    const HASH = ['-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD']

    it('posts a form with -d', async () => {
      expect(await curl('iam', '/', '-d', 'Action=ListRoles&Version=2010-05-08')).toMatch(/200$/)
      expect(upstream.recorded.at(-1)?.headers['content-type']).toBe('application/x-www-form-urlencoded')
    })

    it("posts a function's input with -d", async () => {
      expect(await curl('lambda', '/2015-03-31/functions/h/invocations', '-d', '{"a":2}')).toMatch(/200$/)
    })

    it('reads a part with -r, and the rest of a download with -C', async () => {
      expect(await curl('s3', '/bucket/object', ...HASH, '-r', '3-5')).toBe('345\n206')
      expect(await curl('s3', '/bucket/object', ...HASH, '-C', '8')).toBe('89\n206')
    })

    it('reads an object only if it changed with -z', async () => {
      expect(await curl('s3', '/bucket/object', ...HASH, '-z', 'Thu, 01 Jan 2026 00:00:00 GMT')).toMatch(
        /200$/,
      )
      expect(upstream.recorded.at(-1)?.headers['if-modified-since']).toBe('Thu, 01 Jan 2026 00:00:00 GMT')
    })

    it('uploads with --data-binary', async () => {
      expect(await curl('s3', '/bucket/curl', ...HASH, '-X', 'PUT', '--data-binary', 'x')).toMatch(/200$/)
    })

    it('is told what to send where -d says that JSON is a form', async () => {
      const said = await curl('dynamodb', '/', '-H', 'X-Amz-Target: DynamoDB_20120810.ListTables', '-d', '{}')
      expect(said).toContain('Send content-type: application/x-amz-json-1.0, or sign the header.')
      expect(said).toMatch(/403$/)
    })
  })

  /** A URL that reads the object, as a program would hand it to a person. */
  function presignedUrl(): string {
    const signer = new S3({
      endpoint: proxy.url,
      region: 'us-east-1',
      signatureVersion: 'v4',
      s3ForcePathStyle: true,
      ...keyOf(BUILDER),
    })
    return signer.getSignedUrl('getObject', { Bucket: 'bucket', Key: 'object' })
  }

  it.skipIf(missing(CHROMIUM))('opens a presigned URL in Chromium', async () => {
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
    onTestFinished(() => browser.close())
    const context = await browser.newContext({ extraHTTPHeaders: { 'x-requested-with': 'a' } })
    await context.addCookies([{ name: 'session', value: 'secret', url: proxy.url }])
    const { headers } = await arrived(async () => {
      const page = await context.newPage()
      const answer = await page.goto(presignedUrl())
      expect([answer?.status(), await page.textContent('body')]).toEqual([200, OBJECT.toString()])
    })
    for (const name of ['cookie', 'upgrade-insecure-requests', 'x-requested-with'])
      expect(headers[name]).toBeUndefined()
  })

  it('opens a presigned URL with what browsers add', async () => {
    const headers = {
      cookie: 'session=secret',
      'upgrade-insecure-requests': '1',
      'x-requested-with': 'XMLHttpRequest',
      'sec-fetch-mode': 'navigate',
      dnt: '1',
      priority: 'u=0, i',
      range: 'bytes=0-',
    }
    const { headers: sent } = await arrived(async () =>
      expect((await fetch(presignedUrl(), { headers })).status).toBe(206),
    )
    for (const name of ['cookie', 'upgrade-insecure-requests', 'x-requested-with', 'dnt', 'priority'])
      expect(sent[name]).toBeUndefined()
    expect(sent['range']).toBe('bytes=0-')
  })
})
