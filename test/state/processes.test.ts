/** Real processes on one store, and `kill -9` while they are at it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { missing, VALKEY } from '../support/tools.ts'
import { ValkeyServer } from '../support/valkey.ts'
import { callOf, CHARGE, storeAt, type Place } from './worker.ts'

const WORKER = join(import.meta.dirname, 'worker.ts')
const { burst } = CHARGE.rate

class Worker {
  /** Resolves with the exit code; null after a kill. */
  readonly ended: Promise<number | null>
  readonly #child: ChildProcess
  #text = ''

  constructor(place: Place, mode: 'take' | 'mixed', name: string, signedAtMs = Date.now()) {
    const args = [WORKER, JSON.stringify(place), mode, name, String(signedAtMs)]
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text
      child.emit('said')
    })
    this.#child = child
    this.ended = new Promise((resolve) => child.once('close', resolve))
  }

  /** Resolves once it has opened the store. */
  async ready(): Promise<void> {
    while (this.said('ready').length === 0) {
      const ended = await Promise.race([
        once(this.#child, 'said').then(() => false),
        this.ended.then(() => true),
      ])
      if (ended) throw new Error('a worker ended before it was ready')
    }
  }

  go(): void {
    this.#child.stdin?.write('go')
  }

  /** What it said of one sort, whole lines only. */
  said(word: string): string[] {
    const whole = this.#text.slice(0, this.#text.lastIndexOf('\n') + 1)
    return whole
      .split('\n')
      .flatMap((line) => (line.split(' ')[0] === word ? [line.slice(word.length + 1)] : []))
  }

  /** Kills it once it has said so many. */
  async killAfter(word: string, count: number): Promise<void> {
    const look = (): void => {
      if (this.said(word).length >= count) this.#child.kill('SIGKILL')
    }
    this.#child.on('said', look)
    await this.ended
  }
}

/** Lets them go at once. */
async function start(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map((each) => each.ready()))
  for (const each of workers) each.go()
}

const places: {
  readonly name: string
  readonly skipped: boolean
  readonly make: () => Promise<{ place: Place; end: () => Promise<void> }>
}[] = [
  {
    name: 'one SQLite file',
    skipped: false,
    make: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'moderato-processes-'))
      return {
        place: { sqlite: join(folder, 'state.sqlite') },
        end: async () => rmSync(folder, { recursive: true }),
      }
    },
  },
  {
    name: 'one Valkey',
    skipped: missing(VALKEY),
    make: async () => {
      const server = await ValkeyServer.start()
      return { place: { valkey: server.url }, end: () => server.stop() }
    },
  },
]

describe.each(places)('processes on $name', ({ skipped, make }) => {
  let place: Place
  let end: () => Promise<void>
  beforeEach(async () => {
    if (!skipped) ({ place, end } = await make())
  })
  afterEach(() => end?.())

  it.skipIf(skipped)('pass together exactly what one may', async () => {
    const workers = ['1', '2', '3', '4'].map((name) => new Worker(place, 'take', name))
    await start(workers)
    expect(await Promise.all(workers.map((each) => each.ended))).toEqual([0, 0, 0, 0])
    const passed = workers.map((each) => each.said('take').length)
    expect(passed.reduce((sum, each) => sum + each)).toBe(burst)
    expect(passed.filter((each) => each > 0).length).toBeGreaterThan(1)
  })

  it.skipIf(skipped)('gain nothing by kill -9, and lose nothing that was acknowledged', async () => {
    const signedAtMs = Date.now()
    const workers: Worker[] = []
    for (let round = 0; round < 6; round += 1) {
      const both = ['a', 'b'].map((name) => new Worker(place, 'mixed', `${name}${round}`, signedAtMs))
      workers.push(...both)
      await start(both)
      await Promise.all(both.map((each) => each.killAfter('take', 5 + 37 * round)))
    }
    const said = (word: string): string[] => workers.flatMap((each) => each.said(word))
    const store = await storeAt(place)
    const claims = said('claim')
    // No call was claimed twice, by whomever, and none is free again.
    expect(new Set(claims).size).toBe(claims.length)
    for (const key of claims)
      expect(await store.replays.claim(callOf(key, signedAtMs), Date.now())).toBe('replayed')
    const entries = new Set((await store.ledger.since(undefined)).entries.map(({ id }) => id))
    expect(said('ledger').filter((id) => !entries.has(id))).toEqual([])
    expect([claims.length > 0, entries.size > 0]).toEqual([true, true])
    let left = 0
    while ((await store.limiter.take([CHARGE], performance.timeOrigin + performance.now())).kind === 'now')
      left += 1
    await store.close()
    // A process may die between a charge and its saying so; it never says so without a charge.
    const total = said('take').length + left
    expect(total).toBeLessThanOrEqual(burst)
    expect(total).toBeGreaterThanOrEqual(burst - workers.length)
  })
})
