import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openAudit } from '../../proxy/audit/audit.ts'
import type { AuditRecord } from '../../proxy/audit/record.ts'
import { run } from '../../proxy/cli/audit.ts'
import { clock, decision, temporaryFolder, type Line } from '../audit/support.ts'
import { captured } from './captured.ts'

const PAYMENTS = 'arn:aws:dynamodb:us-east-1:123456789012:table/prod-payments'

async function logOf(...records: readonly AuditRecord[]): Promise<string> {
  const dir = join(await temporaryFolder(), 'audit')
  const audit = await openAudit({ dir, clock, segmentBytes: 2_000 })
  for (const record of records) await audit.commit(record)
  await audit.close()
  return dir
}

async function runs(...args: readonly string[]) {
  const { io, out, err } = captured()
  const code = await run(['search', ...args], io)
  return { code, out: out(), err: err() }
}

const ids = (out: string): unknown[] =>
  out.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as Line).requestId]))

describe('moderato audit search', () => {
  it('prints the records that fit as they are in the log, newest last', async () => {
    const dir = await logOf(
      decision('r1', { resources: [PAYMENTS], task: 't1' }),
      decision('r2', { operation: 'GetItem', class: 'read', task: 't1' }),
      decision('r3', { resources: [PAYMENTS], task: 't2' }),
    )
    const all = await runs('--resource', '*prod-payments', '--json', dir)
    expect([all.code, ids(all.out), all.err]).toEqual([0, ['r1', 'r3'], ''])
    expect(ids((await runs(dir, '--task=t1', '--operation=getitem', '--json')).out)).toEqual(['r2'])
    expect(ids((await runs(dir, '--class=destructive', '--limit=1', '--json')).out)).toEqual(['r3'])
    expect(ids((await runs(dir, '--since=2026-01-02', '--until=2026-01-03', '--json')).out)).toHaveLength(3)
    expect(ids((await runs(dir, '--until=2026-01-02', '--json')).out)).toEqual([])
  })

  it('shows people one line for each, with what an agent wrote in quotes', async () => {
    const dir = await logOf(
      decision('r1', {
        resources: ['arn:aws:s3:::b/\u001b[2J\u202e', PAYMENTS],
        task: 'x deny all\n2026 decision',
        waitedMs: 1_500,
        rules: ['no-prod'],
        decision: 'deny',
        reason: 'policy_denied',
      }),
    )
    const { code, out } = await runs(dir)
    expect(code).toBe(0)
    expect(out).toBe(
      `2026-01-02T03:04:05.000Z decision deny policy_denied destructive dynamodb:DeleteTable "arn:aws:s3:::b/\\u{1b}[2J\\u{202e}", "${PAYMENTS}" agent=spiffe://example.org/agent/demo task="x deny all\\u{a}2026 decision" waited=1500ms by=no-prod request=r1\n`,
    )
  })

  it('is one search over several folders, whose order does not matter', async () => {
    const [one, two] = [await logOf(decision('r1')), await logOf(decision('r2'))]
    expect(ids((await runs(one, two, '--json')).out)).toEqual(['r1', 'r2'])
    expect(ids((await runs(two, one, '--json')).out)).toEqual(['r2', 'r1'])
  })

  it('says that older records fit, or that none does and why that may be', async () => {
    const dir = await logOf(decision('r1'), decision('r2'))
    expect(await runs(dir, '--limit', '1')).toMatchObject({
      code: 0,
      err: 'older records fit too: give a larger --limit than 1\n',
    })
    expect((await runs(dir, '--resource', 'prod-payments')).out).toBe(
      "no record fits: resources are whole ARNs; try --resource '*prod-payments*'\n",
    )
  })

  it('never takes a mistake for an empty answer', async () => {
    const dir = await logOf(decision('r1'))
    const wrong = [
      ['--class', 'destructve'],
      ['--decision', 'denied'],
      ['--since', 'yesterday'],
      ['--limit', '0'],
      ['--config', 'x.yaml'],
      ['--tsak', 't1'],
    ]
    for (const flags of wrong) expect([flags, (await runs(dir, ...flags)).code]).toEqual([flags, 2])
    expect((await runs(dir, '--class', 'destructve')).err).toContain('did you mean destructive?')
    const empty = join(await temporaryFolder(), 'audit')
    mkdirSync(empty)
    expect(await runs(empty)).toMatchObject({ code: 1, err: expect.stringContaining('has no audit log') })
    expect(await runs(join(empty, 'nope'))).toMatchObject({ code: 1, err: expect.stringContaining('ENOENT') })
  })
})
