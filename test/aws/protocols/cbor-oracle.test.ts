/**
 * One CBOR document in many encodings (RFC 8949), with another parser as the oracle: what it would delete, we name and
 * count, or refuse. No emulator serves rpc-v2-cbor, but LocalStack reads it.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LOCALSTACK, missing } from '../../support/tools.ts'
import { classified } from '../requests.ts'

const TEXT = 3
const LIST = 4
const MAP = 5

/** The head of an item, in a form that is longer than it need be where `width` says so. */
function head(major: number, length: number, width: number): Buffer {
  const type = major << 5
  if (width === 0 && length < 24) return Buffer.from([type | length])
  if (width <= 1 && length < 256) return Buffer.from([type | 24, length])
  return Buffer.from(
    width <= 2 ? [type | 25, length >> 8, length & 255] : [type | 26, 0, 0, length >> 8, length & 255],
  )
}

/** An item whose parts follow it, with its length first or with an end behind. */
function around(major: number, length: number, parts: readonly Buffer[], width: number): Buffer {
  if (width < 4) return Buffer.concat([head(major, length, width), ...parts])
  return Buffer.concat([Buffer.from([(major << 5) | 31]), ...parts, Buffer.from([0xff])])
}

const width = fc.integer({ min: 0, max: 4 })
/** Seldom, since LocalStack reads no tags: self-described, a time, a URI, a big number. */
const tag = fc.oneof(
  { weight: 60, arbitrary: fc.constant(Buffer.alloc(0)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('d9d9f7', 'c0', 'd820', 'c2').map((hex) => Buffer.from(hex, 'hex')),
  },
)

function text(value: string): fc.Arbitrary<Buffer> {
  return fc.tuple(width, tag, fc.integer({ min: 0, max: 3 })).map(([width, tag, cut]) => {
    const bytes = Buffer.from(value)
    const whole = [bytes.subarray(0, cut), bytes.subarray(cut)]
    const parts = width < 4 ? [bytes] : whole.map((part) => Buffer.concat([head(TEXT, part.length, 0), part]))
    return Buffer.concat([tag, around(TEXT, bytes.length, parts, width)])
  })
}

function list(items: fc.Arbitrary<readonly Buffer[]>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(items, width, tag)
    .map(([items, width, tag]) => Buffer.concat([tag, around(LIST, items.length, items, width)]))
}

const oddItem = fc
  .constantFrom('f6', '01', '80', '45616c61726d', 'f5', 'fb3ff0000000000000')
  .map((hex) => Buffer.from(hex, 'hex'))
const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('victim', 'other', 'Victim', 'ümläut').chain(text) },
  { weight: 1, arbitrary: oddItem },
)
const names = list(fc.array(name, { maxLength: 3 }))
const member = fc.tuple(
  fc.oneof(
    { weight: 20, arbitrary: text('AlarmNames') },
    { weight: 1, arbitrary: fc.constantFrom('alarmNames', 'AlarmName', 'DryRun', '').chain(text) },
    { weight: 1, arbitrary: fc.constant(Buffer.from('4a416c61726d4e616d6573', 'hex')) },
  ),
  fc.oneof({ weight: 8, arbitrary: names }, { weight: 1, arbitrary: oddItem }),
)
const document = fc
  .tuple(
    fc.array(member, { minLength: 1, maxLength: 3 }),
    width,
    tag,
    fc.constantFrom(...Array.from({ length: 9 }, () => ''), 'a0', '00', 'ff'),
  )
  .map(([members, width, tag, behind]) =>
    Buffer.concat([tag, around(MAP, members.length, members.flat(), width), Buffer.from(behind, 'hex')]),
  )

function deletedBy(bodies: readonly Buffer[]): (readonly unknown[] | null)[] {
  const script = fileURLToPath(new URL('cbor-oracle.py', import.meta.url))
  const input = bodies.map((each) => `${each.toString('hex')}\n`).join('')
  const out = execFileSync(LOCALSTACK.command, ['-W', 'ignore', script], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as readonly unknown[] | null)
}

describe.skipIf(missing(LOCALSTACK))('a CBOR body in any encoding', () => {
  it('names and counts what another parser reads from it, or is refused', async () => {
    const bodies = fc.sample(document, { numRuns: 2000, seed: 3 })
    const deleted = deletedBy(bodies)
    expect(deleted).toHaveLength(bodies.length)
    const tally = { refused: 0, known: 0, unread: 0 }
    for (const [index, body] of bodies.entries()) {
      // What is no text is no alarm's name.
      const read = deleted[index]?.filter((each) => typeof each === 'string')
      const call = await classified({
        scope: 'monitoring',
        target: '/service/GraniteServiceVersion20100801/operation/DeleteAlarms',
        headers: ['smithy-protocol', 'rpc-v2-cbor', 'content-type', 'application/cbor'],
        body,
      })
      if (read === undefined) tally.unread++
      else if (call.class === 'unknown') tally.refused++
      else {
        tally.known++
        const said = `${body.toString('hex')}: ${JSON.stringify(read)}`
        expect(call.operation, said).toBe('DeleteAlarms')
        expect(call.count, said).toBeGreaterThanOrEqual(read.length)
        if (call.resources.includes('*')) continue
        const arns = read.map((each) => `arn:aws:cloudwatch:us-east-1:111122223333:alarm:${each}`)
        expect(call.resources, said).toEqual(expect.arrayContaining(arns))
      }
    }
    console.info(`CBOR bodies: ${JSON.stringify(tally)}`)
    expect(Math.min(...Object.values(tally))).toBeGreaterThan(100)
  })
})
