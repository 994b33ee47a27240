/** Opens a ledger with nothing around it, for the tests and the benchmark. */
import type { Clock } from '../../proxy/core/ports.ts'
import { Ledger, type LedgerOptions } from '../../proxy/state/ledger.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { NO_WITNESS } from '../../proxy/state/witness.ts'

/** Opens it over a store of its own, asked by nobody; `own` says what is otherwise. */
export function plainLedger(clock: Clock, own: Partial<LedgerOptions> = {}): Promise<Ledger> {
  return Ledger.open({
    store: new MemoryLedger(),
    key: Buffer.alloc(32, 7),
    clock,
    steadyClock: clock,
    timer: { after: () => () => undefined },
    pollMs: 250,
    staleMs: 5_000,
    onUnsound: () => undefined,
    onUnreadable: () => undefined,
    onSettled: () => undefined,
    witness: NO_WITNESS,
    hadStore: () => false,
    ...own,
  })
}
