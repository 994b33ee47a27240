import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import {
  GENESIS,
  lastRecord,
  readLine,
  recordOf,
  segmentName,
  segmentNumbers,
} from '../../proxy/audit/chain.ts'
import { chainLine } from './support.ts'

const TIME = '2026-01-02T03:04:05.000Z'

function twoLines(): { first: string; second: string; head: { seq: number; hash: string } } {
  const first = chainLine(GENESIS, TIME, '"phase":"decision","requestId":"a"')
  const second = chainLine(first.head, TIME, '"phase":"outcome","note":"é\\u0000"')
  return { first: first.line, second: second.line, head: second.head }
}

const bytesOf = (line: string): Buffer => Buffer.from(line.slice(0, -1))

describe('writeLine', () => {
  it('numbers from 1 and links each record to the hash of the one before', () => {
    const { first, second } = twoLines()
    const [a, b] = [JSON.parse(first), JSON.parse(second)] as [
      Record<string, unknown>,
      Record<string, unknown>,
    ]
    expect(a).toMatchObject({ seq: 1, time: TIME, prevHash: '0'.repeat(64), requestId: 'a' })
    expect(b).toMatchObject({ seq: 2, prevHash: a['hash'] })
  })

  it('can be checked with sed and sha256sum as its documentation says', () => {
    const { second } = twoLines()
    const script = `sed 's/,"hash":"[0-9a-f]*"}$/}/' | tr -d '\\n' | sha256sum`
    const sum = execFileSync('sh', ['-c', script], { input: second, encoding: 'utf8' }).split(' ')[0]
    expect(sum).toBe((JSON.parse(second) as { hash: string }).hash)
  })
})

describe('readLine', () => {
  it('reads what chainLine wrote', () => {
    const { second, head } = twoLines()
    expect(readLine(bytesOf(second))).toMatchObject(head)
  })

  it('refuses the line with any one byte changed, left out or added', () => {
    const { second, head } = twoLines()
    const good = bytesOf(second)
    for (let i = 0; i < good.length; i += 1) {
      const changed = Buffer.from(good)
      changed[i] = (good[i] as number) ^ 1
      const without = Buffer.concat([good.subarray(0, i), good.subarray(i + 1)])
      const added = Buffer.concat([good.subarray(0, i), Buffer.from(' '), good.subarray(i)])
      for (const each of [changed, without, added]) {
        // A changed prevHash or seq is covered by the hash as well.
        expect(readLine(each), `byte ${i}`).not.toMatchObject(head)
        expect(readLine(each), `byte ${i}`).toBeUndefined()
      }
    }
  })

  it('tells broken UTF-8 sequences apart that decode to the same text', () => {
    const { line } = chainLine(GENESIS, TIME, '"phase":"decision","requestId":"\ufffd"')
    const changed = bytesOf(line)
    changed[changed.indexOf(0xef)] = 0xf0
    expect(changed.toString()).toBe(bytesOf(line).toString())
    expect(readLine(changed)).toBeUndefined()
  })
})

describe('recordOf', () => {
  it('gives back what was chained, so that it can follow another head', () => {
    const { second } = twoLines()
    const json = '{"phase":"outcome","note":"é\\u0000"}'
    expect(recordOf(bytesOf(second))).toEqual({ time: TIME, json })
    expect(() => recordOf(Buffer.from('x'))).toThrow('not a line')
  })
})

describe('lastRecord', () => {
  it('finds the last whole record before torn bytes', () => {
    const { first, second } = twoLines()
    const torn = Buffer.from(`${first}${second.slice(0, 40)}`)
    expect(lastRecord(torn)).toMatchObject({ head: { seq: 1 }, endBytes: first.length })
  })

  it('passes over whole lines that are no records', () => {
    const { first } = twoLines()
    expect(lastRecord(Buffer.from(`${first}\0\0\0\n\n{}\n`))).toMatchObject({
      head: { seq: 1 },
      endBytes: first.length,
    })
  })

  it('finds nothing in an empty or foreign file', () => {
    for (const text of ['', 'x', '\n', 'x\n']) {
      expect(lastRecord(Buffer.from(text))).toEqual({ head: undefined, endBytes: 0 })
    }
  })
})

describe('segmentNumbers', () => {
  it('takes only exact segment names, in order', () => {
    const names = ['lock', segmentName(10), segmentName(2), '1.jsonl', '00000000.jsonl', '00000003.jsonl.gz']
    expect(segmentNumbers(names)).toEqual([2, 10])
  })
})
