/** Tasks and their end before their time, as Prometheus reads it. */
import { Counter, Gauge, type Registry } from 'prom-client'
import { REVOCATION_CAUSES, type RevocationCause } from '../core/revocation-cause.ts'

export interface SessionMetrics {
  /** Where a scrape reads how many tasks are open. */
  sessions(source: () => number): void
  /** A revocation that was made here, by its cause; those of all replicas add up. */
  revoked(cause: RevocationCause): void
}

export function sessionMetrics(registry: Registry): SessionMetrics {
  const registers = [registry]
  let openTasks: (() => number) | undefined
  const sessions: Gauge = new Gauge({
    name: 'moderato_sessions_active',
    help: 'Open tasks, over all replicas.',
    registers,
    collect(): void {
      sessions.set(openTasks?.() ?? 0)
    },
  })
  const revoked = new Counter({
    name: 'moderato_sessions_revoked_total',
    help: 'Revocations made here by cause: tasks that ended, and what operators and watchers ended.',
    labelNames: ['cause'],
    registers,
  })
  for (const cause of REVOCATION_CAUSES) revoked.inc({ cause }, 0)
  return {
    sessions(source) {
      openTasks = source
    },
    revoked: (cause) => revoked.inc({ cause }),
  }
}
