/** Calls that a service asked to send again: an SDK's retry comes in the same second, with the same signature. */
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { CopyObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dynamodb, s3 } from '../support/clients.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { awsCli, boto3 } from '../support/python.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startRetryUpstream, wish, type Dialect } from '../support/retry-upstream.ts'
import { AWS_CLI, BOTO3, missing } from '../support/tools.ts'

const ERRORS_BEFORE_SUCCESS = 2

let upstream: RecordingUpstream
let attempts: () => readonly number[]
let proxy: Proxy
let before: number

beforeAll(async () => {
  ;({ upstream, attempts } = await startRetryUpstream(ERRORS_BEFORE_SUCCESS))
  proxy = await startProxy({ upstream: upstream.url })
  return async () => {
    await proxy.stop()
    await upstream.stop()
  }
})
beforeEach(() => {
  before = attempts().length
})

/** Every call came as often as straight to the service, each as a decision of its own, and none was taken for a copy. */
async function expectForwarded(calls: number): Promise<void> {
  const made = attempts().slice(before)
  expect(made).toEqual(Array(calls).fill(ERRORS_BEFORE_SUCCESS + 1))
  expect(await proxy.metric('moderato_denials_total')).toBe(0)
}

/** A call of boto3, its dialect, and errors of it that every retry mode retries: status and code. */
type Tried = readonly [
  client: string,
  call: string,
  args: object,
  dialect: Dialect,
  errors: readonly Failure[],
]
type Failure = readonly [status: number, code: string]

const COMMON: readonly Failure[] = [
  [400, 'ThrottlingException'],
  [400, 'Throttling'],
  [429, 'TooManyRequestsException'],
  [500, 'InternalFailure'],
  [503, 'ServiceUnavailable'],
]
const CALLS: readonly Tried[] = [
  [
    'dynamodb',
    'put_item',
    { TableName: 't', Item: { k: { S: '1' } } },
    'json',
    [...COMMON, [400, 'ProvisionedThroughputExceededException'], [400, 'TransactionInProgressException']],
  ],
  [
    'sqs',
    'send_message',
    { QueueUrl: 'https://sqs.us-east-1.amazonaws.com/123456789012/q', MessageBody: 'm' },
    'json',
    [...COMMON, [403, 'RequestThrottled']],
  ],
  ['kms', 'tag_resource', { KeyId: 'k', Tags: [{ TagKey: 'a', TagValue: 'b' }] }, 'json', COMMON],
  [
    'kinesis',
    'put_record',
    { StreamName: 's', Data: 'd', PartitionKey: 'p' },
    'json',
    [[400, 'LimitExceededException']],
  ],
  [
    'lambda',
    'tag_resource',
    { Resource: 'arn:aws:lambda:us-east-1:123456789012:function:f', Tags: { a: 'b' } },
    'rest-json',
    COMMON,
  ],
  ['sns', 'publish', { TopicArn: 'arn:aws:sns:us-east-1:123456789012:t', Message: 'm' }, 'query', COMMON],
  ['iam', 'tag_user', { UserName: 'u', Tags: [{ Key: 'a', Value: 'b' }] }, 'query', COMMON],
  [
    'ec2',
    'create_tags',
    { Resources: ['i-1'], Tags: [{ Key: 'a', Value: 'b' }] },
    'ec2',
    [...COMMON, [503, 'RequestLimitExceeded']],
  ],
  [
    'route53',
    'delete_health_check',
    { HealthCheckId: 'h' },
    'rest-xml',
    [...COMMON, [400, 'PriorRequestNotComplete']],
  ],
  [
    's3',
    'put_object',
    { Bucket: 'b', Key: 'k', Body: 'x' },
    's3',
    [
      [503, 'SlowDown'],
      [500, 'InternalError'],
      [503, 'ServiceUnavailable'],
      [400, 'RequestTimeout'],
    ],
  ],
  ['s3', 'delete_object', { Bucket: 'b', Key: 'k' }, 's3', [[503, 'SlowDown']]],
  [
    's3',
    'copy_object',
    { Bucket: 'b', Key: 'k', CopySource: 'b/from' },
    's3-late',
    [
      [200, 'InternalError'],
      [200, 'SlowDown'],
    ],
  ],
  // Last: from here on the client is made to speak CBOR, which botocore can and does not choose by itself.
  [
    'cloudwatch',
    'put_metric_data',
    { Namespace: 'n', MetricData: [{ MetricName: 'm', Value: 1 }] },
    'cbor',
    COMMON,
  ],
]

