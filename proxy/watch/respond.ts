/** What is done about drift, beside marking and telling it. Everything reaches all replicas through the ledger. */
import type { Approvals } from '../approvals/approvals.ts'
import { type Revocations, taskIn } from '../identity/revocations.ts'
import type { Clock } from '../core/ports.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Quarantines } from './quarantines.ts'
import type { Drift } from './watch.ts'

export interface ResponsePorts {
  readonly ledger: Pick<Ledger, 'get' | 'put'>
  readonly quarantines: Pick<Quarantines, 'add'>
  readonly revocations: Pick<Revocations, 'revoke'>
  readonly approvals: Pick<Approvals, 'demand'>
  readonly clock: Clock
}

const USUAL_MS = 3_600_000

/** Durable when it resolves. Rejects if the store cannot be reached. */
export async function carryOut(drift: Drift, ports: ResponsePorts): Promise<void> {
  const { agent, words: reason, task, forMs } = drift
  const by = `watcher ${drift.detector}`
  const untilMs = ports.clock.nowMs() + (forMs ?? USUAL_MS)
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
  { ledger }: ResponsePorts,
): Promise<void> {
  const before = ledger.get('slowdown', agent)
  const strong = (before?.value as { readonly factor?: unknown } | undefined)?.factor
  if (
    typeof strong === 'number' &&
    strong >= factor &&
    (before?.expiresAtMs === undefined || before.expiresAtMs >= untilMs)
  )
    return
  const kept = typeof strong === 'number' ? Math.max(strong, factor) : factor
  const expiresAtMs =
    before === undefined ? untilMs : Math.max(before.expiresAtMs ?? Number.MAX_SAFE_INTEGER, untilMs)
  await ledger.put('slowdown', agent, { factor: kept, reason, by }, { expiresAtMs })
}
