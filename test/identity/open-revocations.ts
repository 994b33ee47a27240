/** Revocations over a ledger, of one process alone or of two replicas over one store. */
import type { Clock } from '../../proxy/core/ports.ts'
import { Revocations } from '../../proxy/identity/revocations.ts'
import type { Ledger } from '../../proxy/state/ledger.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openLedger } from '../state/open-ledger.ts'

/** The longest that a session may last in these tests. */
const MAX_SESSION_MS = 3_600_000

export interface Replica {
  readonly ledger: Ledger
  readonly revocations: Revocations
}

type Own = Parameters<typeof openLedger>[1] & { readonly revoked?: (cause: string) => void }

export async function openRevocations(clock: Clock, { revoked, ...own }: Own = {}): Promise<Replica> {
  const ledger = await openLedger(clock, own)
  const options = { ledger, clock, maxSessionMs: MAX_SESSION_MS }
  return { ledger, revocations: new Revocations(revoked === undefined ? options : { ...options, revoked }) }
}

/** Two replicas over one store, in one virtual time. */
export async function twoReplicas(): Promise<{
  readonly time: VirtualTime
  readonly one: Replica
  readonly other: Replica
}> {
  const [store, time] = [new MemoryLedger(), new VirtualTime()]
  const open = (): Promise<Replica> => openRevocations(time, { store, timer: time })
  return { time, one: await open(), other: await open() }
}
