import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { rateOf } from '../../proxy/pacing/gcra.ts'
import { sqliteStore } from '../../proxy/state/sqlite.ts'
import { storeContract } from './contract.ts'
import type { World } from './world.ts'

describe('sqliteStore', () => {
  storeContract({
    survives: true,
    steps: 100_000,
    bed: async (world: World) => {
      const folder = mkdtempSync(join(tmpdir(), 'moderato-sqlite-'))
      return {
        open: async ({ replaysPerAgent }) =>
          sqliteStore({ path: join(folder, 'state.sqlite'), replaysPerAgent, bootClock: world }),
        moved: () => Promise.resolve(),
        close: async () => rmSync(folder, { recursive: true }),
      }
    },
  })
  it('takes a bucket of an older version of Moderato, which keeps no interval, by the rate in force', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-sqlite-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'state.sqlite')
    const store = sqliteStore({ path, replaysPerAgent: 1 })
    onTestFinished(() => store.close())
    const db = new DatabaseSync(path)
    // As that version writes it: it knows two columns.
    const now = db.prepare('SELECT ahead_ms FROM clock').get()
    const nowMs = Number(process.hrtime.bigint()) / 1e6 + Number(now?.['ahead_ms'])
    db.prepare('INSERT INTO bucket VALUES (?, ?)').run('k', nowMs + 7_200_000)
    const turn = await store.limiter.take([{ key: 'k', rate: rateOf(4, 3_600_000, 2), weight: 1 }], 0)
    expect(turn.kind === 'at' && Math.round(turn.turnAtMs / 60_000)).toBe(105)
    const kept = db.prepare('SELECT interval_ms FROM bucket_interval').all()
    db.close()
    expect(kept).toEqual([{ interval_ms: 900_000 }])
  })
})
