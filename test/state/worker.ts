/**
 * A process that uses a store as fast as it can, once it is told to go, until nothing passes or it is killed. Each line of its output is one
 * thing that the store acknowledged: `take`, `claim KEY`, `ledger ID`.
 *
 *     node worker.ts '{"sqlite": PATH}' | '{"valkey": URL}'  take|mixed  NAME
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { rateOf } from '../../proxy/pacing/gcra.ts'
import { sqliteStore } from '../../proxy/state/sqlite.ts'
import type { LedgerStore, RawEntry, StateStore } from '../../proxy/state/store.ts'
import { valkeyStore } from '../../proxy/state/valkey.ts'

/** So slow that nothing comes back while a test runs. */
export const CHARGE = { key: 'shared', rate: rateOf(1, 3_600_000, 3_000), weight: 1 }
const REPLAYS_PER_AGENT = 100_000

export type Place = { readonly sqlite: string } | { readonly valkey: string }

export function storeAt(place: Place): Promise<StateStore> | StateStore {
  return 'sqlite' in place
    ? sqliteStore({ path: place.sqlite, replaysPerAgent: REPLAYS_PER_AGENT })
    : valkeyStore({
        url: place.valkey,
        prefix: 'workers',
        clock: { nowMs: () => Date.now() },
        timeoutMs: 5_000,
        replaysPerAgent: REPLAYS_PER_AGENT,
      })
}

/** A call that all workers may send. */
export function callOf(key: string, signedAtMs: number) {
  const validUntilMs = signedAtMs + 300_000
  return { agentId: 'a', key, invocationId: '', signedAtMs, receivedAtMs: signedAtMs, validUntilMs }
}

/** Writes an entry, after whatever others wrote meanwhile. */
async function writtenAnyhow(store: LedgerStore, entry: RawEntry): Promise<void> {
  for (;;) {
    const at = await store.since(undefined)
    if ((await store.write({ at, put: [entry], forget: [], head: 'sealed' })) === 'written') return
  }
}

const say = (text: string): void => void writeSync(1, `${text}\n`)

async function work(store: StateStore, mode: string, name: string): Promise<void> {
  const signedAtMs = Number(process.argv[5])
  for (let at = 0; ; at += 1) {
    const turn = await store.limiter.take([CHARGE], performance.timeOrigin + performance.now())
    if (turn.kind !== 'now') return
    say('take')
    if (mode !== 'mixed') continue
    const key = at.toString(16).padStart(8, '0')
    if ((await store.replays.claim(callOf(key, signedAtMs), Date.now())) === 'claimed') say(`claim ${key}`)
    if (at % 4 !== 0) continue
    const id = `${name}-${at}`
    await writtenAnyhow(store.ledger, { kind: 'freeze', id, text: id, mac: 'mac', expiresAtMs: undefined })
    say(`ledger ${id}`)
  }
}

if (import.meta.main) {
  const [place = '', mode = '', name = ''] = process.argv.slice(2)
  const store = await storeAt(JSON.parse(place) as Place)
  say('ready')
  await once(process.stdin, 'data')
  await work(store, mode, name)
  await store.close()
  process.stdin.destroy()
}
