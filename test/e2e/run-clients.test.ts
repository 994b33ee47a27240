/** What a client does under `moderato run`: its calls go nowhere else, whatever it has in its code. */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Proxy } from '../support/proxy.ts'
import { keyEnvironment, ran } from '../support/running.ts'
import { sampled } from '../support/sample.ts'
import { openScene } from '../support/scene.ts'
import { AWS_CLI, BOTO3, missing } from '../support/tools.ts'

/** Those for which version 1 has hosts in its code, those that ask for their host, and one that has a host prefix. */
const COMMANDS = [
  'sqs list-queues',
  'rds describe-db-instances',
  'docdb describe-db-clusters',
  'neptune describe-db-clusters',
  'health describe-events',
  'emr list-clusters',
  'timestream-write list-databases',
  'timestream-query list-scheduled-queries',
  'iotsitewise describe-storage-configuration',
]
const SWEEP = join(import.meta.dirname, '../support/cli-sweep.py')

let proxy: Proxy
beforeAll(async () => {
  const scene = await openScene({
    // Each command of the AWS CLI fetches credentials.
    settings: { tasks: { rate: '1000/s', burst: 1000 } },
    // An answer that every protocol reads.
    answer: ({ headers }, reply) => {
      const asksWhere = headers['x-amz-target'] === 'Timestream_20181101.DescribeEndpoints'
      const elsewhere = { Endpoints: [{ Address: '127.0.0.1:9', CachePeriodInMinutes: 1 }] }
      reply.writeHead(200, { 'content-type': 'application/json' })
      reply.end(asksWhere ? JSON.stringify(elsewhere) : '{}')
    },
  })
  ;({ proxy } = scene)
  return scene.stop
})

const run = (command: readonly string[], more: readonly string[] = [], env: Record<string, string> = {}) =>
  ran(['run', '--same-user', '--task', 'try it', ...more, '--', ...command], {
    ...keyEnvironment(proxy),
    ...env,
  })
const SAYS_NO_CALL =
  /0 calls, 0 refused; ended\nmoderato: the command made no call through Moderato\. .* went past: .*\n$/

describe.skipIf(missing(AWS_CLI))('the AWS CLI under moderato run', () => {
  // emr has hosts of its own in another list of regions than the rest.
  it.each(['us-east-1', 'us-west-2'])('goes nowhere else in %s', async (region) => {
    const script = COMMANDS.map((each) => `aws ${each} || true`).join('\n')
    const { err } = await run(['sh', '-c', script], ['--id', `cli-${region}`], {
      AWS_REGION: region,
      AWS_MAX_ATTEMPTS: '1',
    })
    expect(err).toContain(`task cli-${region}: ${COMMANDS.length} calls, 0 refused; ended`)
    expect(err).not.toContain('Could not connect')
  })

  it('goes nowhere else with a profile of its own, started without the variables of the task', async () => {
    const bare = ['env', '-u', 'AWS_CONFIG_FILE', '-u', 'AWS_ENDPOINT_URL', '-u', 'AWS_ENDPOINT_URL_STS']
    const { err } = await run(['sh', '-c', `${bare.join(' ')} aws dynamodb list-tables`], ['--id', 'bare'])
    expect(err).toContain('task bare: 1 call, 0 refused; ended')
  })

  it('goes nowhere else because of what the caller had set', async () => {
    const elsewhere = 'http://127.0.0.1:9'
    const settings = {
      AWS_ENDPOINT_URL: elsewhere,
      AWS_ENDPOINT_URL_DYNAMODB: elsewhere,
      AWS_ENDPOINT_URL_SQS: elsewhere,
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
      AWS_USE_FIPS_ENDPOINT: 'true',
      AWS_USE_DUALSTACK_ENDPOINT: 'true',
      AWS_PROFILE: 'elsewhere',
      AWS_CA_BUNDLE: '/nonexistent',
      HTTP_PROXY: elsewhere,
      HTTPS_PROXY: elsewhere,
      ALL_PROXY: elsewhere,
      NO_PROXY: 'other.example',
    }
    const script = 'aws dynamodb list-tables && (aws sqs list-queues || true)'
    const { code, err } = await run(['sh', '-c', script], ['--id', 'settings'], settings)
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('2 calls, 0 refused; ended') })
  })

  it('goes nowhere else for any service that it knows', { timeout: 600_000 }, async () => {
    const sweep = async (...services: string[]): Promise<unknown> => {
      const { code, out, err } = await run(['python3', SWEEP, ...services])
      if (code !== 0) throw new Error(err)
      return JSON.parse(out)
    }
    const all = (await sweep()) as string[]
    expect(all.length).toBeGreaterThan(400)
    const went = Object.entries((await sweep(...sampled(all, 16))) as Record<string, string | null>)
    const { host } = new URL(proxy.url)
    // S3 Control puts the account before the host, whatever it is: before an address, that is no URL any more.
    const isHere = (url: string): boolean => {
      const its = /^https?:\/\/([^/?#]+)/.exec(url)?.[1] ?? ''
      return its === host || its.endsWith(`.${host}`)
    }
    expect(went.filter(([, url]) => url !== null && !isHere(url))).toEqual([])
    expect(went.some(([, url]) => url?.includes('/.moderato/'))).toBe(false)
    // The rest cannot be called without real parameters.
    expect(went.filter(([, url]) => url !== null).length / went.length).toBeGreaterThan(0.7)
  })
})

describe.skipIf(missing(BOTO3))('boto3 under moderato run', () => {
  it('does not go where a service sends it', async () => {
    const script = `import boto3; boto3.client('timestream-write').list_databases()`
    const { err } = await run(['python3', '-c', script])
    expect(err).toContain('Endpoint Discovery is not enabled but this operation requires it.')
  })
})

describe('moderato run', () => {
  it('says that a command made no call', async () => {
    const { code, err } = await run(['true'])
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(SAYS_NO_CALL) })
  })

  it('says so of a client that went past', async () => {
    const past = `fetch('http://127.0.0.1:9').catch(() => process.exit(3))`
    const { code, err } = await run([process.execPath, '-e', past])
    expect({ code, err }).toEqual({ code: 3, err: expect.stringMatching(SAYS_NO_CALL) })
  })
})
