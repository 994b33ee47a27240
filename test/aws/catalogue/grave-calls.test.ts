/** Rule S24: calls as botocore makes them, whose class no access level tells, and their harmless neighbours. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ACTION_CLASSES } from '../../../proxy/core/action-class.ts'
import { catalogue, classified, type Sample } from '../requests.ts'

interface KnownCall {
  readonly call: string
  /** Of these, one is among the call's classes and traits. */
  readonly oneOf?: readonly string[]
  /** The call's only class. */
  readonly only?: string
  readonly scope: string
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

function linesOf<T>(text: string): T[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T)
}

async function said(sample: Sample): Promise<readonly string[]> {
  const call = await classified(sample)
  if (call.operation === null) throw new Error(`not identified: ${call.reason}`)
  return [...call.classes, ...call.traits]
}

describe('calls that are graver than their access level, and those that are not', () => {
  const path = fileURLToPath(new URL('grave-calls.jsonl', import.meta.url))
  const calls = linesOf<KnownCall>(readFileSync(path, 'utf8'))

  it.each(calls.map((each, at) => [`${at + 1} ${each.call}`, each] as const))('%s', async (_name, each) => {
    const { oneOf, only, headers, ...rest } = each
    const found = await said({ ...rest, headers: Object.entries(headers).flat() })
    if (oneOf !== undefined) expect(found.filter((word) => oneOf.includes(word))).not.toEqual([])
    else expect(found.filter((word) => (ACTION_CLASSES as readonly string[]).includes(word))).toEqual([only])
  })
})

interface WantedCall {
  readonly service: string
  readonly call: string
  readonly params: Readonly<Record<string, unknown>>
  readonly wantOneOf: readonly string[]
}

interface SentCall {
  readonly error?: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

function sampleOf({ method, url, headers, body }: SentCall): Sample {
  const authorization = headers['Authorization'] ?? headers['authorization'] ?? ''
  const scope = /Credential=[^/]+\/[^/]+\/[^/]+\/([^/]+)\//.exec(authorization)?.[1] ?? ''
  return {
    scope,
    method,
    target: url,
    headers: Object.entries(headers).flat(),
    body: Buffer.from(body, 'base64'),
  }
}

const SHARED = fileURLToPath(new URL('../../../../shared/data/milder-than-real.jsonl', import.meta.url))
const SCRIPT = fileURLToPath(new URL('botocore-calls.py', import.meta.url))

describe('calls that were once taken for milder than they are', () => {
  const hasBotocore = spawnSync('python3', ['-c', 'import botocore.session']).status === 0
  const given = existsSync(SHARED) && hasBotocore
  if (!given)
    console.warn('SKIPPED: calls once taken for milder: no ../shared data, or python3 has no botocore')

  it.skipIf(!given)(
    'are not any more',
    async () => {
      const text = readFileSync(SHARED, 'utf8')
      const wanted = linesOf<WantedCall>(text)
      const run = spawnSync('python3', [SCRIPT], { input: text, encoding: 'utf8', maxBuffer: 1 << 26 })
      const sent = linesOf<SentCall>(run.stdout)
      expect(sent).toHaveLength(wanted.length)
      const milder: string[] = []
      for (const [at, { service, call, params, wantOneOf }] of wanted.entries()) {
        const request = sent[at]
        if (request === undefined || request.error !== undefined)
          throw new Error(`${call}: ${request?.error}`)
        const found = await said(sampleOf(request))
        const isAs = found.some((each) => wantOneOf.includes(each))
        if (!isAs) milder.push(`${service}.${call} ${JSON.stringify(params)}: ${found.join(' ')}`)
      }
      expect(milder).toEqual([])
    },
    120_000,
  )
})

describe('purchases', () => {
  it('are a trait, and do not come back', () => {
    const bought = [
      'savingsplans.CreateSavingsPlan',
      'ec2.PurchaseReservedInstancesOffering',
      'ec2.PurchaseCapacityBlock',
      'rds.PurchaseReservedDBInstancesOffering',
      'route53domains.RegisterDomain',
      'bedrock.CreateProvisionedModelThroughput',
      'shield.CreateSubscription',
    ]
    for (const each of bought) {
      const [model = '', name = ''] = each.split('.')
      const traits = catalogue.service(model)?.operation(name)?.traits
      expect([each, traits]).toEqual([each, expect.arrayContaining(['irreversible', 'purchase'])])
    }
  })

  it('are every operation that says so in its name', () => {
    const silent = catalogue.models.flatMap((model) => {
      const service = catalogue.service(model)
      const names = service?.operationNames.filter((each) => /^Purchase[A-Z]/.test(each)) ?? []
      return names.filter((each) => service?.operation(each)?.traits.includes('purchase') !== true)
    })
    expect(silent).toEqual([])
  })
})
