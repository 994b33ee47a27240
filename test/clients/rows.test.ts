import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../support/markdown.ts'
import { type Row, rowOf, rowsIn, tableOf } from './rows.ts'
import { SDKS } from './sdks.ts'
import { TOOLS } from './tools.ts'

const ok = (step: string) => ({ step, ok: true })
const failed = (step: string, message: string, code?: string) => ({
  step,
  ok: false,
  message,
  code: code ?? null,
})
const HIDES = '(moderato request 1, reason unsigned_header)'

describe('rowOf', () => {
  it('counts what works straight, and says why the rest does not go through', () => {
    const straight = [ok('a'), ok('b'), ok('c'), ok('d'), ok('e'), failed('f', 'the emulator cannot')]
    const through = [
      ok('a'),
      failed('b', `An error: no. ${HIDES}`, 'AccessDenied'),
      failed('c', `No. ${HIDES}`),
      failed('d', '<Error><Code>NoSuchKey</Code></Error>', 'HTTP 404'),
    ]
    expect(rowOf('x', '1.2', straight, through)).toEqual([
      'x',
      '1.2',
      '1 of 5',
      '`unsigned_header`: b, c; NoSuchKey: d; not reached: e',
    ])
  })

  it('takes no step for passed that fails', () => {
    expect(rowOf('x', '1', [ok('a')], [failed('a', '')])[2]).toBe('0 of 1')
    expect(rowOf('x', '1', [ok('a')], [failed('a', 'GET of http://127.0.0.1:7/a (HTTP 403)')])[3]).toBe(
      'HTTP 403: a',
    )
  })
})

describe('tableOf', () => {
  const rows: readonly Row[] = [
    ['a', '1', '2 of 2', ''],
    ['b', '2', '1 of 2', '`x`: y | z'],
  ]

  it('is read again as it was written', () => {
    expect(rowsIn(tableOf(rows, [], ['a', 'b']))).toEqual(rows)
  })

  it('keeps the row of a client that was not run now, and says so of one that never was', () => {
    const now: Row = ['b', '3', '2 of 2', '']
    const table = tableOf([now], rows, ['a', 'b', 'c'])
    expect(rowsIn(table)).toEqual([rows[0], now, ['c', '', 'not run yet', '']])
  })
})

describe('docs/clients.md', () => {
  it('has a row for each client, with what was measured', () => {
    const page = readFileSync(join(ROOT, 'docs/clients.md'), 'utf8')
    const [, table = ''] = /<!-- clients:begin -->\n([^]*?)\n<!-- clients:end -->/.exec(page) ?? []
    const rows = rowsIn(table)
    expect(rows.map(([name]) => name)).toEqual([...SDKS, ...TOOLS].map(({ name }) => name))
    for (const [, version, share] of rows) {
      expect(version).toMatch(/\d/)
      expect(share).toMatch(/^\d+ of \d+$/)
    }
  })
})
