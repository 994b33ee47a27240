/** Opens break-glass as the configuration allows it, with all that is told of it: audit, metrics, log, alerts. */
import type { Logger } from 'pino'
import type { Config } from '../config/schema/config.ts'
import { isTemplate, mayMake } from '../core/agent-template.ts'
import type { Audit } from '../audit/audit.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Clock, Timer } from '../core/ports.ts'
import type { Outcome } from '../exchange/outcome.ts'
import type { Widened } from '../pacing/widened.ts'
import type { Ledger } from '../state/ledger.ts'
import { nearest } from '../core/did-you-mean.ts'
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

/** The break-glass of agents, and all that tells of it. */
export interface BreakglassService {
  readonly breakglasses: Breakglasses
  readonly settings: () => Config['breakglass']
  /** Tells whether the configuration names the agent, or has a template that can make it. */
  readonly isAgent: (id: string) => boolean
  /** Returns the agent that somebody meant who misspelt its name; undefined if none is near. */
  readonly nearestAgent: (id: string) => string | undefined
  /** The break-glass that is open for an agent. */
  readonly openFor: (agentId: string) => Breakglass | undefined
  /** Returns the break-glasses that widen the pace of their agents now. */
  readonly widened: () => readonly Widened[]
  /** The pace that a break-glass may widen to. */
  readonly pace: () => Config['breakglass']['pace']
  /** Calls `ended` whenever the time of one is over; returns what ends that. */
  watchEnds(timer: Timer, ended: () => void): () => void
  /** Hears that a request is over: one under a break-glass is counted and told, whatever became of it. */
  finished(outcome: Outcome): void
  close(): void
}

/** Opens break-glass as the configuration allows it. Throws if the secret of alerts cannot be read. */
export function openBreakglass(deps: BreakglassDeps): BreakglassService {
  const { rules, ledger, clock, metrics } = deps
  const settings = () => rules().loaded.config.breakglass
  const alerts = openAlerts(rules().loaded.config.watch.alerts, deps)
  const breakglasses = new Breakglasses({
    ledger,
    clock,
    settings,
    // Not where a replica hears of it: one alert is enough.
    written: (each) => alerts.boxes?.post(boxAlert(breakglassFields(each, clock.nowMs()), clock.nowMs())),
  })
  metrics.breakglassActive(() => breakglasses.active)
  recordAll(breakglasses, deps)
  return {
    breakglasses,
    settings,
    isAgent: (id: string) => isAgent(id, rules().loaded.config),
    nearestAgent: (id: string) =>
      nearest(
        id,
        rules().loaded.config.agents.map((each) => each.id),
      ),
    openFor: (agentId: string) => breakglasses.openFor(agentId),
    widened: () => widenedBy(breakglasses, settings().pace),
    pace: () => settings().pace,
    watchEnds: (timer: Timer, ended: () => void) => breakglasses.watchEnds(timer, ended),
    finished: (outcome: Outcome) => tell(outcome, alerts.calls, deps),
    close(): void {
      alerts.boxes?.close()
      alerts.calls?.close()
    },
  }
}

/** Counts, logs and tells a call under a break-glass. */
function tell(
  { exchange, decision, reason }: Outcome,
  alerts: ReturnType<typeof alertsOf>,
  { metrics, log, clock }: BreakglassDeps,
): void {
  const { breakglass, call, agent, requestId } = exchange
  if (breakglass === undefined || call === undefined) return
  metrics.breakglassCall(call.class, decision)
  const { service, operation, class: label } = call
  const what = { requestId, agent: agent?.id, service, operation, class: label, decision, reason }
  log.warn({ breakglass: breakglass.id, ...what }, 'a call while a break-glass is open')
  alerts?.post(callAlert(breakglass, what, clock.nowMs()))
}

/** Of several of one agent, the one that is open for it widens. */
function widenedBy(breakglasses: Breakglasses, pace: Config['breakglass']['pace']): readonly Widened[] {
  const open = breakglasses.all().filter(({ id, agent }) => breakglasses.openFor(agent)?.id === id)
  return open.map(({ id, classes }) => ({ id, classes, pace }))
}

/** Two, each with its own bound: an agent that calls and calls cannot have it lost that one was opened. */
function openAlerts(settings: Config['watch']['alerts'], deps: BreakglassDeps) {
  return { boxes: alertsOf(settings, deps), calls: alertsOf(settings, deps) }
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
  return agents.some((each) => each.id === id) || templatesOf(identity).some((each) => mayMake(each, id))
}

function templatesOf({ providers }: Config['identity']): string[] {
  return providers.flatMap(({ rules }) => rules.map(({ agent }) => agent)).filter(isTemplate)
}
