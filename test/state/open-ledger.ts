/** A ledger, alone or as one of several replicas over one store. */
import { onTestFinished } from 'vitest'
import type { Clock } from '../../proxy/core/ports.ts'
import type { Ledger, LedgerOptions } from '../../proxy/state/ledger.ts'
import { plainLedger } from '../support/plain-ledger.ts'

type Own = Partial<
  Pick<
    LedgerOptions,
    'store' | 'steadyClock' | 'timer' | 'key' | 'witness' | 'hadStore' | 'onUnsound' | 'onUnreadable'
  >
>

export async function openLedger(clock: Clock, own: Own = {}): Promise<Ledger> {
  const ledger = await plainLedger(clock, own)
  onTestFinished(() => ledger.close())
  return ledger
}
