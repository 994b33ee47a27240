/** Holds the settings in force: all that the configuration says about calls, built and replaced as one value. */
import type { BudgetLimits } from '../core/buffer-budget.ts'
import type { BodyLimits } from '../core/http/body-limits.ts'
import type { QueueLimits } from '../pacing/queue.ts'
import { arnMatch } from '../../policy/arn-match.ts'
import { loadPolicy } from '../../policy/bundle.ts'
import type { PolicyEngine } from '../../policy/engine.ts'
import { callers, sha256, type CallerOf, type Person } from '../operators/callers.ts'
import { staticOwners, type StaticOwners } from '../identity/agent-store.ts'
import type { OperatorRules } from '../aws/classify/operator-rules.ts'
import type { Config } from '../config/schema/config.ts'
import type { LoadedConfig } from '../config/loaded.ts'
import { WindowClock } from '../freeze/windows.ts'
import { errorMessage } from '../core/error-message.ts'
import { grantsByRoot } from '../identity/grants-by-root.ts'
import { pacingOf } from './rate-settings.ts'
import { named } from './rule-names.ts'
import type { Clock } from '../core/ports.ts'
import { readSecret } from '../core/secret-file.ts'
import type { Pacing } from '../pacing/pacing.ts'
import type { ClockSkew } from '../sigv4/clock-skew.ts'

/** The settings that bind calls; a reload replaces all of them. */
export interface LiveSettings {
  /** The configuration from which they were built. */
  readonly loaded: LoadedConfig
  readonly mode: 'enforce' | 'observe'
  readonly policy: PolicyEngine
  /** The owners of the access keys that the configuration names. */
  readonly owners: StaticOwners
  readonly allowUnmodelled: ReadonlySet<string>
  readonly operatorRules: OperatorRules
  readonly pacing: Pacing
  readonly clockSkew: ClockSkew
  readonly limits: Config['limits']
  readonly freezeWindows: WindowClock
  /** Returns the caller of a request to the admin listener, by the shared token or a person's own proof. */
  readonly callerOf: CallerOf
}

interface SettingsSource {
  readonly adminToken: string
  readonly clock: Clock
  /** The settings that the new ones will replace. */
  readonly before?: LiveSettings | undefined
}

/**
 * Builds all settings from a configuration and the files that it names. Unchanged parts that are compared by identity come
 * from `before`. Rejects if anything is wrong.
 */
async function settingsFrom(
  loaded: LoadedConfig,
  { adminToken, clock, before }: SettingsSource,
): Promise<LiveSettings> {
  const { config } = loaded
  const { pacing, signatures, catalogue } = config
  const asBefore = JSON.stringify(before?.loaded.config.catalogue) === JSON.stringify(catalogue)
  const policy = await loadPolicy({ bundle: config.policy.bundle, data: policyData(config) })
  // Nothing is awaited from here on, so that keys change at the same moment as the rules.
  return {
    loaded,
    mode: config.policy.mode,
    policy,
    owners: staticOwners(config.agents, { before: before?.owners, nowMs: clock.nowMs() }),
    allowUnmodelled: new Set(config.policy.allowUnmodelled),
    operatorRules: (asBefore ? before?.operatorRules : undefined) ?? operatorRules(catalogue),
    pacing: pacingOf(pacing),
    clockSkew: { maxSkewMs: signatures.maxSkew, maxSkewS3Ms: signatures.maxSkewS3 },
    limits: config.limits,
    freezeWindows: new WindowClock(config.freeze.windows),
    callerOf: callers(adminToken, config.admin.people.map(personOf)),
  }
}

/** Returns the parts of the configuration that policy reads as its data. */
export function policyData(config: Config) {
  const { maxDuration, require } = config.tasks
  return {
    agents: grantsByRoot(config),
    approvals: named('policy.approvals', config.policy.approvals),
    tasks: {
      maxSeconds: maxDuration / 1000,
      require,
      approvals: named('policy.taskApprovals', config.policy.taskApprovals).map(
        ({ minDuration, ...rule }) => ({ ...rule, minSeconds: minDuration / 1000 }),
      ),
    },
  }
}

function operatorRules({ overrides, guardedTags }: Config['catalogue']): OperatorRules {
  const lower = guardedTags.map((each) => each.toLowerCase())
  return {
    overrides: named('catalogue.overrides', overrides),
    guardedTags: new Set(lower),
    covers: arnMatch,
  }
}

function personOf({ id, certificate, tokenSha256, tokenFile }: Config['admin']['people'][number]): Person {
  const fileTokenSha256 = tokenFile === undefined ? undefined : tokenHash(id, tokenFile)
  return { id, certificate, tokenSha256: tokenSha256 ?? fileTokenSha256 }
}

function tokenHash(person: string, tokenFile: string): string {
  try {
    return sha256(readSecret(tokenFile)).toString('hex')
  } catch (error) {
    const hint = `moderato config person-token ${tokenFile} makes one`
    throw new Error(`admin.people, ${person}, tokenFile: ${errorMessage(error)}; ${hint}`, { cause: error })
  }
}

/** Holds the settings in force; a reload replaces them between two calls of `current`. */
export class SettingsInForce {
  #settings: LiveSettings

  constructor(settings: LiveSettings) {
    this.#settings = settings
  }

  readonly current = (): LiveSettings => this.#settings

  swap(settings: LiveSettings): void {
    this.#settings = settings
  }
}

/** The settings in force, and the function that builds their successors. */
export interface Settings {
  readonly current: () => LiveSettings
  readonly inForce: SettingsInForce
  /** Builds the settings of a configuration and the files that it names; unchanged parts come from `before`. */
  readonly make: (loaded: LoadedConfig, before?: LiveSettings) => Promise<LiveSettings>
  /** This and the following members read the settings in force at each use. */
  readonly clockSkew: ClockSkew
  readonly queueLimits: QueueLimits
  readonly bodyLimits: BodyLimits & BudgetLimits
}

/** Opens the settings of a configuration. Rejects, as `Settings.make` does, if anything is wrong. */
export async function openSettings(
  loaded: LoadedConfig,
  source: Omit<SettingsSource, 'before'>,
): Promise<Settings> {
  const make = (from: LoadedConfig, before?: LiveSettings) => settingsFrom(from, { ...source, before })
  const inForce = new SettingsInForce(await make(loaded))
  const { current } = inForce
  return {
    current,
    inForce,
    make,
    clockSkew: clockSkewOf(current),
    queueLimits: queueLimitsOf(current),
    bodyLimits: bodyLimitsOf(current),
  }
}

function clockSkewOf(current: () => LiveSettings): ClockSkew {
  return {
    get maxSkewMs() {
      return current().clockSkew.maxSkewMs
    },
    get maxSkewS3Ms() {
      return current().clockSkew.maxSkewS3Ms
    },
  }
}

function queueLimitsOf(current: () => LiveSettings): QueueLimits {
  return {
    get held() {
      return current().limits.held
    },
    get heldPerAgent() {
      return current().limits.heldPerAgent
    },
  }
}

function bodyLimitsOf(current: () => LiveSettings): Settings['bodyLimits'] {
  return {
    get bufferedTotalBytes() {
      return current().limits.bufferedTotalBytes
    },
    get bufferedAgentBytes() {
      return current().limits.bufferedAgentBytes
    },
    get bufferedBodyBytes() {
      return current().limits.bufferedBodyBytes
    },
    get bodyMinBytesPerSecond() {
      return current().limits.bodyMinBytesPerSecond
    },
    get bodyPauseMs() {
      return current().limits.bodyPause
    },
  }
}
