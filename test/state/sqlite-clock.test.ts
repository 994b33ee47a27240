/** Buckets outlive the process, so their time must too: whatever is done to the wall clock, and over reboots. */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { rateOf } from '../../proxy/pacing/gcra.ts'
import type { BucketCharge, Turn } from '../../proxy/pacing/limiter.ts'
import { anchorOn, machineClock } from '../../proxy/state/boot-clock.ts'
import { sqliteStore } from '../../proxy/state/sqlite.ts'
import type { StateStore } from '../../proxy/state/store.ts'
import { Reference, tries, type Try } from './reference.ts'
import { World } from './world.ts'

/** Each start of a process is real, with its file: some milliseconds. */
const RUNS = 30
const STEPS = 150
const YEAR_MS = 365 * 86_400_000
const charge = (key: string, weight = 1, rate = rateOf(6, 60_000, 2)): BucketCharge => ({ key, rate, weight })

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moderato-sqlite-'))
  path = join(folder, 'state.sqlite')
  return () => rmSync(folder, { recursive: true })
})

const open = (world: World): StateStore => sqliteStore({ path, replaysPerAgent: 10, bootClock: world })

function take(store: StateStore, charges: readonly BucketCharge[], world: World): Turn {
  const turn = store.limiter.take(charges, world.nowMs())
  if (turn instanceof Promise) throw new Error('SQLite answers at once')
  return turn
}

type Step =
  | { readonly kind: 'try'; readonly try: Try }
  | { readonly kind: 'restart' | 'reboot' }
  | { readonly kind: 'set clock'; readonly byMs: number }

const tried = tries.map((each): Step => ({ kind: 'try', try: each }))
const clockSet = (byMs: fc.Arbitrary<number>) => byMs.map((each): Step => ({ kind: 'set clock', byMs: each }))
const restart = fc.constant<Step>({ kind: 'restart' })

/** Plays steps on a file of its own; `judge` is told whether each try passed and whether the reference allows it. */
function play(steps: readonly Step[], judge: (passed: boolean, allowed: boolean) => void): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name))
  const world = new World()
  const reference = new Reference()
  let store = open(world)
  for (const step of steps) {
    if (step.kind === 'set clock') world.setWallClock(step.byMs)
    else if (step.kind === 'try') {
      const { gapMs, charges } = step.try
      world.advance(gapMs)
      const turn = take(store, charges, world)
      judge(turn.kind === 'now', reference.allows(charges, world.trueMs))
      if (turn.kind === 'now') reference.pass(charges, world.trueMs)
    } else {
      void store.close()
      if (step.kind === 'reboot') world.reboot()
      else world.newProcess()
      store = open(world)
    }
  }
  void store.close()
}

