/** The rules in force: all that the configuration says of calls, made as one value and swapped as one value. */
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
import type { Clock } from '../core/ports.ts'
import { readSecret } from '../core/secret-file.ts'
import type { Pacing } from '../pacing/pacing.ts'
import type { ClockSkew } from '../sigv4/clock-skew.ts'

export interface LiveSettings {
  /** What they were made from. */
  readonly loaded: LoadedConfig
  readonly mode: 'enforce' | 'observe'
  readonly policy: PolicyEngine
  /** Of access keys that the configuration names. */
  readonly owners: StaticOwners
  readonly allowUnmodelled: ReadonlySet<string>
  readonly operatorRules: OperatorRules
  readonly pacing: Pacing
  readonly clockSkew: ClockSkew
  readonly limits: Config['limits']
  readonly freezeWindows: WindowClock
  /** Who may speak to the admin listener, beside the shared token. */
  readonly callerOf: CallerOf
}

interface RulesSource {
  readonly adminToken: string
  readonly clock: Clock
  /** The rules that these will replace. */
  readonly before?: LiveSettings | undefined
}

/**
 * Everything made anew from a configuration, files that it names included; `before` lends what has not changed and
 * is compared by identity. Rejects if anything is amiss.
 */
async function rulesFrom(
  loaded: LoadedConfig,
  { adminToken, clock, before }: RulesSource,
): Promise<LiveSettings> {
  const { config } = loaded
  const { pacing, signatures, catalogue } = config
  const asBefore = JSON.stringify(before?.loaded.config.catalogue) === JSON.stringify(catalogue)
  const policy = await loadPolicy({ bundle: config.policy.bundle, data: policyData(config) })
  // From here on nothing waits: keys that change do so at the moment at which the rules are swapped.
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

/** What policy is told of the configuration. */
export function policyData(config: Config) {
  const { maxDuration, require } = config.tasks
  return {
    agents: grantsByRoot(config),
    approvals: config.policy.approvals,
    tasks: {
      maxSeconds: maxDuration / 1000,
      require,
      approvals: config.policy.taskApprovals.map(({ minDuration, ...rule }) => ({
        ...rule,
        minSeconds: minDuration / 1000,
      })),
    },
  }
}

function operatorRules({ overrides, guardedTags }: Config['catalogue']): OperatorRules {
  const lower = guardedTags.map((each) => each.toLowerCase())
  return { overrides, guardedTags: new Set(lower), covers: arnMatch }
}

function personOf({ id, certificate, tokenSha256, tokenFile }: Config['admin']['people'][number]): Person {
  const ofFile = tokenFile === undefined ? undefined : tokenHash(id, tokenFile)
  return { id, certificate, tokenSha256: tokenSha256 ?? ofFile }
}

function tokenHash(person: string, tokenFile: string): string {
  try {
    return sha256(readSecret(tokenFile)).toString('hex')
  } catch (error) {
    const how = `moderato config person-token ${tokenFile} makes one`
    throw new Error(`admin.people, ${person}, tokenFile: ${errorMessage(error)}; ${how}`, { cause: error })
  }
}

/** The one place where the rules in force are; a reload swaps them between two calls of `current`. */
export class SettingsInForce {
  #rules: LiveSettings

  constructor(rules: LiveSettings) {
    this.#rules = rules
  }

  readonly current = (): LiveSettings => this.#rules

  swap(rules: LiveSettings): void {
    this.#rules = rules
  }
}

/** The rules as at start, and what reads, makes and swaps those that follow. Rejects as `rulesOf` does. */
export async function openRules(loaded: LoadedConfig, source: Omit<RulesSource, 'before'>) {
  const rulesOf = (from: LoadedConfig, before?: LiveSettings) => rulesFrom(from, { ...source, before })
  const inForce = new SettingsInForce(await rulesOf(loaded))
  const rules = inForce.current
  return { inForce, rulesOf, rules, ...views(rules) }
}

/** What parts of the service take as values, read anew from the rules in force at each use. */
function views(current: () => LiveSettings) {
  return {
    clockSkew: {
      get maxSkewMs() {
        return current().clockSkew.maxSkewMs
      },
      get maxSkewS3Ms() {
        return current().clockSkew.maxSkewS3Ms
      },
    },
    queueLimits: {
      get held() {
        return current().limits.held
      },
      get heldPerAgent() {
        return current().limits.heldPerAgent
      },
    },
    bodyLimits: {
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
    },
  }
}
