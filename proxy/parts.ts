/** The concrete parts that the way of a request is composed of, as the configuration asks for them. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { adminHosts } from './admin/bind.ts'
import { adminToken } from './admin/token.ts'
import { openApprovals } from './approvals/open.ts'
import type { Agent } from './agent.ts'
import { agentStore } from './agent-store.ts'
import { addressing } from './aws/addressing.ts'
import { loadCatalogue, type Catalogue } from './aws/catalogue/catalogue.ts'
import { privateServices as privateServicesOf, type PrivateServices } from './aws/private-services.ts'
import { openBreakglass } from './breakglass/open.ts'
import type { Config } from './config-schema.ts'
import { describeConfig } from './config-describe.ts'
import type { LoadedConfig } from './config.ts'
import { VERSION } from './core/version.ts'
import { openSigners } from './credentials/open.ts'
import { Freezes } from './freeze/freezes.ts'
import { openIdentity } from './identity/open.ts'
import type { ServiceState } from './listeners.ts'
import { openAudit, type Audit } from './observe/audit.ts'
import { createMetrics, type Metrics } from './observe/metrics.ts'
import { unverifiedRefusals } from './observe/refusals.ts'
import { openPace } from './pace-parts.ts'
import type { Timer } from './pacing/lane.ts'
import { PaceQueue } from './pacing/queue.ts'
import { openRules, type Rules } from './rules.ts'
import { Signatures } from './sigv4/signatures.ts'
import { BufferBudget } from './stages/buffer-budget.ts'
import type { Restraint } from './stages/restrain.ts'
import { openState } from './state/open.ts'
import type { Ledger } from './state/ledger.ts'
import { pinnedLookup } from './upstream/address.ts'
import { upstreamEndpoint } from './upstream/endpoint.ts'
import { createUpstreams } from './upstream/pool.ts'
import { openWatch } from './watch/open.ts'

const clock = { nowMs: () => Date.now() }
/** For waits: never goes back, whatever is done to the wall clock. */
const steadyClock = { nowMs: () => performance.timeOrigin + performance.now() }
const timer = {
  after(ms: number, fire: () => void) {
    // What waits for one has a socket, which keeps the process; a start that failed must end it.
    const handle = setTimeout(fire, ms).unref()
    return () => clearTimeout(handle)
  },
}

const NO_CREDENTIALS =
  'no upstream credentials: calls are refused until the AWS provider chain finds some, or upstream.credentials gives them'

export type Parts = Awaited<ReturnType<typeof buildParts>>

/** Opens what must be open and loads what must be loaded. Rejects if anything is amiss; then nothing listens. */
export async function buildParts(loaded: LoadedConfig, log: Logger) {
  const { config } = loaded
  const { upstream } = config
  const catalogue = loadCatalogue()
  const privateServices = privateServicesOf(config.catalogue.services, catalogue)
  const metrics = metricsOf(config, catalogue)
  const audit = await auditOf(config, metrics, log)
  const live = await openRules(loaded, { adminToken: adminToken(config), clock })
  const { rules, queueLimits, bodyLimits } = live
  metrics.policyBundle(rules().policy.revision)
  const state = await openState(config, { clock, timer, log })
  const { ledger } = state
  const { limiter, replays } = state.store
  metrics.stateUp(() => state.store.up)
  const queue = new PaceQueue({ limiter, clock: steadyClock, timer, limits: queueLimits })
  const policy = () => rules().policy
  const identity = await openIdentity(config, { policy, ledger, clock, audit, log, metrics })
  const { endpoint, allowPrivateAddresses: allowPrivate } = upstream
  const lookup = endpoint === undefined ? pinnedLookup({ allowPrivate }) : undefined
  const signing = openSigners(upstream, { ...identity, catalogue, rules, lookup, ledger, clock })
  const operated = openOperated({ ledger, rules, timer, audit, metrics, log }, identity, signing.accountOf)
  return {
    clock,
    steadyClock,
    ...live,
    pace: openPace(() => rules().pacing, ledger),
    metrics,
    audit,
    refusals: unverifiedRefusals({ audit, clock: steadyClock }),
    catalogue,
    agents: agentStore(() => rules().owners, identity.sessions),
    privateServices,
    ...identity,
    ...operated,
    signatures: new Signatures(),
    replays,
    state,
    readsWhileDown: config.state.readsWhileDown,
    timer,
    addressing: addressing({ hosts: [...config.listen.hosts, config.listen.agents.host] }),
    budget: new BufferBudget(bodyLimits),
    limiter,
    queue,
    ...signing,
    endpoint: upstreamEndpoint(upstream, privateServices),
    upstream: upstreamsOf(upstream, lookup, privateServices),
    start(state: ServiceState, adminPort: number): void {
      operated.approvals.bound(adminPort)
      started(rules(), audit, state, adminPort)
      signing.ready().catch((err: unknown) => log.warn({ err }, NO_CREDENTIALS))
    },
  }
}

