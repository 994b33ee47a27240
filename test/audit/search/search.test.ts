/** Whatever happens to the index, a search answers what reading the whole log would. */
import { readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openAudit } from '../../../proxy/audit/audit.ts'
import type { AuditRecord } from '../../../proxy/audit/record.ts'
import type { RecordFilter } from '../../../proxy/audit/search/filter.ts'
import { SearchedLogs } from '../../../proxy/audit/search/search.ts'
import { clock, decision, records, temporaryFolder, type Line } from '../support.ts'

const NAMES = [
  'arn:aws:dynamodb:us-east-1:123456789012:table/prod-payments',
  'arn:aws:dynamodb:us-east-1:123456789012:table/prod-payments-2',
  'arn:aws:s3:::data/a b\n{"seq":1} 3,4',
  'arn:aws:s3:::data/"quoted"\t\u2028\ud800 1',
  'arn:aws:s3:::data/${*}',
  '*',
]
const PATTERNS = [
  undefined,
  ...NAMES,
  '*prod-*',
  '*payments',
  '*',
  '*" *',
  '*\n*',
  '*\ud800*',
  '*nothing*',
  'prod',
]

const drawnRecord: fc.Arbitrary<AuditRecord> = fc
  .record({
    task: fc.constantFrom(undefined, 't1', 't2'),
    agent: fc.constantFrom('spiffe://example.org/agent/a', 'spiffe://example.org/agent/b'),
    operation: fc.constantFrom('DeleteTable', 'GetItem', null),
    decision: fc.constantFrom('allow', 'deny'),
    classes: fc.constantFrom(['read'], ['write', 'destructive'], ['unknown']),
    resources: fc.array(fc.constantFrom(...NAMES), { maxLength: 3 }),
    rules: fc.constantFrom(undefined, ['no-prod'], ['no-prod', 'slow']),
  })
  .map((more) => decision('r', more))

const drawnFilter: fc.Arbitrary<RecordFilter> = fc.record({
  task: fc.constantFrom(undefined, 't1', 't*', 't3'),
  agent: fc.constantFrom(undefined, '*/a', 'spiffe://example.org/agent/b'),
  operation: fc.constantFrom(undefined, 'deletetable', 'dynamodb:DeleteTable', '*Item'),
  decision: fc.constantFrom(undefined, 'deny'),
  class: fc.constantFrom(undefined, 'destructive', 'read'),
  resource: fc.constantFrom(...PATTERNS),
  rule: fc.constantFrom(undefined, 'slow'),
})

/** What the filter means, written apart from the code that is tested: over parsed records, by regular expressions. */
function expected(all: readonly Line[], filter: RecordFilter): string[] {
  const like = (pattern: string | undefined, texts: readonly unknown[], flags = 's') => {
    const parts = pattern?.split('*').map((part) => part.replaceAll(/[^\w]/g, String.raw`\$&`))
    const whole = parts && new RegExp(`^${parts.join('.*')}$`, flags)
    return (
      whole === undefined || texts.some((text) => typeof text === 'string' && text !== '' && whole.test(text))
    )
  }
  const starless = (text: string) => text.replaceAll('${*}', '\u0001')
  return all.flatMap((record) => {
    const resources = ((record['resources'] ?? []) as string[]).map(starless)
    const called =
      record['operation'] === null
        ? ['dynamodb:']
        : [record['operation'], `dynamodb:${record['operation'] as string}`]
    const isFit =
      like(filter.task, [record['task']]) &&
      like(filter.agent, [record['agent']]) &&
      like(filter.operation, called, 'si') &&
      like(filter.decision, [record['decision']]) &&
      like(filter.class, (record['classes'] ?? [record['class']]) as string[]) &&
      like(filter.rule, (record['rules'] ?? []) as string[]) &&
      (filter.resource === undefined || like(starless(filter.resource), resources))
    return isFit ? [record.hash] : []
  })
}

