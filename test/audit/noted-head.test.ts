/** A head that the state store noted, and a log that lacks its record. */
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { verifyAudit } from '../../proxy/audit/verify.ts'
import { decision, opened, records, writtenLog } from './support.ts'

describe('a head that was noted elsewhere', () => {
  it('that the log has changes nothing', async () => {
    const dir = await writtenLog(3)
    const { head: noted } = await verifyAudit(dir)
    const audit = await opened(dir, { noted })
    expect([audit.missing, audit.head.seq]).toEqual([undefined, 3])
    await audit.commit(decision('r4'))
    await audit.close()
    expect((await opened(dir, { noted })).missing).toBeUndefined()
  })

  it.each([
    ['was removed', async (dir: string) => rm(join(dir, '00000001.jsonl'))],
    ['was cut', async (dir: string) => truncate(join(dir, '00000001.jsonl'), 500)],
    ['is another', async (dir: string) => cp(await writtenLog(5), dir, { recursive: true })],
  ])('is missed where the log %s, on record, and the gap stays visible', async (_, change) => {
    const dir = await writtenLog(3)
    const { seq } = (await verifyAudit(dir)).head
    const noted = { seq, hash: 'f'.repeat(64) }
    await change(dir)
    const audit = await opened(dir, { noted })
    expect(audit.missing).toEqual(noted)
    await audit.commit(decision('later'))
    const found = await records(dir)
    expect(found.find(({ phase }) => phase === 'missing')).toMatchObject({ missing: noted })
    expect((await verifyAudit(dir, noted)).ok).toBe(false)
  })

  it('is missed where the chain begins after it', async () => {
    const dir = await writtenLog(3)
    const { head: noted } = await verifyAudit(dir)
    const path = join(dir, '00000001.jsonl')
    const audit = await opened(dir)
    await audit.commit(decision('r4'))
    await audit.close()
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.slice(text.lastIndexOf('\n', text.length - 2) + 1))
    expect((await opened(dir, { noted })).missing).toEqual(noted)
  })
})
