/** What the SDKs for JavaScript and Go send, over every protocol: each request is known as the operation that was called. */
import { SmithyRpcV2CborProtocol } from '@smithy/core/cbor'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { describeRequest } from '../../../proxy/aws/describe-request.ts'
import { jsRequests, type SdkRequest } from '../../support/sdk-requests.ts'
import { builtGoClient, GO, installedJsClients } from '../../support/toolchains.ts'
import { missing } from '../../support/tools.ts'
import { catalogue } from '../requests.ts'

/** How a request says which protocol it speaks. */
function protocolOf({ expected: [service], headers }: SdkRequest): string {
  const field = (name: string): string =>
    String(Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1] ?? '')
  if (field('smithy-protocol') !== '') return field('smithy-protocol')
  const type = field('content-type').replace(/;.*/, '')
  if (field('x-amz-target') !== '') return type.replace('application/x-amz-', '')
  if (type.endsWith('x-www-form-urlencoded')) return service === 'ec2' ? 'ec2' : 'query'
  return { lambda: 'rest-json', route53: 'rest-xml' }[service] ?? service
}

interface Tally {
  readonly wrong: string[]
  readonly unmodelled: string[]
  readonly byProtocol: Record<string, number>
}

async function measured(requests: AsyncIterable<SdkRequest> | Iterable<SdkRequest>): Promise<Tally> {
  const tally: Tally = { wrong: [], unmodelled: [], byProtocol: {} }
  for await (const request of requests) {
    const [model, name] = request.expected
    const { service, operation, traits, reason } = await describeRequest(
      catalogue,
      JSON.stringify(request),
      undefined,
    )
    const protocol = protocolOf(request)
    tally.byProtocol[protocol] = (tally.byProtocol[protocol] ?? 0) + 1
    const isRight = operation === name && service === catalogue.service(model)?.prefix
    if (!isRight) tally.wrong.push(`${model}.${name} (${protocol}) as ${service}.${operation}: ${reason}`)
    if (traits.includes('unmodelled')) tally.unmodelled.push(`${model}.${name} (${protocol})`)
  }
  return tally
}

const PROTOCOLS = ['ec2', 'json-1.0', 'json-1.1', 'query', 'rest-json', 'rest-xml', 'rpc-v2-cbor', 's3']

/** Of SDKs that are newer than the catalogue: what they say that it lacks is marked, as it must be. */
const NEWER = new Set(['s3.PutBucketReplication (s3)'])

function judge({ wrong, unmodelled, byProtocol }: Tally): void {
  expect(wrong).toEqual([])
  expect(unmodelled.filter((each) => !NEWER.has(each))).toEqual([])
  expect(Object.keys(byProtocol).toSorted()).toEqual(PROTOCOLS)
  for (const each of PROTOCOLS) expect(byProtocol[each]).toBeGreaterThanOrEqual(10)
  expect(Object.values(byProtocol).reduce((sum, each) => sum + each)).toBeGreaterThan(1000)
}

const goRequests = missing(GO) ? undefined : await builtGoClient('requests')
const jsClients = await installedJsClients()

describe.skipIf(goRequests === undefined)('requests of the AWS SDK for Go v2', () => {
  it('are each known, with every parameter', async () => {
    const lines = execFileSync(goRequests ?? '', {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const requests = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as SdkRequest)
    const tally = await measured(requests)
    console.info('Go SDK v2, requests by protocol:', tally.byProtocol)
    judge(tally)
  })
})

describe.skipIf(jsClients === undefined)('requests of the AWS SDK for JavaScript v3', () => {
  const CLIENTS: readonly (readonly [name: string, model: string, config?: object])[] = [
    ['cloudwatch', 'cloudwatch'],
    [
      'cloudwatch',
      'cloudwatch',
      { protocol: new SmithyRpcV2CborProtocol({ defaultNamespace: 'com.amazonaws.cloudwatch' }) },
    ],
    ['dynamodb', 'dynamodb'],
    ['ec2', 'ec2'],
    ['kms', 'kms'],
    ['lambda', 'lambda'],
    ['route-53', 'route53'],
    ['s3', 's3'],
    ['sns', 'sns'],
    ['sqs', 'sqs'],
  ]

  async function* all(): AsyncGenerator<SdkRequest> {
    for (const [name, model, config] of CLIENTS)
      yield* jsRequests(jsClients ?? '', `@aws-sdk/client-${name}`, model, config)
  }

  it('are each known, with every parameter', async () => {
    const tally = await measured(all())
    console.info('JavaScript SDK v3, requests by protocol:', tally.byProtocol)
    judge(tally)
  })
})
