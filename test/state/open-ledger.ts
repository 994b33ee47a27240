/** A ledger, alone or as one of several replicas over one store. */
import { onTestFinished } from 'vitest'
import type { Clock, Timer } from '../../proxy/core/ports.ts'
import { Ledger, type LedgerOptions } from '../../proxy/state/ledger.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { NO_WITNESS } from '../../proxy/state/witness.ts'

const NEVER: Timer = { after: () => () => undefined }

type Own = Partial<
  Pick<
    LedgerOptions,
    'store' | 'steadyClock' | 'timer' | 'key' | 'witness' | 'hadStore' | 'onUnsound' | 'onUnreadable'
  >
>

export async function openLedger(clock: Clock, own: Own = {}): Promise<Ledger> {
  const ledger = await Ledger.open({
    store: new MemoryLedger(),
    key: Buffer.alloc(32, 7),
    clock,
    steadyClock: clock,
    timer: NEVER,
    pollMs: 250,
    staleMs: 5_000,
    onUnsound: () => undefined,
    onUnreadable: () => undefined,
    onSettled: () => undefined,
    witness: NO_WITNESS,
    hadStore: () => false,
    ...own,
  })
  onTestFinished(() => ledger.close())
  return ledger
}
