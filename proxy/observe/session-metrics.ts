/** Defines the Prometheus metrics of tasks and revocations. */
import { Counter, Gauge, type Registry } from 'prom-client'
import { REVOCATION_CAUSES, type RevocationCause } from '../core/revocation-cause.ts'

/** Records the metrics of tasks and revocations. */
export interface SessionMetrics {
  /** Sets the function that a scrape calls for the number of open tasks. */
  sessions(source: () => number): void
  /** Counts a revocation by this replica, by its cause; the counts of all replicas add up. */
  revoked(cause: RevocationCause): void
}

/** Registers the metrics. */
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
    help: 'Revocations by this replica, by cause: tasks that ended, and those that operators or watchers ended.',
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
