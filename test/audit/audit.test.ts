import { appendFile, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openSegmentFile, type OpenSegment } from '../../proxy/audit/segment.ts'
import { verifyAudit } from '../../proxy/audit/verify.ts'
import { decision, NOW_MS, opened, records, segments, temporaryFolder, writtenLog } from './support.ts'

afterEach(() => void vi.useRealTimers())

/** A disk that counts syncs and fails when it is told to; a failing write leaves half of its bytes behind. */
function disk(): {
  open: OpenSegment
  fail: 'write' | 'sync' | undefined
  syncs: number
} {
  const state: ReturnType<typeof disk> = {
    fail: undefined,
    syncs: 0,
    async open(path) {
      const file = await openSegmentFile(path)
      return {
        async appendFile(bytes) {
          if (state.fail !== 'write') return file.appendFile(bytes)
          await file.appendFile(bytes.subarray(0, bytes.length / 2))
          throw new Error('ENOSPC')
        },
        async datasync() {
          state.syncs += 1
          if (state.fail === 'sync') throw new Error('EIO')
          await file.datasync()
        },
        truncate: (length) => file.truncate(length),
        close: () => file.close(),
      }
    },
  }
  return state
}

describe('openAudit', () => {
  it('makes folder and files for its own user only', async () => {
    const dir = join(await temporaryFolder(), 'state', 'audit')
    const audit = await opened(dir)
    await audit.commit(decision('a'))
    expect((await stat(dir)).mode & 0o777).toBe(0o700)
    for (const name of ['00000001.jsonl', 'lock'])
      expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600)
  })

  it('refuses a second writer and lets one in after the first has closed', async () => {
    const dir = await temporaryFolder()
    const audit = await opened(dir)
    await expect(opened(dir)).rejects.toThrow('another process is writing the audit log')
    await audit.close()
    await (await opened(dir)).commit(decision('b'))
    expect((await verifyAudit(dir)).ok).toBe(true)
  })

  it('goes on with the chain of the run before', async () => {
    const dir = await writtenLog(3)
    const audit = await opened(dir)
    expect(audit.head.seq).toBe(3)
    await audit.commit(decision('r4'))
    expect(await verifyAudit(dir)).toMatchObject({ ok: true, records: 4, segments: 1, head: audit.head })
  })

  it('spans segments with one chain when a size is reached', async () => {
    const dir = await writtenLog(10, { segmentBytes: 1000 })
    expect((await segments(dir)).length).toBeGreaterThan(2)
    for (const name of await segments(dir))
      expect((await stat(join(dir, name))).size).toBeLessThanOrEqual(1000)
    expect(await verifyAudit(dir)).toMatchObject({ ok: true, records: 10 })
    await (await opened(dir, { segmentBytes: 1000 })).commit(decision('r11'))
    expect(await verifyAudit(dir)).toMatchObject({ ok: true, records: 11 })
  })
})

describe('a torn tail', () => {
  it('is kept byte for byte and sealed by a record that names it', async () => {
    const dir = await writtenLog(2)
    const path = join(dir, '00000001.jsonl')
    const { size } = await stat(path)
    await appendFile(path, '{"seq":3,"time":"2026-')
    const before = await readFile(path)
    const audit = await opened(dir)
    expect(audit.sealed).toMatchObject([{ segment: '00000001.jsonl', offset: size, length: 22 }])
    await audit.commit(decision('r3'))
    expect(await readFile(path)).toEqual(before)
    expect((await records(dir)).map(({ seq, phase }) => [seq, phase])).toEqual([
      [1, 'decision'],
      [2, 'decision'],
      [3, 'seal'],
      [4, 'decision'],
    ])
    expect(await verifyAudit(dir)).toMatchObject({ ok: true, records: 4, sealed: audit.sealed })
  })

  it('is sealed together with a seal that was torn itself, and with an empty segment after it', async () => {
    const dir = await writtenLog(1)
    await appendFile(join(dir, '00000001.jsonl'), 'torn')
    await writeFile(join(dir, '00000002.jsonl'), '{"seq":2,"ti')
    await writeFile(join(dir, '00000003.jsonl'), '')
    const audit = await opened(dir)
    expect(audit.sealed.map(({ segment }) => segment)).toEqual(['00000001.jsonl', '00000002.jsonl'])
    expect(await verifyAudit(dir)).toMatchObject({ ok: true, records: 2 })
  })

  it('is sealed where a crash left whole lines of zeros', async () => {
    const dir = await writtenLog(1)
    await appendFile(join(dir, '00000001.jsonl'), Buffer.from('\0\0\0\n\0\0'))
    await opened(dir)
    expect(await verifyAudit(dir)).toMatchObject({ ok: true, records: 2 })
  })

  it('is sealed where nothing else was ever written', async () => {
    const dir = await temporaryFolder()
    await writeFile(join(dir, '00000001.jsonl'), '{"se')
    await opened(dir)
    expect(await verifyAudit(dir)).toMatchObject({ ok: true, records: 1, head: { seq: 1 } })
  })
})