describe('SQLite over restarts and clock jumps', () => {
  it(
    'neither refills nor freezes: a wall clock that is set is not looked at on one boot',
    { timeout: 120_000 },
    () => {
      const jump = clockSet(
        fc.oneof(fc.integer({ min: -YEAR_MS, max: YEAR_MS }), fc.integer({ min: -60_000, max: 60_000 })),
      )
      const step = fc.oneof({ weight: 20, arbitrary: tried }, restart, jump)
      fc.assert(
        fc.property(fc.array(step, { minLength: STEPS, maxLength: STEPS }), (steps) =>
          play(steps, (passed, allowed) => expect(passed).toBe(allowed)),
        ),
        { numRuns: RUNS, endOnFailure: true },
      )
    },
  )

  it('never refills over a reboot, however far the wall clock was set back', { timeout: 120_000 }, () => {
    const back = clockSet(fc.integer({ min: -YEAR_MS, max: 0 }))
    const step = fc.oneof(
      { weight: 20, arbitrary: tried },
      restart,
      fc.constant<Step>({ kind: 'reboot' }),
      back,
    )
    let passes = 0
    fc.assert(
      fc.property(fc.array(step, { minLength: STEPS, maxLength: STEPS }), (steps) =>
        play(steps, (passed, allowed) => {
          if (passed) expect(allowed).toBe(true)
          passes += Number(passed)
        }),
      ),
      { numRuns: RUNS, endOnFailure: true },
    )
    expect(passes).toBeGreaterThan(RUNS)
  })

  it('does not freeze over a reboot with a clock set back: what was owed is owed, and a second at most', () => {
    const world = new World()
    let store = open(world)
    for (const key of ['a', 'b']) take(store, [charge(key, 2)], world)
    world.advance(15_000)
    take(store, [charge('c')], world)
    void store.close()
    world.setWallClock(-YEAR_MS)
    world.reboot()
    store = open(world)
    expect(take(store, [charge('a', 2)], world)).toMatchObject({ kind: 'at' })
    world.advance(5_000 + 1_000)
    expect(take(store, [charge('b', 2)], world)).toEqual({ kind: 'now' })
    void store.close()
  })

  it('counts the time that a machine was off, by the wall clock', () => {
    const world = new World()
    let store = open(world)
    take(store, [charge('a', 2)], world)
    void store.close()
    world.advance(20_000)
    world.reboot()
    store = open(world)
    expect(take(store, [charge('a', 2)], world)).toEqual({ kind: 'now' })
    void store.close()
  })

  it('forgets what was forwarded by its own time: a wall clock set forward and back forgets nothing', async () => {
    const world = new World()
    const store = open(world)
    const call = (key: string) => {
      const signedAtMs = world.wallMs()
      return {
        agentId: 'a',
        key,
        invocationId: '',
        signedAtMs,
        receivedAtMs: signedAtMs,
        validUntilMs: signedAtMs + 300_000,
      }
    }
    const first = call('f00d')
    expect(await store.replays.claim(first, world.wallMs())).toBe('claimed')
    world.setWallClock(YEAR_MS)
    expect(await store.replays.claim(call('01'), world.wallMs())).toBe('claimed')
    world.setWallClock(-YEAR_MS)
    expect(await store.replays.claim(first, world.wallMs())).toBe('replayed')
    void store.close()
  })

  it('knows the boot of this machine, and a time that goes on over processes', () => {
    const clock = machineClock()
    const again = machineClock()
    if (existsSync('/proc/sys/kernel/random/boot_id')) expect(again.bootId).toBe(clock.bootId)
    const anchor = anchorOn(clock, undefined)
    expect(anchorOn(clock, anchor)).toEqual(anchor)
    expect(Math.abs(anchor.lastMs - Date.now())).toBeLessThan(60_000)
  })
})

describe('the SQLite file', () => {
  it('forgets full buckets in small steps, and only those', () => {
    const world = new World()
    const store = open(world)
    const rate = rateOf(1, 3_600_000, 2)
    take(store, [charge('busy', 2, rate)], world)
    for (let i = 0; i < 5_000; i += 1) {
      take(store, [charge(`agent-${i}`)], world)
      world.advance(100)
    }
    const rows = new DatabaseSync(path).prepare('SELECT count(*) AS buckets FROM bucket').get()
    // One key every 100 ms that is full again after 10 s: about 100 are in use at any time.
    expect(Number(rows?.['buckets'])).toBeLessThan(500)
    expect(take(store, [charge('busy', 2, rate)], world)).toMatchObject({ kind: 'at' })
    void store.close()
  })

  it("is its owner's alone, and so are the files beside it", () => {
    const world = new World()
    const store = open(world)
    take(store, [charge('a')], world)
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).toBe(0)
    expect(readdirSync(folder).length).toBeGreaterThan(1)
    void store.close()
  })

  it('fails while it is gone, without making a new one, and works again when it is back', () => {
    const world = new World()
    const store = open(world)
    const takeTwo = () => take(store, [charge('a', 2)], world)
    expect(takeTwo()).toEqual({ kind: 'now' })
    const db = new DatabaseSync(path, { timeout: 0 })
    db.exec('BEGIN IMMEDIATE')
    expect(takeTwo).toThrow('locked')
    db.exec('ROLLBACK')
    db.exec('DROP TABLE bucket')
    expect(takeTwo).toThrow('no such table')
    db.close()
    renameSync(path, `${path}.away`)
    expect(takeTwo).toThrow('is gone')
    expect(existsSync(path)).toBe(false)
    renameSync(`${path}.away`, path)
    const repaired = new DatabaseSync(path)
    repaired.exec('CREATE TABLE bucket (key TEXT PRIMARY KEY, tat_ms REAL NOT NULL) STRICT, WITHOUT ROWID')
    repaired.close()
    expect(takeTwo()).toEqual({ kind: 'now' })
    void store.close()
  })

  it('refuses a file that is no such database, or of another version, and says what to do', () => {
    const world = new World()
    writeFileSync(path, 'this is no database, and it is long enough to be read as one'.repeat(100))
    expect(() => open(world)).toThrow(`${path} cannot be used`)
    rmSync(path)
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    chmodSync(path, 0o600)
    expect(() => open(world)).toThrow(
      'written by another version of Moderato (99). Restore it, or move it away.',
    )
  })
})