/** The clients whose calls the adaptive mode makes too. */
const SLOWLY = ['dynamodb', 'sns', 'ec2', 's3']

const SNIPPET = `
import time
time.sleep = lambda seconds: None
result = []
for name, call, arguments, dialect, errors in json.loads(r'''CALLS'''):
    if dialect == 'cbor':
        import botocore.model
        botocore.model.ServiceModel.resolved_protocol = 'smithy-rpc-v2-cbor'
    # A region for each mode, so that no two of them make the same call in the same second.
    for mode, region in (('legacy', 'us-east-1'), ('standard', 'us-east-2'), ('adaptive', 'us-west-2')):
        # After a throttled answer this mode lets a call go every two seconds.
        few = errors[:1] if name in SLOWLY else []
        for status, code in few if mode == 'adaptive' else errors:
            c = client(name, region_name=region, user_agent_extra=f'wish/{dialect}.{status}.{code}', retries={'mode': mode, 'total_max_attempts': 3})
            try:
                answer = getattr(c, call)(**arguments)
                result.append([name, call, mode, code, answer['ResponseMetadata']['RetryAttempts']])
            except Exception as error:
                result.append([name, call, mode, code, str(error)])
`

describe('a call that the service asked to send again', () => {
  it.skipIf(missing(BOTO3))(
    'is forwarded again by each retry mode of boto3, in every protocol, with no pause at all',
    async () => {
      const made = await boto3(
        proxy.url,
        SNIPPET.replace('CALLS', JSON.stringify(CALLS)).replace('SLOWLY', JSON.stringify(SLOWLY)),
      )
      const expected = CALLS.flatMap(([client, call, , , errors]) =>
        ['legacy', 'standard', 'adaptive'].flatMap((mode) =>
          (mode === 'adaptive' ? errors.slice(0, SLOWLY.includes(client) ? 1 : 0) : errors).map(
            ([, code]) => [client, call, mode, code, ERRORS_BEFORE_SUCCESS],
          ),
        ),
      )
      expect(made).toEqual(expected)
      await expectForwarded(expected.length)
    },
  )

  it.each(['standard', 'adaptive'])(
    'is forwarded again by the retry mode %s of the SDK for JavaScript',
    async (retryMode) => {
      const options = (dialect: Dialect, status: number, code: string) => ({
        retryMode,
        maxAttempts: 3,
        customUserAgent: wish(dialect, status, code),
      })
      const put = new PutItemCommand({ TableName: 't', Item: { k: { S: '1' } } })
      const table = (status: number, code: string) =>
        dynamodb(proxy.url, BUILDER, options('json', status, code)).send(put)
      const object = new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x' })
      const copy = new CopyObjectCommand({ Bucket: 'b', Key: 'k', CopySource: 'b/from' })
      const answers = [
        ...(await Promise.all(COMMON.map(([status, code]) => table(status, code)))),
        await table(400, 'ProvisionedThroughputExceededException'),
        await s3(proxy.url, BUILDER, options('s3', 503, 'SlowDown')).send(object),
        await s3(proxy.url, BUILDER, options('s3-late', 200, 'SlowDown')).send(copy),
      ]
      expect(answers.map(({ $metadata }) => $metadata.attempts)).toEqual(Array(COMMON.length + 3).fill(3))
      await expectForwarded(COMMON.length + 3)
    },
  )

  it.skipIf(missing(AWS_CLI)).each(['legacy', 'standard', 'adaptive'])(
    'is forwarded again by the retry mode %s of the AWS CLI',
    async (mode) => {
      const item = ['dynamodb', 'put-item', '--table-name', 't', '--item', '{"k":{"S":"1"}}']
      await awsCli(proxy.url, item, BUILDER, {
        AWS_RETRY_MODE: mode,
        AWS_MAX_ATTEMPTS: '3',
        AWS_EXECUTION_ENV: wish('json', 400, 'ThrottlingException'),
      })
      await expectForwarded(1)
    },
  )
})