describe('commit', () => {
  it('resolves only once the record is on disk, in order of asking', async () => {
    const dir = await temporaryFolder()
    const audit = await opened(dir)
    const order: string[] = []
    await Promise.all(
      ['a', 'b', 'c'].map(async (id) => {
        await audit.commit(decision(id))
        // At once: the reads below end in any order.
        order.push(id)
        expect((await records(dir)).map((each) => each.requestId)).toContain(id)
      }),
    )
    expect(order).toEqual(['a', 'b', 'c'])
    expect((await records(dir)).map((each) => each.requestId)).toEqual(['a', 'b', 'c'])
    expect((await records(dir))[0]?.time).toBe(new Date(NOW_MS).toISOString())
  })

  it('shares one sync among all that wait', async () => {
    const device = disk()
    const durable: number[] = []
    const audit = await opened(await temporaryFolder(), {
      open: device.open,
      onDurable: (n) => durable.push(n),
    })
    await Promise.all(Array.from({ length: 500 }, (_, i) => audit.commit(decision(`r${i}`))))
    expect(device.syncs).toBe(2)
    expect(durable).toEqual([1, 499])
  })

  for (const fail of ['write', 'sync'] as const) {
    it(`rejects all that wait while a ${fail} fails, and goes on with a whole chain once it works again`, async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const dir = await temporaryFolder()
      const device = disk()
      let durable = Promise.withResolvers<void>()
      const audit = await opened(dir, { open: device.open, onDurable: () => durable.resolve() })
      await audit.commit(decision('before'))
      audit.append(decision('read', { class: 'read' }))
      device.fail = fail
      const results = await Promise.allSettled(['x', 'y', 'z'].map((id) => audit.commit(decision(id))))
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
      await expect(audit.commit(decision('later'))).rejects.toThrow('cannot be written')
      expect(audit.available).toBe(false)
      device.fail = undefined
      durable = Promise.withResolvers()
      await turn()
      vi.advanceTimersByTime(1000)
      await durable.promise
      expect(audit.available).toBe(true)
      await audit.commit(decision('after'))
      expect((await records(dir)).map((each) => each.requestId)).toEqual(['before', 'read', 'after'])
      expect(await verifyAudit(dir)).toMatchObject({ ok: true, records: 3, sealed: [] })
    })
  }

  it('rejects while no segment can be opened', async () => {
    const failures: unknown[] = []
    const audit = await opened(await temporaryFolder(), {
      open: () => Promise.reject(new Error('EACCES')),
      onFailure: (error) => failures.push(error),
    })
    await expect(audit.commit(decision('a'))).rejects.toThrow('cannot be written')
    await expect(audit.flush()).resolves.toBeUndefined()
    expect(failures).toMatchObject([{ message: 'EACCES' }])
  })

  it('refuses at once between tries, which come each second, also with nothing to write', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const device = disk()
    let tried = Promise.withResolvers<void>()
    const audit = await opened(await temporaryFolder(), {
      open: device.open,
      onFailure: () => tried.resolve(),
      onDurable: () => tried.resolve(),
    })
    device.fail = 'sync'
    for (let i = 0; i < 100; i += 1)
      await expect(audit.commit(decision(`r${i}`))).rejects.toThrow('cannot be written')
    expect(device.syncs).toBe(1)
    tried = Promise.withResolvers()
    await turn()
    vi.advanceTimersByTime(1000)
    await tried.promise
    expect([device.syncs, audit.available]).toEqual([2, false])
    device.fail = undefined
    tried = Promise.withResolvers()
    await turn()
    vi.advanceTimersByTime(1000)
    await tried.promise
    expect(audit.available).toBe(true)
  })

  it('rejects after close', async () => {
    const audit = await opened(await temporaryFolder())
    await audit.close()
    await expect(audit.commit(decision('a'))).rejects.toThrow('closed')
    expect(() => audit.append(decision('a'))).toThrow('closed')
  })
})

