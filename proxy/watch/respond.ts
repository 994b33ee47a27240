/** Responds to drift with more than a mark and an alert. Everything reaches all replicas through the ledger. */
import type { Approvals } from '../approvals/approvals.ts'
import { watcherName } from '../config/schema/watch.ts'
import { type Revocations, taskIn } from '../identity/revocations.ts'
import type { Clock } from '../core/ports.ts'
import type { Slowdown } from '../state/slowdown.ts'
import type { Table } from '../state/table.ts'
import type { Quarantines } from './quarantines.ts'
import type { Drift } from './watch.ts'

export interface ResponsePorts {
  readonly slowdowns: Pick<Table<Slowdown>, 'get' | 'put'>
  readonly quarantines: Pick<Quarantines, 'add'>
  readonly revocations: Pick<Revocations, 'revoke'>
  readonly approvals: Pick<Approvals, 'demand'>
  readonly clock: Clock
}

/** `slow` and `approve` last as long as this, unless the configuration says otherwise. */
export const USUAL_RESPONSE_MS = 3_600_000

/** Carries out the response that the drift asks for; it is durable then. Rejects if the store cannot be reached. */
export async function carryOut(drift: Drift, ports: ResponsePorts): Promise<void> {
  const { agent, words: reason, task, forMs } = drift
  const by = watcherName(drift.detector)
  const untilMs = ports.clock.nowMs() + (forMs ?? USUAL_RESPONSE_MS)
  switch (drift.response) {
    case 'mark':
    case 'alert':
      return
    case 'slow':
      return slow(drift, { by, untilMs }, ports)
    case 'approve':
      return ports.approvals.demand({ agent, approvers: 1, reason, by }, untilMs)
    case 'revoke': {
      const target =
        task === undefined
          ? ({ kind: 'agent', id: agent } as const)
          : ({ kind: 'task', id: taskIn(task.root, task.id) } as const)
      await ports.revocations.revoke(target, { cause: 'drift', by, reason })
      return
    }
    case 'quarantine':
      await ports.quarantines.add(agent, { reason, by, forMs })
  }
}

/** Never makes an agent faster: a slowdown that is as strong and lasts as long is left as it is. */
async function slow(
  { agent, words: reason, factor }: Drift,
  { by, untilMs }: { readonly by: string; readonly untilMs: number },
  { slowdowns }: ResponsePorts,
): Promise<void> {
  const before = slowdowns.get(agent)
  const endsAtMs = before === undefined ? untilMs : (before.expiresAtMs ?? Infinity)
  const strength = before?.value.factor ?? 1
  if (before !== undefined && strength >= factor && endsAtMs >= untilMs) return
  const kept = { factor: Math.max(strength, factor), reason, by }
  const lastsUntilMs = Math.max(endsAtMs, untilMs)
  await slowdowns.put(agent, kept, lastsUntilMs === Infinity ? {} : { expiresAtMs: lastsUntilMs })
}
