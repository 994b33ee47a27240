/** Real botocore requests: what documents contain and lists count (S26), items that updates erase (S14), and what is mild. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { classified, type Sample } from '../requests.ts'
import { BOTO3, missing } from '../../support/tools.ts'

interface Wanted {
  readonly service: string
  readonly call: string
  readonly params: unknown
  readonly all: readonly string[]
  readonly none: readonly string[]
  readonly only: readonly string[] | null
  readonly count: number | null
}

interface Milder extends Pick<Wanted, 'service' | 'call' | 'params'> {
  readonly wantOneOf: readonly string[]
}

const fileNamed = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')

function python(script: string, input = ''): string {
  const path = fileNamed(script)
  return execFileSync('python3', [path], { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
}

/** Returns each call with the request that botocore makes of it. */
function requestsOf<T>(lines: readonly string[]): (readonly [string, T, Sample])[] {
  const made = linesOf(python('../../support/boto3-requests.py', lines.join('\n')))
  return lines.map((line, index) => {
    const wanted = JSON.parse(line) as T & Pick<Wanted, 'service' | 'call' | 'params'>
    const { error, ...request } = JSON.parse(made[index] ?? '{"error":"none"}')
    if (error !== undefined) throw new Error(`${wanted.service}.${wanted.call}: ${error}`)
    const name = `${index} ${wanted.service}.${wanted.call} ${JSON.stringify(wanted.params).slice(0, 120)}`
    return [name, wanted, { ...request, body: Buffer.from(request.body, 'base64') }] as const
  })
}

async function said(sample: Sample) {
  const call = await classified(sample)
  if (call.operation === null) throw new Error(`not classified: ${call.reason}`)
  return { call, names: [...call.classes, ...call.traits] as string[] }
}

const skipped = missing(BOTO3)
const CALLS = skipped ? [] : requestsOf<Wanted>(linesOf(python('boto3-calls.py')))

describe.skipIf(skipped)('a call as boto3 makes it', () => {
  it.each(CALLS)('%s', async (_name, { all, none, only, count }, sample) => {
    const { call, names } = await said(sample)
    expect(names).toEqual(expect.arrayContaining([...all]))
    for (const each of none) expect(names).not.toContain(each)
    if (only !== null) expect(call.classes).toEqual(only)
    if (count !== null) expect(call.count).toBe(count)
  })
})

const MILDER = fileNamed('../../../../shared/data/milder-than-real.jsonl')
/** The services and calls of that file that are about contents, counts and items; others are judged by their members. */
const OURS =
  /^(cloudcontrol|scheduler)\.|^cloudformation\.|^dynamodb\.(update_item|execute_statement)$|^config\.put_conformance_pack$|^ssm\.update_document_default_version$|^stepfunctions\.|^events\.start_replay$|^redshift\.batch_modify/

const known = !skipped && existsSync(MILDER)
if (!known) console.warn('SKIPPED: the calls of milder-than-real.jsonl: the file or botocore is missing')
const ours = known
  ? linesOf(readFileSync(MILDER, 'utf8')).filter((line) => {
      const { service, call } = JSON.parse(line) as Milder
      return OURS.test(`${service}.${call}`)
    })
  : []

describe.skipIf(!known)('a call that was once taken for milder than it is', () => {
  it('is among those of the file', () => expect(ours.length).toBeGreaterThanOrEqual(17))

  it.each(known ? requestsOf<Milder>(ours) : [])('%s', async (_name, { wantOneOf }, sample) => {
    const { names } = await said(sample)
    expect(wantOneOf.filter((each) => names.includes(each))).not.toEqual([])
  })
})
