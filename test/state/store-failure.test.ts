import { describe, expect, it } from 'vitest'
import { AdminError } from '../../proxy/admin/route.ts'
import { orStoreError } from '../../proxy/admin/stored.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { orStateUnavailable } from '../../proxy/state/or-state-unavailable.ts'
import type { LedgerStore } from '../../proxy/state/store.ts'
import { openLedger } from './open-ledger.ts'

async function failing() {
  const near = new MemoryLedger()
  let full = false
  const store: LedgerStore = {
    write: (change) => (full ? Promise.reject(new Error('the disk is full')) : near.write(change)),
    since: (seen) => near.since(seen),
  }
  const ledger = await openLedger(new VirtualTime(), { store })
  full = true
  return ledger
}

describe('a store that fails', () => {
  it('is told from a bug: the write rejects with its words', async () => {
    const ledger = await failing()
    await expect(ledger.put('freeze', 'f', 1)).rejects.toMatchObject({
      name: 'StoreFailure',
      message: 'the disk is full',
    })
  })

  it('refuses an agent with state_unavailable, and an operator with 503', async () => {
    const ledger = await failing()
    await expect(orStateUnavailable(ledger.put('task', 't', 1), 'Not written.')).rejects.toMatchObject({
      reason: 'state_unavailable',
      message: 'Not written.',
    })
    await expect(orStoreError(ledger.put('freeze', 'f', 1), 'look again.')).rejects.toMatchObject({
      status: 503,
      error: 'state_unavailable',
      message: 'The state store does not answer: look again.',
    })
  })

  it('hides no bug and no refusal', async () => {
    for (const error of [new TypeError('a bug'), new AdminError(404, 'not_found', 'There is none.')]) {
      await expect(orStateUnavailable(Promise.reject(error), 'Not written.')).rejects.toBe(error)
      await expect(orStoreError(Promise.reject(error), 'look again.')).rejects.toBe(error)
    }
  })
})