describe('append', () => {
  it('becomes durable within 100 ms without anyone waiting', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const dir = await temporaryFolder()
    const durable = Promise.withResolvers<void>()
    const audit = await opened(dir, { onDurable: () => durable.resolve() })
    audit.append(decision('a'))
    audit.append(decision('b'))
    vi.advanceTimersByTime(99)
    expect(await segments(dir)).toEqual([])
    vi.advanceTimersByTime(1)
    await durable.promise
    expect(await verifyAudit(dir)).toMatchObject({ records: 2 })
  })

  it('is written at close', async () => {
    const dir = await temporaryFolder()
    const audit = await opened(dir)
    for (let i = 0; i < 1000; i += 1) audit.append(decision(`r${i}`))
    await audit.close()
    expect(await verifyAudit(dir)).toMatchObject({ ok: true, records: 1000 })
  })

  it('is tried again each second while the disk fails', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const dir = await temporaryFolder()
    const device = disk()
    device.fail = 'write'
    const tried = Promise.withResolvers<void>()
    const durable = Promise.withResolvers<void>()
    const audit = await opened(dir, {
      open: device.open,
      onFailure: () => tried.resolve(),
      onDurable: () => durable.resolve(),
    })
    audit.append(decision('a'))
    vi.advanceTimersByTime(100)
    await tried.promise
    device.fail = undefined
    await turn()
    vi.advanceTimersByTime(1000)
    await durable.promise
    expect(await verifyAudit(dir)).toMatchObject({ ok: true, records: 1 })
  })

  it('counts what finds no room while the disk fails, and says so in the log', async () => {
    const dir = await temporaryFolder()
    const device = disk()
    const audit = await opened(dir, { open: device.open })
    device.fail = 'write'
    await expect(audit.commit(decision('a'))).rejects.toThrow()
    const facts = { text: 'x'.repeat(1024 * 1024) }
    for (let i = 0; i < 60; i += 1) audit.append(decision(`r${i}`, { facts }))
    device.fail = undefined
    await audit.flush()
    const written = await records(dir)
    const kept = written.filter((each) => each.phase === 'decision').length
    expect(kept).toBeLessThan(60)
    expect(written.at(-1)).toMatchObject({ phase: 'lost', lost: 60 - kept })
    expect((await verifyAudit(dir)).ok).toBe(true)
  })

  it('knows how long records are whose resources are many, before it writes them', async () => {
    const dir = await temporaryFolder()
    const device = disk()
    const audit = await opened(dir, { open: device.open })
    device.fail = 'write'
    await expect(audit.commit(decision('a'))).rejects.toThrow()
    const resources = Array.from({ length: 1024 }, () => 'x'.repeat(1024))
    for (let i = 0; i < 20; i += 1) audit.append(decision(`r${i}`, { resources }))
    device.fail = undefined
    await audit.flush()
    const kept = (await records(dir)).filter((each) => each.phase === 'decision').length
    expect(kept).toBeLessThan(10)
  })
})

describe('lagSeconds', () => {
  it('is the age of the oldest record that is not durable', async () => {
    let nowMs = NOW_MS
    const audit = await opened(await temporaryFolder(), { clock: { nowMs: () => nowMs } })
    expect(audit.lagSeconds()).toBe(0)
    audit.append(decision('a'))
    nowMs += 2500
    audit.append(decision('b'))
    expect(audit.lagSeconds()).toBe(2.5)
    await audit.flush()
    expect(audit.lagSeconds()).toBe(0)
  })
})
