/** Opens the watchers that the configuration wants, with all that they act by. */
import type { Logger } from 'pino'
import type { Approvals } from '../approvals/approvals.ts'
import type { Config } from '../config/schema/config.ts'
import type { Revocations } from '../identity/revocations.ts'
import type { Audit } from '../audit/audit.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Clock, Timer } from '../core/ports.ts'
import type { Ledger } from '../state/ledger.ts'
import { slowdowns } from '../state/slowdown.ts'
import { alertsOf } from './alerts.ts'
import { Quarantines } from './quarantines.ts'
import { carryOut } from './respond.ts'
import { driftFields, jsonAlert, textAlert } from './alert-format.ts'
import { Watch, type Drift } from './watch.ts'

export interface WatchServiceDeps {
  /** In force: read anew for each request. */
  readonly rules: () => { readonly loaded: { readonly config: Pick<Config, 'watch'> } }
  readonly ledger: Pick<Ledger, 'table'>
  readonly revocations: Revocations
  readonly approvals: Pick<Approvals, 'demand'>
  readonly clock: Clock
  readonly timer: Timer
  readonly audit: Pick<Audit, 'append'>
  readonly metrics: Pick<Metrics, 'drift'>
  readonly log: Logger
}

/** Watchers, and the quarantines that they put agents in. */
export interface WatchService {
  readonly watch: Watch
  readonly quarantines: Quarantines
  stop(): void
}

/** Opens watchers as the configuration wants them. Throws if the secret of alerts cannot be read. */
export function openWatch(deps: WatchServiceDeps): WatchService {
  const { ledger, clock, audit, metrics, log } = deps
  const settings = () => deps.rules().loaded.config.watch
  const quarantines = new Quarantines({ ledger, clock })
  const ports = { ...deps, quarantines, slowdowns: slowdowns(ledger) }
  const alerts = alertsOf(settings().alerts, deps)

  async function respond(drift: Drift): Promise<void> {
    const { detector, response, unspoken, agent, words, requestIds } = drift
    metrics.drift(detector, response)
    if (!unspoken) {
      audit.append(driftFields(drift))
      if (response !== 'mark') {
        log.warn({ detector, response, agent, words, requestIds }, 'an agent drifts')
        alerts?.post({ about: detector, json: jsonAlert(drift, clock.nowMs()), text: textAlert(drift) })
      }
    }
    try {
      await carryOut(drift, ports)
    } catch (error) {
      log.error({ err: error, detector, response, agent }, 'a response to drift could not be carried out')
      throw error
    }
  }

  const watch = new Watch({
    settings: () => settings().detectors,
    clock,
    respond,
    bug: (error) => log.error({ err: error }, 'this is a bug in Moderato'),
  })
  const unfollow = quarantines.onLift((agentId) => watch.forget(agentId))
  return {
    watch,
    quarantines,
    stop(): void {
      unfollow()
      alerts?.close()
    },
  }
}
