import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../../proxy/cli/audit.ts'
import { call, incident, logOf, TASK } from '../incident/logs.ts'
import { captured } from './captured.ts'

async function runs(...args: readonly string[]) {
  const { io, out, err } = captured()
  const code = await run(['export', ...args], io)
  return { code, out: out(), err: err() }
}

const textOf = (dir: string): string =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(dir, name), 'utf8'))
    .join('')

/** The cells of a line in which every cell is in quotes. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, cell = '']) => cell.replaceAll('""', '"'))

describe('moderato audit export', () => {
  it('writes the log as it is, and the head to which it was verified', async () => {
    const dir = await logOf(incident())
    const { code, out, err } = await runs(dir)
    expect([code, out]).toEqual([0, textOf(dir)])
    expect(err).toMatch(/: verified; head \d+:[0-9a-f]{64}\n$/)
  })

  it('ends with 1 where the chain does not hold', async () => {
    const dir = await logOf(incident())
    const path = join(dir, '00000001.jsonl')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"d3"', '"d9"'))
    expect(await runs(dir)).toMatchObject({ code: 1, err: expect.stringContaining('NOT VERIFIED') })
  })

  it.each(['=1+1', '+1', '-2', '@SUM(A1)', ' =1', '\t=1', '\r=1', '\uff1d1', '=cmd|"/c calc"!A1'])(
    'writes no formula into CSV: %j',
    async (task) => {
      const dir = await logOf([...call('a', { task, resources: [task, 'a"b,c\n=2'] }, null)])
      const [header = '', line = '', end] = (await runs(dir, '--format', 'csv')).out.split('\r\n')
      const cells = cellsOf(line)
      expect([cells.length, end]).toEqual([header.split(',').length, ''])
      for (const cell of cells) expect(cell).not.toMatch(/^\s*[=+\-@\uff1d]|[\u0000-\u001f]/)
      expect(cells[header.split(',').indexOf('resources')]).toContain('a"b,c\\u{a}=2')
    },
  )

  it('writes OCSF events of calls', async () => {
    const { out, err } = await runs(await logOf(incident()), '--format', 'ocsf', '--task', TASK)
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(events[2]).toMatchObject({
      class_uid: 6003,
      category_uid: 6,
      activity_id: 4,
      type_uid: 600304,
      time: Date.UTC(2026, 0, 2, 3, 0, 4),
      action_id: 1,
      status_id: 1,
      api: { operation: 'DeleteTable', service: { name: 'dynamodb' }, request: { uid: 'd0' } },
      actor: { user: { uid: 'spiffe://example.org/agent/cleanup' } },
      cloud: { provider: 'AWS' },
    })
    expect(events.find((each) => each['action_id'] === 2)).toMatchObject({
      status_id: 2,
      status_detail: 'policy_denied',
    })
    expect(err).toContain('2 records are no calls')
  })

  it('refuses another format, and a class that does not exist', async () => {
    expect((await runs('--format', 'xml')).code).toBe(2)
    expect((await runs('--class', 'destructve')).code).toBe(2)
  })
})
