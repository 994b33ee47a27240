/** The concrete parts that the way of a request is composed of, as the configuration asks for them. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { arnMatch } from '../policy/arn-match.ts'
import { loadPolicy } from '../policy/bundle.ts'
import type { PolicyEngine } from '../policy/engine.ts'
import { adminHosts } from './admin/bind.ts'
import { openApprovals } from './approvals/open.ts'
import { signing } from './agent-api/signing.ts'
import { agentStore } from './agent-store.ts'
import type { OperatorRules } from './aws/operator-rules.ts'
import { addressing } from './aws/addressing.ts'
import { loadCatalogue } from './aws/catalogue/catalogue.ts'
import type { Config } from './config-schema.ts'
import { describeConfig, type LoadedConfig } from './config.ts'
import { chainCredentials, fixedCredentials } from './credentials/source.ts'
import { openIdentity } from './identity/open.ts'
import type { ServiceState } from './listeners.ts'
import { openAudit, type Audit } from './observe/audit.ts'
import { createMetrics, type Metrics } from './observe/metrics.ts'
import { unverifiedRefusals } from './observe/refusals.ts'
import { pacesFrom } from './pacing/paces.ts'
import { PaceQueue } from './pacing/queue.ts'
import { Signatures } from './sigv4/signatures.ts'
import { BufferBudget } from './stages/receive-body.ts'
import type { Restraint } from './stages/restrain.ts'
import { openState } from './state/open.ts'
import { pinnedLookup } from './upstream/address.ts'
import { upstreamEndpoint } from './upstream/endpoint.ts'
import { createUpstreams } from './upstream/pool.ts'

const clock = { nowMs: () => Date.now() }
/** For waits: never goes back, whatever is done to the wall clock. */
const steadyClock = { nowMs: () => performance.timeOrigin + performance.now() }
const timer = {
  after(ms: number, fire: () => void) {
    const handle = setTimeout(fire, ms)
    return () => clearTimeout(handle)
  },
}

export type Parts = Awaited<ReturnType<typeof buildParts>>

/** Opens what must be open and loads what must be loaded. Rejects if anything is amiss; then nothing listens. */
export async function buildParts(loaded: LoadedConfig, log: Logger) {
  const { config } = loaded
  const { upstream } = config
  const catalogue = loadCatalogue()
  const metrics = createMetrics({ services: catalogue.services, agentLabels: config.limits.agentLabels })
  const audit = await auditOf(config, metrics, log)
  const policy = await policyOf(config)
  metrics.policyBundle(policy.revision)
  const state = await openState(config, { clock, timer, log })
  const { ledger } = state
  const { limiter, replays } = state.store
  metrics.stateUp(() => state.store.up)
  const queue = new PaceQueue({ limiter, clock: steadyClock, timer, limits: config.limits })
  ledger.onChange(() => queue.reconsider())
  const identity = openIdentity(config, { policy: () => policy, ledger, clock })
  /** In the order in which they are asked. */
  const restraints: readonly Restraint[] = [({ agent }) => identity.revocations.check(agent)]
  const rules = rulesOf(config)
  const world = { ledger, clock, steadyClock, timer, audit, metrics, log, paces: rules.paces }
  const approvals = openApprovals(config, world)
  const credentials =
    upstream.credentials === undefined ? chainCredentials(clock) : fixedCredentials(upstream.credentials)
  const { endpoint, allowPrivateAddresses: allowPrivate } = upstream
  const lookup = endpoint === undefined ? pinnedLookup({ allowPrivate }) : undefined
  return {
    clock,
    steadyClock,
    ...rules,
    metrics,
    audit,
    refusals: unverifiedRefusals({ audit, clock }),
    catalogue,
    policy,
    agents: agentStore(config.agents, identity.sessions),
    ...identity,
    signatures: new Signatures(),
    replays,
    state,
    restraints,
    readsWhileDown: config.state.readsWhileDown,
    approvals,
    addressing: addressing({ hosts: [...config.listen.hosts, config.listen.agents.host] }),
    inflatedBytes: config.limits.bufferedBodyBytes,
    chunkBytes: config.limits.chunkBytes,
    budget: new BufferBudget(config.limits.bufferedTotalBytes, config.limits.bufferedAgentBytes),
    clockSkew: { maxSkewMs: config.signatures.maxSkew, maxSkewS3Ms: config.signatures.maxSkewS3 },
    inFlightPerAgent: config.limits.inFlightPerAgent,
    accountId: upstream.accountId,
    limiter,
    queue,
    credentials,
    signing: signing(upstream, credentials, lookup),
    endpoint: upstreamEndpoint(upstream),
    upstream: upstreamsOf(config, lookup),
    start: (state: ServiceState, adminPort: number): void => {
      approvals.bound(adminPort)
      started(loaded, { audit, policy }, state, adminPort)
    },
  }
}

function upstreamsOf({ upstream }: Config, lookup: ReturnType<typeof pinnedLookup> | undefined) {
  return createUpstreams({
    connections: upstream.connections,
    connectTimeoutMs: upstream.connectTimeout,
    headersTimeoutMs: upstream.headersTimeout,
    bodyTimeoutMs: upstream.bodyTimeout,
    lookup,
  })
}

/** Both listeners are bound: records what is in force and where each value comes from (rule S7). */
function started(
  loaded: LoadedConfig,
  { audit, policy }: { readonly audit: Audit; readonly policy: PolicyEngine },
  state: ServiceState,
  adminPort: number,
): void {
  const { listen, admin } = loaded.config
  for (const host of adminHosts(listen.admin.host, adminPort, admin.hosts)) state.adminHosts.add(host)
  const { name: engine, revision } = policy
  audit.append({
    phase: 'start',
    settings: describeConfig(loaded),
    policy: { engine, revision, rules: [] },
  })
  state.now = 'serving'
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

/** What the configuration says of calls: how they are judged, classed and paced. */
function rulesOf({ policy, catalogue: { overrides, guardedTags }, pacing }: Config) {
  const lower = guardedTags.map((each) => each.toLowerCase())
  const operatorRules: OperatorRules = { overrides, guardedTags: new Set(lower), covers: arnMatch }
  return {
    mode: policy.mode,
    allowUnmodelled: new Set(policy.allowUnmodelled),
    operatorRules,
    paces: pacesFrom(pacing.classes),
    weights: pacing,
  }
}

async function policyOf(config: Config): Promise<PolicyEngine> {
  const agents = Object.fromEntries(config.agents.map(({ id, grants }) => [id, { grants }]))
  const { maxDuration, require } = config.tasks
  return loadPolicy({
    bundle: config.policy.bundle,
    data: { agents, approvals: config.policy.approvals, tasks: { maxSeconds: maxDuration / 1000, require } },
  })
}
