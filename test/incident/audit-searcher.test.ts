import { mkdirSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openAuditSearcher } from '../../proxy/incident/audit-searcher.ts'
import { temporaryFolder } from '../audit/support.ts'
import { incident, logOf, TASK } from './logs.ts'

describe('openAuditSearcher', () => {
  it('answers questions that are asked together', async () => {
    const searcher = openAuditSearcher(await logOf(incident()))
    onTestFinished(() => searcher.close())
    const [records, none, timeline, missing] = await Promise.all([
      searcher.records({ class: 'destructive' }, 2),
      searcher.records({ task: 'nope' }, 2),
      searcher.timeline({ task: TASK }),
      searcher.timeline({ task: 'nope' }),
    ])
    expect([records.records.length, records.more, none.records, missing]).toEqual([2, true, [], undefined])
    expect(timeline?.counts.calls).toBe(36)
  })

  it('says that the log cannot be read, and answers once it can', async () => {
    const dir = join(await temporaryFolder(), 'audit')
    const searcher = openAuditSearcher(dir)
    onTestFinished(() => searcher.close())
    await expect(searcher.records({}, 1)).rejects.toThrow('the search of the audit log')
    mkdirSync(dir)
    await cp(await logOf(incident()), dir, { recursive: true })
    expect((await searcher.records({}, 1)).records).toHaveLength(1)
    rmSync(dir, { recursive: true })
    await expect(searcher.records({}, 1)).rejects.toThrow('ENOENT')
  })
})
