/** Twice the request is at most twice the work, whatever it says: counted in steps, not in time. */
import { encode } from 'cborg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StepCounter } from '../support/steps.ts'
import type * as Requests from '../aws/requests.ts'

const counter = new StepCounter()
// Imported when the counter runs, which sees no block of what was there before.
let requests: typeof Requests

beforeAll(async () => {
  await counter.start()
  requests = await import('../aws/requests.ts')
})
afterAll(() => counter.stop())

type Sample = Requests.Sample

const times = <T>(count: number, of: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => of(index))
const terminate = (parameters: readonly string[]): Sample =>
  requests.ec2(['Action=TerminateInstances', ...parameters].join('&'))
const put = (item: unknown): Sample => requests.dynamodb('PutItem', { TableName: 't', Item: item })
const metrics = (body: Uint8Array): Sample => ({
  scope: 'monitoring',
  target: '/service/GraniteServiceVersion20100801/operation/PutMetricData',
  headers: ['smithy-protocol', 'rpc-v2-cbor', 'content-type', 'application/cbor'],
  body: Buffer.from(body),
})
const indefinite = (start: number, inside: readonly number[], count: number): Uint8Array =>
  Uint8Array.from([0xa1, 0x61, 0x61, start, ...times(count, () => inside).flat(), 0xff])

const BODIES: readonly (readonly [string, (size: number) => Sample])[] = [
  ['a list in a form', (size) => terminate(times(size, (n) => `InstanceId.${n + 1}=i-${n}`))],
  ['a list in a form, backwards', (size) => terminate(times(size, (n) => `InstanceId.${size - n}=i`))],
  ['lists in lists', (size) => terminate(times(size, (n) => `A.${n + 1}.${n + 2}.${n + 3}=i`))],
  ['names that alternate', (size) => terminate(times(size, (n) => `${n % 2 === 0 ? 'A' : 'B'}.x${n}.y=1`))],
  ['encoded names', (size) => terminate(times(size, (n) => `%49nstance%49d.${n + 1}=+`))],
  ['a long name', (size) => terminate(times(10, (n) => `${'N'.repeat(size)}.${n + 1}=i`))],
  ['pairs without a value', (size) => terminate(times(size, (n) => `a${n}`))],
  ['entries of a map', (size) => terminate(times(size, (n) => `M.entry.${n + 1}.key=k${n}`))],
  ['unknown JSON members', (size) => put({ key: Object.fromEntries(times(size, (n) => [`x${n}`, {}])) })],
  [
    'unknown JSON members below a long name',
    (size) => put({ ['k'.repeat(size)]: Object.fromEntries(times(size, (n) => [`x${n}`, {}])) }),
  ],
  ['quotes and backslashes', (size) => put({ a: { S: '\\"'.repeat(size) } })],
  ['backslashes', (size) => put({ a: { S: '\\'.repeat(size) } })],
  ['colons', (size) => put({ a: { S: ':'.repeat(size) } })],
  ['a list of JSON objects', (size) => put({ a: { L: times(size, (n) => ({ S: `${n}` })) } })],
  ['deletes', (size) => deletes(times(size, (n) => `<Object><Key>k${n}</Key></Object>`).join(''))],
  ['stars in names', (size) => deletes(`<Object><Key>${'*'.repeat(size)}</Key></Object>`)],
  ['spelled stars in names', (size) => deletes(`<Object><Key>${'${*}'.repeat(size)}</Key></Object>`)],
  ['unknown elements', (size) => deletes(times(size, (n) => `<x${n}/>`).join(''))],
  ['character references', (size) => deletes(`<Object><Key>${'&#65;'.repeat(size)}</Key></Object>`)],
  ['blanks between tags', (size) => deletes(' '.repeat(size))],
  ['CBOR members', (size) => metrics(encode({ a: Object.fromEntries(times(size, (n) => [`x${n}`, n])) }))],
  ['an indefinite CBOR list', (size) => metrics(indefinite(0x9f, [0x01], size))],
  ['an indefinite CBOR map', (size) => metrics(indefinite(0xbf, [0x61, 0x61, 0x01], size))],
  ['indefinite CBOR text', (size) => metrics(indefinite(0x7f, [0x61, 0x61], size))],
  ['indefinite CBOR bytes', (size) => metrics(indefinite(0x5f, [0x41, 0x61], size))],
  ['segments of a path', (size) => requests.rest('mediastore', 'PATCH', `/${'a/'.repeat(size)}`)],
  ['query keys', (size) => requests.s3('GET', `/b?${times(size, (n) => `k${n}=1`).join('&')}`)],
]

function deletes(inside: string): Sample {
  return requests.s3('POST', '/bucket?delete', `<Delete>${inside}</Delete>`)
}

describe('a request of twice the size', () => {
  it.each(BODIES)('is at most twice the work: %s', async (_what, sample) => {
    const steps = async (size: number): Promise<number> => {
      const given = sample(size)
      return counter.count(() => requests.classified(given))
    }
    // The first run loads what the service needs.
    await steps(1)
    const [once, twice] = [await steps(1000), await steps(2000)]
    expect(twice).toBeGreaterThan(0)
    expect(twice / once).toBeLessThan(2.3)
  })

  it.each<[string, (size: number) => Sample]>([
    ['list wrappers', (size) => terminate([1, 3].map((n) => `${'member.'.repeat(size)}x.${n}=i`))],
    ['elements in elements', (size) => deletes(`${'<a>'.repeat(size)}${'</a>'.repeat(size)}`)],
    ['lists in lists of JSON', (size) => put(JSON.parse(`${'['.repeat(size)}${']'.repeat(size)}`))],
  ])('is at most twice the work, nested: %s', async (_what, sample) => {
    const steps = (size: number): Promise<number> => counter.count(() => requests.classified(sample(size)))
    await steps(1)
    expect((await steps(20)) / (await steps(10))).toBeLessThan(2.3)
  })
})