async function add(dir: string, more: readonly AuditRecord[], segmentBytes = 3_000): Promise<void> {
  const audit = await openAudit({ dir, clock, segmentBytes })
  for (const record of more) await audit.commit(record)
  await audit.close()
}

function hashes(dirs: readonly string[], filter: RecordFilter, limit?: number): string[] {
  const logs = new SearchedLogs(dirs)
  try {
    return logs.newest({ filter, limit }).found.map(({ line }) => (JSON.parse(line) as Line).hash)
  } finally {
    logs.close()
  }
}

const indexOf = (dir: string): string => `${dir}-index.sqlite`

async function log(): Promise<string> {
  return join(await temporaryFolder(), 'audit')
}

/** What somebody can do to an index, or to the log behind its back. */
const HARM: Readonly<Record<string, (dir: string) => Promise<void> | void>> = {
  nothing: () => undefined,
  'the index is lost': (dir) => rmSync(indexOf(dir)),
  'the index is no database': (dir) => writeFileSync(indexOf(dir), 'not a database'.repeat(500)),
  'the index has a damaged page'(dir) {
    const bytes = readFileSync(indexOf(dir))
    writeFileSync(indexOf(dir), bytes.fill(0xa5, Math.min(4096, bytes.length / 2)))
  },
  'the index is cut': (dir) => writeFileSync(indexOf(dir), readFileSync(indexOf(dir)).subarray(0, 5_000)),
  'the log goes on': (dir) => add(dir, [decision('later', { classes: ['destructive'], resources: NAMES })]),
  'the oldest segment is removed': (dir) => rmSync(join(dir, readdirSync(dir).toSorted()[0] ?? '')),
  async 'the log is another of the same folder'(dir) {
    rmSync(dir, { recursive: true })
    await add(dir, [decision('other', { resources: NAMES }), decision('another')])
  },
  'a segment is changed'(dir) {
    const path = join(dir, readdirSync(dir).toSorted()[0] ?? '')
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"allow"', '"deny"').replaceAll('"t1"', '"t3"'))
  },
}

