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
import { holdAlert, type HoldChange } from './hold-alert.ts'
import { Quarantines } from './quarantines.ts'
import { carryOut } from './respond.ts'
import { driftAlert, driftFields, driftWords } from './alert-format.ts'
import { DriftGroups, type DriftReport } from './groups.ts'
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
  /** Tells of an operator's freeze or quarantine where alerts go. */
  announce(hold: HoldChange): void
  /** Tells what it has gathered; resolves when that has left. */
  stop(): Promise<void>
}

/** Opens watchers as the configuration wants them. Throws if the secret of alerts cannot be read. */
export function openWatch(deps: WatchServiceDeps): WatchService {
  const { ledger, clock, metrics, log } = deps
  const settings = () => deps.rules().loaded.config.watch
  const quarantines = new Quarantines({ ledger, clock })
  const ports = { ...deps, quarantines, slowdowns: slowdowns(ledger) }
  const teller = openTeller(settings().alerts, deps)
  const groups = new DriftGroups({ clock, timer: deps.timer, tell: (report) => teller.drift(report) })

  async function respond(drift: Drift): Promise<void> {
    const { detector, response, agent } = drift
    metrics.drift(detector, response)
    groups.add(drift)
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
    goesOn: (drift) => groups.add(drift),
    bug: (error) => log.error({ err: error }, 'this is a bug in Moderato'),
  })
  const unfollow = quarantines.onLift((agentId) => {
    watch.forget(agentId)
    groups.forget(agentId)
  })
  return {
    watch,
    quarantines,
    announce: teller.hold,
    async stop() {
      unfollow()
      groups.flush()
      await teller.finish()
    },
  }
}

/** Returns what tells people of drift and of what operators do: the audit log, the log, and the place of alerts. */
function openTeller(settings: Config['watch']['alerts'], deps: WatchServiceDeps) {
  const { clock, audit, log } = deps
  const drifts = alertsOf(settings, deps)
  // Agents choose how much there is to tell of them; what operators do must get through.
  const holds = alertsOf(settings, deps)
  return {
    drift(report: DriftReport): void {
      const { detector, response, agent, requestIds, findings } = report
      audit.append(driftFields(report))
      if (response === 'mark') return
      const words = driftWords(report)
      log.warn({ detector, response, agent, findings, words, requestIds }, 'an agent drifts')
      drifts?.post(driftAlert(report, clock.nowMs()))
    },
    hold: (hold: HoldChange): void => holds?.post(holdAlert(hold, clock.nowMs())),
    async finish(): Promise<void> {
      await Promise.all([drifts?.finish(), holds?.finish()])
    },
  }
}
