/** Opens break-glass as the configuration allows it, with all that is told of it: audit, metrics, log, alerts. */
import type { Logger } from 'pino'
import type { Config } from '../config/schema/config.ts'
import { isTemplate, mayMake } from '../core/agent-template.ts'
import type { Audit } from '../audit/audit.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Clock, Timer } from '../core/ports.ts'
import type { Outcome } from '../exchange/outcome.ts'
import type { Ledger } from '../state/ledger.ts'
import { alertsOf } from '../watch/alerts.ts'
import type { Breakglass } from './breakglass.ts'
import { Breakglasses } from './breakglasses.ts'
import { breakglassFields } from './record.ts'
import { boxAlert, callAlert } from './alert-format.ts'

export interface BreakglassDeps {
  /** In force: read anew for each call. */
  readonly rules: () => {
    readonly loaded: { readonly config: Pick<Config, 'agents' | 'identity' | 'breakglass' | 'watch'> }
  }
  readonly ledger: Pick<Ledger, 'table' | 'sound'>
  readonly clock: Clock
  readonly timer: Timer
  readonly audit: Pick<Audit, 'append'>
  readonly metrics: Pick<Metrics, 'breakglassActive' | 'breakglassCall'>
  readonly log: Logger
}

/** Throws if the secret of alerts cannot be read. */
export function openBreakglass(world: BreakglassDeps) {
  const { rules, ledger, clock, metrics, log } = world
  const settings = () => rules().loaded.config.breakglass
  const alerts = openAlerts(rules().loaded.config.watch.alerts, world)
  const breakglasses = new Breakglasses({
    ledger,
    clock,
    settings,
    // Not where a replica hears of it: one alert is enough.
    written: (each) => alerts.boxes?.post(boxAlert(breakglassFields(each, clock.nowMs()), clock.nowMs())),
  })
  metrics.breakglassActive(() => breakglasses.active)
  recordAll(breakglasses, world)
  return {
    breakglasses,
    settings,
    isAgent: (id: string) => isAgent(id, rules().loaded.config),
    /** For the stage that marks. */
    openFor: (agentId: string) => breakglasses.openFor(agentId),
    pace: () => settings().pace,
    watchEnds: (timer: Timer, ended: () => void) => breakglasses.watchEnds(timer, ended),
    /** Hears that a request is over: one that had the mark is counted and told, whatever became of it. */
    finished({ exchange, decision, reason }: Outcome): void {
      const { breakglass, call, agent, requestId } = exchange
      if (breakglass === undefined || call === undefined) return
      metrics.breakglassCall(call.class, decision)
      const { service, operation, class: label } = call
      const what = { requestId, agent: agent?.id, service, operation, class: label, decision, reason }
      log.warn({ breakglass: breakglass.id, ...what }, 'a call while a break-glass is open')
      alerts.calls?.post(callAlert(breakglass, what, clock.nowMs()))
    },
    close(): void {
      alerts.boxes?.close()
      alerts.calls?.close()
    },
  }
}

/** Two, each with its own bound: an agent that calls and calls cannot have it lost that one was opened. */
function openAlerts(settings: Config['watch']['alerts'], world: BreakglassDeps) {
  return { boxes: alertsOf(settings, world), calls: alertsOf(settings, world) }
}

/** Whatever log holds calls under one also says who opened it, on every replica. */
function recordAll(breakglasses: Breakglasses, { clock, audit, log }: BreakglassDeps): void {
  const recorded = (breakglass: Breakglass): void => {
    const fields = breakglassFields(breakglass, clock.nowMs())
    audit.append(fields)
    const { agent, opened } = fields
    log.warn({ breakglass: breakglass.id, agent, ...opened }, 'break-glass')
  }
  for (const each of breakglasses.all()) recorded(each)
  breakglasses.onChange(recorded)
}

/** Tells whether the configuration names the agent, or has a template that may make it. */
function isAgent(id: string, { agents, identity }: Pick<Config, 'agents' | 'identity'>): boolean {
  if (agents.some((each) => each.id === id)) return true
  const made = identity.providers.flatMap((provider) => provider.rules.map(({ agent }) => agent))
  return made.filter(isTemplate).some((template) => mayMake(template, id))
}
