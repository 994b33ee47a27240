/** Opens what the configuration says of identity: sealing keys, sessions, tasks, revocations, providers. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { PolicyEngine } from '../../policy/engine.ts'
import type { Config } from '../config/schema/config.ts'
import { rateOf, type Rate } from '../pacing/gcra.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Audit } from '../audit/audit.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Clock } from '../core/ports.ts'
import type { Hold } from '../exchange/holds.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Providers } from './providers/open.ts'
import { Revocations } from './revocations.ts'
import { SealingKeyFile } from './sealing-keys.ts'
import { Sessions } from './sessions.ts'
import { TaskEndings } from './task-endings.ts'
import { Tasks } from './tasks.ts'

export interface IdentityDeps {
  readonly policy: () => PolicyEngine
  readonly ledger: Ledger
  readonly clock: Clock
  readonly audit: Pick<Audit, 'append'>
  readonly log: Pick<Logger, 'warn'>
  readonly metrics: Pick<Metrics, 'sessions' | 'revoked'>
}

/** Knows who agents are, and the tasks that they work on. */
export interface IdentityService {
  readonly sealingKeys: SealingKeyFile
  readonly sessions: Sessions
  readonly revocations: Revocations
  readonly tasks: Tasks
  readonly endings: TaskEndings
  readonly identities: Providers
  /** Holds what a revoked session asks for. */
  readonly hold: Hold
  /** How often credentials are made for all tasks of a root together. */
  readonly issueRate: Rate
}

/** Opens what the configuration says of identity. Rejects if the sealing keys or a trust bundle cannot be used. */
export async function openIdentity(config: Config, deps: IdentityDeps): Promise<IdentityService> {
  const { stateDir, identity, tasks: settings } = config
  const { clock, ledger, metrics } = deps
  const keys = new SealingKeyFile(identity.sealingKeys ?? join(stateDir, 'sealing-keys'))
  const sessions = new Sessions({ keys: keys.current, clock })
  const revocations = new Revocations({
    ledger,
    clock,
    maxSessionMs: settings.maxDuration,
    revoked: (cause) => metrics.revoked(cause),
  })
  const tasks = new Tasks({ ...deps, sessions, revocations, defaultSeconds: settings.defaultDuration / 1000 })
  const endings = new TaskEndings({ ...deps, revocations })
  metrics.sessions(() => tasks.all().length)
  const { rate, burst } = settings
  return {
    sealingKeys: keys,
    endings,
    sessions,
    revocations,
    hold: ({ agent }) => revocations.check(agent),
    tasks,
    identities: await identitiesOf(config, clock),
    issueRate: rateOf(rate.things, rate.perMs, burst),
  }
}

/** What tokens and certificates are verified with takes 12 MB, so it is loaded only for who has a provider. */
async function identitiesOf(config: Config, clock: Clock): Promise<Providers> {
  if (config.identity.providers.length === 0) return NO_PROVIDERS
  const { openProviders } = await import('./providers/open.ts')
  return openProviders(config, clock)
}

const NO_PROVIDERS: Providers = {
  keysAsOf: () => [],
  async ofToken() {
    throw new Denial('identity_unknown_issuer', 'No identity provider is configured.')
  },
  async ofCertificate() {
    throw new Denial('missing_credential', 'Sign the request; no identity provider is configured.')
  },
  async close() {},
}
