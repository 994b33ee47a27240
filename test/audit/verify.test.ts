import { appendFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { verifyAudit } from '../../proxy/audit/verify.ts'
import { sampled } from '../support/sample.ts'
import { chainLine, opened, records, segments, temporaryFolder, writtenLog } from './support.ts'

async function edit(
  dir: string,
  change: (lines: string[]) => string[],
  segment = '00000001.jsonl',
): Promise<void> {
  const path = join(dir, segment)
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
  await writeFile(
    path,
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  )
}

describe('verifyAudit', () => {
  it('counts records and segments of a good log and names its head', async () => {
    const dir = await writtenLog(7, { segmentBytes: 900 })
    const last = (await records(dir)).at(-1)
    expect(await verifyAudit(dir)).toEqual({
      ok: true,
      records: 7,
      segments: (await segments(dir)).length,
      head: { seq: 7, hash: last?.hash },
      sealed: [],
      problems: [],
    })
  })

  it('detects a change of any byte of the log', async () => {
    const dir = await writtenLog(3)
    const path = join(dir, '00000001.jsonl')
    const good = await readFile(path)
    // The last byte is left out: without its line feed the last record is whole but torn, and a test of its own.
    const places = Array.from({ length: good.length - 1 }, (_, place) => place)
    for (const i of sampled(places, 250)) {
      const changed = Buffer.from(good)
      changed[i] = (good[i] as number) ^ 0x01
      await writeFile(path, changed)
      expect((await verifyAudit(dir)).ok, `byte ${i}`).toBe(false)
    }
    await writeFile(path, good)
    expect((await verifyAudit(dir)).ok).toBe(true)
  })

  it('names the segment and line of a changed record', async () => {
    const dir = await writtenLog(4)
    await edit(dir, (lines) => lines.map((line, i) => (i === 1 ? line.replace('"allow"', '"deny"') : line)))
    const { problems } = await verifyAudit(dir)
    expect(problems).toEqual([
      { segment: '00000001.jsonl', line: 2, what: 'not a record, or changed' },
      { segment: '00000001.jsonl', line: 3, what: 'record 3 does not follow record 1' },
    ])
  })

  const CHANGES: Record<string, (lines: string[]) => string[]> = {
    'a removed first line': (lines) => lines.slice(1),
    'a removed line': (lines) => lines.toSpliced(1, 1),
    'two lines in another order': ([a = '', b = '', c = '', ...rest]) => [a, c, b, ...rest],
    'a repeated line': ([a = '', b = '', ...rest]) => [a, b, b, ...rest],
    'an inserted line': ([a = '', ...rest]) => [a, '{"phase":"decision"}', ...rest],
    'an empty line': ([a = '', ...rest]) => [a, '', ...rest],
    'an inserted record with a hash of its own': ([a = '', ...rest]) => {
      const { hash } = JSON.parse(a) as { hash: string }
      return [a, chainLine({ seq: 1, hash }, '', '"phase":"decision"').line.slice(0, -1), ...rest]
    },
    'a line rewritten with a fresh hash': ([a = '', b = '', ...rest]) => {
      const { hash } = JSON.parse(a) as { hash: string }
      const members = b.slice(b.indexOf('"phase"'), b.indexOf(',"hash"')).replace('allow', 'deny')
      return [a, chainLine({ seq: 1, hash }, '', members).line.slice(0, -1), ...rest]
    },
  }
  for (const [what, change] of Object.entries(CHANGES)) {
    it(`detects ${what}`, async () => {
      const dir = await writtenLog(4)
      await edit(dir, change)
      expect((await verifyAudit(dir)).ok).toBe(false)
    })
  }

  it('detects a missing first, middle and renamed segment', async () => {
    for (const number of [1, 2]) {
      const dir = await writtenLog(6, { segmentBytes: 900 })
      await rm(join(dir, `0000000${number}.jsonl`))
      const { ok, problems } = await verifyAudit(dir)
      expect(ok).toBe(false)
      expect(problems[0]).toEqual({ segment: `0000000${number}.jsonl`, line: 0, what: 'segment is missing' })
    }
    const dir = await writtenLog(6, { segmentBytes: 900 })
    await rename(join(dir, '00000002.jsonl'), join(dir, '00000009.jsonl'))
    expect((await verifyAudit(dir)).ok).toBe(false)
  })

  it('detects that the newest records were cut off when a head noted earlier is given', async () => {
    const dir = await writtenLog(4)
    const { head } = await verifyAudit(dir)
    await edit(dir, (lines) => lines.slice(0, 3))
    expect((await verifyAudit(dir)).ok).toBe(true)
    expect((await verifyAudit(dir, head)).problems).toMatchObject([
      { what: 'record 4 is expected and missing' },
    ])
  })

  it('detects a log rewritten as a whole when a head noted earlier is given', async () => {
    const { head } = await verifyAudit(await writtenLog(2))
    const other = await writtenLog(3, { clock: { nowMs: () => 0 } })
    expect((await verifyAudit(other, head)).problems).toMatchObject([
      { what: 'record 2 is not the one expected' },
    ])
  })

  it('detects a torn tail that nobody sealed', async () => {
    const dir = await writtenLog(2)
    const path = join(dir, '00000001.jsonl')
    await truncate(path, (await readFile(path)).length - 1)
    expect(await verifyAudit(dir)).toMatchObject({
      ok: false,
      problems: [{ segment: '00000001.jsonl', line: 2, what: 'torn: the line has no end' }],
    })
  })

  it('detects torn bytes that were changed after they were sealed', async () => {
    const dir = await writtenLog(2)
    await appendFile(join(dir, '00000001.jsonl'), '{"seq":3,')
    await (await opened(dir)).close()
    expect((await verifyAudit(dir)).ok).toBe(true)
    const path = join(dir, '00000001.jsonl')
    const good = await readFile(path, 'utf8')
    // Changed, longer, shorter, gone.
    for (const bad of [
      good.replace('"seq":3,', '"seq":4,'),
      `${good} `,
      good.slice(0, -1),
      good.slice(0, -9),
    ]) {
      await writeFile(path, bad)
      const { ok, problems } = await verifyAudit(dir)
      expect(ok).toBe(false)
      expect(problems.at(-1)?.what).toContain('seals torn bytes that are not there')
    }
  })

  it('refuses a folder without a log', async () => {
    expect((await verifyAudit(await temporaryFolder())).ok).toBe(false)
  })

  it('passes beside a process that is writing', async () => {
    const dir = await temporaryFolder()
    const audit = await opened(dir, { segmentBytes: 20_000 })
    const stop = new AbortController()
    const writer = (async () => {
      while (!stop.signal.aborted) await audit.commit({ phase: 'decision', requestId: 'x'.repeat(200) })
    })()
    await audit.commit({ phase: 'decision' })
    for (let i = 0; i < 20; i += 1) expect((await verifyAudit(dir)).problems).toEqual([])
    stop.abort()
    await writer
  })
})
