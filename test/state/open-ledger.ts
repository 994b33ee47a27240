/** A ledger, alone or as one of several replicas over one store. */
import { onTestFinished } from 'vitest'
import type { Timer } from '../../proxy/pacing/lane.ts'
import type { Clock } from '../../proxy/ports.ts'
import { Ledger } from '../../proxy/state/ledger.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import type { LedgerStore } from '../../proxy/state/store.ts'

const NEVER: Timer = { after: () => () => undefined }

export async function openLedger(
  clock: Clock,
  { store = new MemoryLedger(), timer = NEVER }: { store?: LedgerStore; timer?: Timer } = {},
): Promise<Ledger> {
  const key = Buffer.alloc(32, 7)
  const onUnsound = (): void => undefined
  const ledger = await Ledger.open({ store, key, clock, timer, pollMs: 250, staleMs: 5_000, onUnsound })
  onTestFinished(() => ledger.close())
  return ledger
}