describe('a search', () => {
  it.each(Object.keys(HARM))('finds what is in the log: %s', async (harm) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(drawnRecord, { minLength: 1, maxLength: 30 }),
        fc.array(drawnFilter, { minLength: 1, maxLength: 4 }),
        async (drawn, filters) => {
          const dir = await log()
          await add(dir, drawn)
          for (const filter of filters)
            expect(hashes([dir], filter)).toEqual(expected(await records(dir), filter))
          await HARM[harm]?.(dir)
          // All that is in the log, whatever the filter was before.
          for (const filter of [...filters, {}])
            expect(hashes([dir], filter)).toEqual(expected(await records(dir), filter))
        },
      ),
      { numRuns: 6 },
    )
  })

  it('cuts long segments into blocks, and reads what is in none', async () => {
    const dir = await log()
    const audit = await openAudit({ dir, clock })
    for (let i = 0; i < 9_000; i += 1) audit.append(decision(`r${i}`, { resources: [`arn:aws:s3:::b/${i}`] }))
    await audit.close()
    for (const place of [0, 4_095, 4_096, 8_191, 8_192, 8_999]) {
      const found = hashes([dir], { resource: `*/${place}` })
      expect(found).toEqual(
        (await records(dir)).filter(({ seq }) => seq === place + 1).map(({ hash }) => hash),
      )
    }
    expect(hashes([dir], {}, 3)).toEqual((await records(dir)).slice(-3).map(({ hash }) => hash))
    expect(hashes([dir], {})).toHaveLength(9_000)
  })

  it('merges the logs of replicas by time, and names a folder once', async () => {
    const [one, two] = [await log(), await log()]
    for (const [dir, start] of [
      [one, 1],
      [two, 2],
    ] as const) {
      let nowMs = start
      const audit = await openAudit({ dir, clock: { nowMs: () => nowMs } })
      for (; nowMs < 40; nowMs += 2) await audit.commit(decision(`at-${nowMs}`))
      await audit.close()
    }
    const logs = new SearchedLogs([one, two, one])
    onTestFinished(() => logs.close())
    const ids = ({ record }: { readonly record: { readonly requestId?: string | undefined } }) =>
      record.requestId
    expect([...logs.oldest({})].map(ids)).toEqual(Array.from({ length: 39 }, (_, i) => `at-${i + 1}`))
    const { found, more } = logs.newest({ filter: { sinceMs: 10, untilMs: 20 }, limit: 4 })
    expect([found.map(ids), more]).toEqual([['at-16', 'at-17', 'at-18', 'at-19'], true])
  })

  it('leaves the log as it is, and its index to its owner alone', async () => {
    const dir = await log()
    await add(dir, [decision('r1'), decision('r2')])
    const before = readdirSync(dir).map((name) => readFileSync(join(dir, name)))
    hashes([dir], {})
    expect(readdirSync(dir).map((name) => readFileSync(join(dir, name)))).toEqual(before)
    expect(statSync(indexOf(dir)).mode & 0o777).toBe(0o600)
  })

  it('does without a file where another lies in its place', async () => {
    const dir = await log()
    await add(dir, [decision('r1')])
    const elsewhere = join(await temporaryFolder(), 'elsewhere')
    symlinkSync(elsewhere, indexOf(dir))
    expect(hashes([dir], {})).toHaveLength(1)
    expect(statSync(elsewhere, { throwIfNoEntry: false })).toBeUndefined()
  })

  it('is the same in a copy of the log', async () => {
    const [dir, copy] = [await log(), await log()]
    await add(dir, [decision('r1', { task: 't1' }), decision('r2')])
    await cp(dir, copy, { recursive: true })
    expect(hashes([copy], { task: 't1' })).toEqual(hashes([dir], { task: 't1' }))
  })

  it('made anew is right where somebody changed the log and set the time of the change back', async () => {
    const dir = await log()
    await add(dir, [decision('r1', { task: 't1' }), decision('r2'), decision('r3')], 500)
    const path = join(dir, '00000001.jsonl')
    utimesSync(path, 1, 1)
    expect(hashes([dir], { task: 't1' })).toHaveLength(1)
    writeFileSync(path, readFileSync(path, 'utf8').replace('"t1"', '"t2"'))
    utimesSync(path, 1, 1)
    const logs = new SearchedLogs([dir], { rebuild: true })
    onTestFinished(() => logs.close())
    expect(logs.newest({ filter: { task: 't2' } }).found).toHaveLength(1)
  })

  it('skips what is no record', async () => {
    const dir = await log()
    await add(dir, [decision('r1')])
    writeFileSync(join(dir, '00000002.jsonl'), 'null\n[1]\n{"seq":2}\n{"torn":\n')
    await add(dir, [decision('r2')])
    expect(hashes([dir], { agent: '*' })).toHaveLength(2)
  })
})

describe('two processes that share an index', () => {
  it('find the same, also while one of them makes it anew', async () => {
    const dir = await log()
    await add(
      dir,
      Array.from({ length: 40 }, (_, i) => decision(`r${i}`)),
    )
    const [one, two] = [new SearchedLogs([dir]), new SearchedLogs([dir])]
    onTestFinished(() => [one, two].forEach((each) => each.close()))
    const found = one.oldest({})
    const first = found.next().value
    const rebuilt = new SearchedLogs([dir], { rebuild: true })
    onTestFinished(() => rebuilt.close())
    expect([first, ...found]).toHaveLength(40)
    expect(two.newest({ filter: {} }).found).toHaveLength(40)
    expect(two.newest({ filter: {}, limit: 1 }).found).toHaveLength(1)
    await add(dir, [decision('later', { task: 'new' })])
    for (const each of [one, two, rebuilt])
      expect(each.newest({ filter: { task: 'new' } }).found).toHaveLength(1)
  })
})
