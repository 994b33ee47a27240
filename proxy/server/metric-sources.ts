/** Tells the metrics where to look at each scrape, and which rules are in force. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesOfLog } from '../audit/size.ts'
import { DETECTOR_NAMES, watcherName } from '../config/schema/watch.ts'
import type { RuleNames } from '../observe/rule-metrics.ts'
import { RuleFinder } from '../pacing/live-buckets.ts'
import { DWELL, ruleLabel } from '../pacing/rules.ts'
import type { LiveSettings } from '../runtime/live-settings.ts'
import { named } from '../runtime/rule-names.ts'
import type { Services } from './services.ts'

/** Connects the metrics with the services that they show. */
export function connectMetrics(services: Services): void {
  const { metrics, settings, watching, credentials, identity, clock, config } = services
  metrics.enforcing(() => settings.current().mode === 'enforce')
  metrics.quarantines(() => watching.quarantines.all().length)
  metrics.upstreamExpiry(() => credentials.expirySeconds())
  metrics.identityKeysAge(() =>
    identity.identities
      .keysAsOf()
      .map(([name, asOfMs]) => [name, Math.max(0, clock.nowMs() - asOfMs) / 1000] as const),
  )
  metrics.auditBytes(() => orNone(bytesOfLog(join(config.stateDir, 'audit'))))
  metrics.stateFreeBytes(() => orNone(freeBytes(config.stateDir)))
  connectLevels(services)
  connectRules(services)
}

function connectLevels({ metrics, settings, inFlight, pacing, budget }: Services): void {
  const limits = () => settings.current().limits
  metrics.inFlight({
    used: () => Math.max(0, ...inFlight.values()),
    limit: () => limits().inFlightPerAgent,
  })
  metrics.heldCalls({ used: () => pacing.queue.held, limit: () => limits().held })
  metrics.bufferedBytes({ used: () => budget.heldBytes, limit: () => limits().bufferedTotalBytes })
}

function connectRules({ metrics, settings, state, steadyClock }: Services): void {
  metrics.bucketFill(async () => {
    const { rules } = settings.current().pacing
    const emptiest = await orNone(
      Promise.resolve(steadyClock.nowMs()).then((nowMs) => state.store.limiter.emptiest(nowMs)),
    )
    return emptiest && new RuleFinder(rules).levels(emptiest)
  })
  showRules(metrics, settings.current())
}

/** Begins the series of the rules in force at 0; to be called after each reload. */
export function showRules(metrics: Services['metrics'], settings: LiveSettings): void {
  metrics.rulesInForce(ruleNames(settings))
  const { detectors } = settings.loaded.config.watch
  metrics.detectorsInForce(DETECTOR_NAMES.map((name) => [name, detectors[name].response] as const))
}

function ruleNames({ loaded, pacing, operatorRules }: LiveSettings): RuleNames {
  const { policy, freeze } = loaded.config
  const approvals = [
    ...named('policy.approvals', policy.approvals),
    ...named('policy.taskApprovals', policy.taskApprovals),
  ]
  return {
    pace: [...new Set([...pacing.rules.values()].flat().map(ruleLabel)), DWELL],
    approvals: approvals.map(({ name }) => name),
    windows: freeze.windows.map(({ name }) => name),
    overrides: [...operatorRules.overrides.map(({ name = '' }) => name), 'catalogue.guardedTags'],
    watchers: DETECTOR_NAMES.map(watcherName),
  }
}

/** A scrape shows everything else where one thing cannot be had: the disk, or the store. */
async function orNone<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  return asked.catch(() => undefined)
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}
