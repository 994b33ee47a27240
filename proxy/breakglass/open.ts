/** Break-glass as the configuration allows it, with all that is told of it: audit, metrics, log. */
import type { Logger } from 'pino'
import type { Config } from '../config-schema.ts'
import { isTemplate, mayMake } from '../identity/providers/rules.ts'
import type { Audit } from '../observe/audit.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Timer } from '../pacing/lane.ts'
import type { Clock } from '../ports.ts'
import type { Outcome } from '../record.ts'
import type { Ledger } from '../state/ledger.ts'
import { breakglassOf, type Breakglass } from './breakglass.ts'
import { Breakglasses } from './breakglasses.ts'
import { breakglassFields } from './record.ts'

export interface BreakglassWorld {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly audit: Pick<Audit, 'append'>
  readonly metrics: Pick<Metrics, 'breakglassActive' | 'breakglassCall'>
  readonly log: Logger
}

export function openBreakglass(
  rules: () => { readonly loaded: { readonly config: Pick<Config, 'agents' | 'identity' | 'breakglass'> } },
  { ledger, clock, audit, metrics, log }: BreakglassWorld,
) {
  const settings = () => rules().loaded.config.breakglass
  const breakglasses = new Breakglasses({ ledger, clock, settings })
  metrics.breakglassActive(() => breakglasses.active)
  const told = (breakglass: Breakglass): void => {
    const fields = breakglassFields(breakglass, clock.nowMs())
    audit.append(fields)
    const { agent, opened } = fields
    log.warn({ breakglass: breakglass.id, agent, ...opened }, 'break-glass')
  }
  // Whatever log holds calls under one also says who opened it, on every replica.
  for (const each of breakglasses.all()) told(each)
  ledger.onChange((entry) => {
    const breakglass = entry.kind === 'breakglass' ? breakglassOf(entry) : undefined
    if (breakglass !== undefined) told(breakglass)
  })
  return {
    breakglasses,
    settings,
    isAgent: (id: string) => isAgent(id, rules().loaded.config),
    /** For the stage that marks. */
    openFor: (agentId: string) => breakglasses.openFor(agentId),
    pace: () => settings().pace,
    watchEnds: (timer: Timer, ended: () => void) => breakglasses.watchEnds(timer, ended),
    /** A request is over: one that had the mark is counted and told, whatever became of it. */
    finished({ exchange, decision, reason }: Outcome): void {
      const { breakglass, call, agent, requestId } = exchange
      if (breakglass === undefined || call === undefined) return
      metrics.breakglassCall(call.class, decision)
      const { service, operation, class: label } = call
      const what = { requestId, agent: agent?.id, service, operation, class: label, decision, reason }
      log.warn({ breakglass: breakglass.id, ...what }, 'a call while a break-glass is open')
    },
  }
}

/** Whether the configuration names the agent, or has a template that may make it. */
function isAgent(id: string, { agents, identity }: Pick<Config, 'agents' | 'identity'>): boolean {
  if (agents.some((each) => each.id === id)) return true
  const made = identity.providers.flatMap((provider) => provider.rules.map(({ agent }) => agent))
  return made.filter(isTemplate).some((template) => mayMake(template, id))
}