interface Operating {
  readonly ledger: Ledger
  readonly rules: () => Rules
  readonly timer: Timer
  readonly audit: Audit
  readonly metrics: Metrics
  readonly log: Logger
}

/** What people and watchers hold against calls: freezes, approvals, quarantines. */
function openOperated(
  world: Operating,
  identity: Awaited<ReturnType<typeof openIdentity>>,
  accountOf: (agent: Agent) => string | undefined,
) {
  const freezes = new Freezes({ ...world, clock, accountOf })
  world.metrics.freezes(() => freezes.counts())
  const approvals = openApprovals({ ...world, clock, steadyClock })
  const breakglass = openBreakglass({ ...world, clock })
  const watching = openWatch({ ...world, ...identity, clock, approvals: approvals.approvals })
  /** In the order in which they are asked. */
  const restraints: readonly Restraint[] = [
    freezes.restraint,
    watching.quarantines.restraint,
    identity.restraint,
  ]
  return { freezes, approvals, breakglass, ...watching, restraints }
}

function upstreamsOf(
  upstream: Config['upstream'],
  lookup: ReturnType<typeof pinnedLookup> | undefined,
  { origins }: PrivateServices,
) {
  return createUpstreams({
    connections: upstream.connections,
    connectTimeoutMs: upstream.connectTimeout,
    headersTimeoutMs: upstream.headersTimeout,
    bodyTimeoutMs: upstream.bodyTimeout,
    lookup,
    configured: origins,
  })
}

/** Both listeners are bound: records what is in force and where each value comes from (rule S7). */
function started({ loaded, policy }: Rules, audit: Audit, state: ServiceState, adminPort: number): void {
  const { listen, admin } = loaded.config
  for (const host of adminHosts(listen.admin.host, adminPort, admin.hosts)) state.adminHosts.add(host)
  const { name: engine, revision } = policy
  audit.append({
    phase: 'start',
    version: VERSION,
    settings: describeConfig(loaded),
    policy: { engine, revision, rules: [] },
  })
  state.now = 'serving'
}

function metricsOf(config: Config, catalogue: Catalogue): Metrics {
  const ownPrefixes = config.catalogue.services.map(({ signingName }) => signingName)
  return createMetrics({
    services: new Set([...catalogue.services, ...ownPrefixes]),
    agentLabels: config.limits.agentLabels,
  })
}

async function auditOf(config: Config, metrics: Metrics, log: Logger) {
  const audit = await openAudit({
    dir: join(config.stateDir, 'audit'),
    clock,
    onDurable: (records) => metrics.auditRecords(records),
    onFailure: (error) => log.error({ err: error }, 'the audit log cannot be written'),
  })
  for (const torn of audit.sealed)
    log.warn({ torn }, 'a crash left a torn audit record; it was kept and sealed')
  metrics.auditLag(() => audit.lagSeconds())
  return audit
}
