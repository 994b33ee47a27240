/** Every refusal in every dialect, as real SDKs read it: their exception, our words, and whether they retry. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { HeadObjectCommand, ListBucketsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorResponse } from '../../proxy/aws/errors/error-response.ts'
import { DENIALS, type DenialReason } from '../../proxy/core/denial/table.ts'
import type { Protocol } from '../../proxy/core/call.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { boto3 } from '../support/python.ts'
import { BOTO3, missing } from '../support/tools.ts'

/** A client that is gone is not answered. */
const REASONS = (Object.keys(DENIALS) as DenialReason[]).filter((reason) => reason !== 'client_gone')

let server: Server
let url: string
/** What the server refuses with where a request does not say; set by each test. */
let current: { protocol: Protocol; service: string; reason: DenialReason }
const seen = new Map<string, number>()

beforeAll(async () => {
  server = createServer((request, reply) => {
    const asked = request.headers['x-test-refusal']
    const [protocol, service, reason] = typeof asked === 'string' ? asked.split(' ') : []
    const refusal =
      protocol === undefined
        ? current
        : { protocol: protocol as Protocol, service: service as string, reason: reason as DenialReason }
    const key = `${refusal.protocol} ${refusal.service} ${refusal.reason}`
    seen.set(key, (seen.get(key) ?? 0) + 1)
    const { status, headers, body } = errorResponse({
      ...refusal,
      message: 'Said <of> & "this" request.',
      requestId: 'r-1',
      retryAfterMs: 0,
      method: request.method ?? '',
      queryMode: request.headers['x-amzn-query-mode'] !== undefined,
    })
    request.resume().on('end', () => reply.writeHead(status, headers).end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

function expectWords(message: string, reason: DenialReason): void {
  expect(message).toContain('Said <of> & "this" request.')
  expect(message).toContain(DENIALS[reason].next)
  expect(message).toContain(`(moderato request r-1, reason ${reason})`)
}

describe('the AWS SDK for JavaScript', () => {
  it.each(REASONS)(
    '%s: DynamoDB and S3 show our words and retry just what a retry may help',
    async (reason) => {
      current = { protocol: 'json-1.0', service: 'dynamodb', reason }
      const table = await thrownBy(
        dynamodb(url, undefined, { maxAttempts: 2 }).send(new ListTablesCommand({})),
      )
      expectWords(table.message, reason)
      expect(table.attempts).toBe(DENIALS[reason].retryable ? 2 : 1)
      current = { protocol: 's3', service: 's3', reason }
      const buckets = await thrownBy(s3(url, undefined, { maxAttempts: 2 }).send(new ListBucketsCommand({})))
      expectWords(buckets.message, reason)
      expect(buckets.attempts).toBe(DENIALS[reason].retryable ? 2 : 1)
    },
  )

  it('raises the exceptions that the services themselves model', async () => {
    current = { protocol: 'json-1.0', service: 'dynamodb', reason: 'paced' }
    const paced = await thrownBy(dynamodb(url, undefined, { maxAttempts: 1 }).send(new ListTablesCommand({})))
    expect(paced).toMatchObject({ name: 'ThrottlingException', status: 400 })
    current = { protocol: 's3', service: 's3', reason: 'unknown_credential' }
    const unknown = await thrownBy(s3(url, undefined, { maxAttempts: 1 }).send(new ListBucketsCommand({})))
    expect(unknown).toMatchObject({ name: 'InvalidAccessKeyId', status: 403 })
  })

  it('goes by the status alone where S3 HEAD has no body', async () => {
    const head = new HeadObjectCommand({ Bucket: 'bucket', Key: 'key' })
    for (const [reason, status, attempts] of [
      ['policy_denied', 403, 1],
      ['paced', 503, 2],
    ] as const) {
      current = { protocol: 's3', service: 's3', reason }
      const thrown = await thrownBy(s3(url, undefined, { maxAttempts: 2 }).send(head))
      expect(thrown).toMatchObject({ status, attempts })
    }
  })
})

/** boto3 client, operation and arguments, and the dialect and signing name to refuse in. */
const CALLS: readonly (readonly [
  client: string,
  call: string,
  args: object,
  protocol: Protocol,
  name: string,
])[] = [
  ['dynamodb', 'list_tables', {}, 'json-1.0', 'dynamodb'],
  ['sqs', 'list_queues', {}, 'json-1.0', 'sqs'],
  ['kms', 'list_keys', {}, 'json-1.1', 'kms'],
  ['logs', 'describe_log_groups', {}, 'json-1.1', 'logs'],
  ['ssm', 'describe_parameters', {}, 'json-1.1', 'ssm'],
  ['lambda', 'list_functions', {}, 'rest-json', 'lambda'],
  ['eks', 'list_clusters', {}, 'rest-json', 'eks'],
  ['s3', 'list_buckets', {}, 's3', 's3'],
  ['route53', 'list_hosted_zones', {}, 'rest-xml', 'route53'],
  ['iam', 'list_roles', {}, 'query', 'iam'],
  ['sns', 'list_topics', {}, 'query', 'sns'],
  ['sts', 'get_caller_identity', {}, 'query', 'sts'],
  ['ec2', 'describe_instances', {}, 'ec2', 'ec2'],
  // Last: from here on the client is made to speak CBOR, which botocore can and does not choose by itself.
  ['cloudwatch', 'describe_alarms', {}, 'cbor', 'monitoring'],
]

interface Raised {
  readonly client: string
  readonly reason: DenialReason
  readonly mode: string
  readonly code: string
  readonly message: string
  readonly retries: number
  readonly type: string
}

const SNIPPET = `
import time
time.sleep = lambda seconds: None
calls, reasons = json.loads(r'''INPUT''')
result = []
for name, call, arguments, protocol, service in calls:
    if protocol == 'cbor':
        import botocore.model
        botocore.model.ServiceModel.resolved_protocol = 'smithy-rpc-v2-cbor'
    for mode in ('legacy', 'standard'):
        c = client(name, retries={'mode': mode, 'total_max_attempts': 2})
        for reason in reasons:
            def mark(request, reason=reason, **_):
                request.headers['x-test-refusal'] = f'{protocol} {service} {reason}'
            c.meta.events.register_first('before-sign', mark, unique_id='mark')
            try:
                getattr(c, call)(**arguments)
            except ClientError as error:
                r = error.response
                result.append({'client': name, 'reason': reason, 'mode': mode, 'code': r['Error']['Code'],
                    'message': r['Error']['Message'], 'retries': r['ResponseMetadata']['RetryAttempts'],
                    'type': type(error).__name__})
            c.meta.events.unregister('before-sign', unique_id='mark')
`

const NOBOTO = missing(BOTO3)

describe.skipIf(NOBOTO)('boto3', () => {
  let raised: Raised[]
  beforeAll(async () => {
    raised = (await boto3(url, SNIPPET.replace('INPUT', JSON.stringify([CALLS, REASONS])))) as Raised[]
  }, 110_000)

  it('raises a ClientError with our words for every reason in every dialect', () => {
    expect(raised.length).toBe(CALLS.length * REASONS.length * 2)
    for (const { message, reason } of raised) expectWords(message, reason)
  })

  it('retries just what a retry may help', () => {
    const wrong = raised.filter(({ reason, retries }) => retries !== (DENIALS[reason].retryable ? 1 : 0))
    expect(wrong).toEqual([])
  })

  it('was answered as often as it says', () => {
    for (const [, , , protocol, name] of CALLS) {
      for (const reason of REASONS) {
        const expected = DENIALS[reason].retryable ? 4 : 2
        const count = seen.get(`${protocol} ${name} ${reason}`) ?? 0
        // DynamoDB and S3 were called by the SDK for JavaScript before.
        expect(count, `${name} ${reason}`).toBeGreaterThanOrEqual(expected)
      }
    }
  })

  it.each([
    ['dynamodb', 'paced', 'ThrottlingException'],
    ['sqs', 'policy_denied', 'AccessDenied'],
    ['sqs', 'paced', 'Throttling'],
    ['kms', 'unknown_credential', 'UnrecognizedClientException'],
    ['logs', 'bad_signature', 'InvalidSignatureException'],
    ['lambda', 'paced', 'TooManyRequestsException'],
    ['eks', 'policy_denied', 'AccessDeniedException'],
    ['s3', 'clock_skew', 'RequestTimeTooSkewed'],
    ['s3', 'bad_signature', 'SignatureDoesNotMatch'],
    ['s3', 'body_too_large', 'EntityTooLarge'],
    ['route53', 'paced', 'Throttling'],
    ['iam', 'policy_denied', 'AccessDenied'],
    ['sns', 'policy_denied', 'AuthorizationError'],
    ['sts', 'unknown_credential', 'InvalidClientTokenId'],
    ['ec2', 'policy_denied', 'UnauthorizedOperation'],
    ['ec2', 'paced', 'RequestLimitExceeded'],
    ['ec2', 'unknown_credential', 'AuthFailure'],
  ] as const)('reads %s %s as %s', (client, reason, code) => {
    const codes = raised
      .filter((each) => each.client === client && each.reason === reason)
      .map((each) => each.code)
    expect(codes).toEqual([code, code])
  })

  it('raises typed exceptions where the model has them', () => {
    const types = new Map(raised.map(({ client, reason, type }) => [`${client} ${reason}`, type]))
    expect(types.get('lambda paced')).toBe('TooManyRequestsException')
    expect(types.get('sns policy_denied')).toBe('AuthorizationErrorException')
    expect(types.get('dynamodb paced')).toBe('ThrottlingException')
  })
})
