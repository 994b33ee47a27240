/** Builds everything from the configuration: the only place that knows concrete classes, and the way of a request. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { loadBundle } from '../policy/bundle.ts'
import type { PolicyEngine } from '../policy/engine.ts'
import { loadOpaWasm } from '../policy/opa-wasm.ts'
import { adminHosts } from './admin/bind.ts'
import { createAdmin } from './admin/server.ts'
import { adminToken, readTokenFile } from './admin/token.ts'
import { staticAgents } from './agent-store.ts'
import { createAgentsServer } from './agents-server.ts'
import { answerDenial, moderatoHeaders } from './answer.ts'
import { loadCatalogue } from './aws/catalogue/catalogue.ts'
import { protocolGuess } from './aws/identify.ts'
import type { Config } from './config-schema.ts'
import { describeConfig, type LoadedConfig } from './config.ts'
import { chainCredentials, fixedCredentials } from './credentials/source.ts'
import type { Decided, Received } from './exchange.ts'
import { openAudit } from './observe/audit.ts'
import { createMetrics, type Metrics } from './observe/metrics.ts'
import { unverifiedRefusals } from './observe/refusals.ts'
import { LocalLimiter } from './pacing/limiter.ts'
import { pacesFrom } from './pacing/paces.ts'
import { PaceQueue } from './pacing/queue.ts'
import { pipeline } from './pipeline.ts'
import { record, type Outcome } from './record.ts'
import { service, type Moderato } from './service.ts'
import { SigningKeys } from './sigv4/signing-key.ts'
import { admit } from './stages/admit.ts'
import { classify } from './stages/classify.ts'
import { decide } from './stages/decide.ts'
import { forward } from './stages/forward.ts'
import { identify } from './stages/identify.ts'
import { pace } from './stages/pace.ts'
import { BufferBudget } from './stages/receive-body.ts'
import { checkHead, receive } from './stages/receive.ts'
import { resign } from './stages/resign.ts'
import { verify } from './stages/verify.ts'
import { pinnedLookup } from './upstream/address.ts'
import { upstreamEndpoint } from './upstream/endpoint.ts'
import { createUpstream } from './upstream/pool.ts'

/** Service names come from the catalogue alone, so the label is bounded. */
const catalogueNames = { has: () => true }

const clock = { nowMs: () => Date.now() }
/** For waits: never goes back, whatever is done to the wall clock. */
const steadyClock = { nowMs: () => performance.timeOrigin + performance.now() }
const timer = {
  after(ms: number, fire: () => void) {
    const handle = setTimeout(fire, ms)
    return () => clearTimeout(handle)
  },
}

/** The way of a request, from the head on the wire to the upstream's answer. */
function wayOf(config: Config, parts: Parts) {
  const { agents, catalogue, policy, metrics, queue, limiter, upstream } = parts
  const { mode } = config.policy
  const decided = decide({
    policy: () => policy,
    mode,
    clock,
    observeEvaluationSeconds: (seconds) => metrics.policyEvaluation(policy.name, seconds),
  })
  const recheck = async (exchange: Decided): Promise<void> => {
    identify({ agents })(exchange)
    await decided(exchange)
  }
  return pipeline<Received>()
    .pipe(checkHead())
    .pipe(identify({ agents }))
    .pipe(verify({ agents, clockSkew: skewOf(config), keys: new SigningKeys() }))
    .pipe(admit(config.limits))
    .pipe(classify({ catalogue, accountId: config.upstream.accountId }))
    .pipe(decided)
    .pipe(pace({ queue, limiter, paces: pacesFrom(config.pacing.classes), clock: steadyClock, mode, recheck, metrics: paceMetrics(metrics) }))
    .pipe(resign({ credentials: credentialsOf(config), endpoint: upstreamEndpoint(config.upstream), clock }))
    .pipe(forward({ upstream, answerHeaders: (exchange) => moderatoHeaders(exchange, 'allow', mode) }))
}

interface Parts {
  readonly agents: ReturnType<typeof staticAgents>
  readonly catalogue: ReturnType<typeof loadCatalogue>
  readonly policy: PolicyEngine
  readonly metrics: Metrics
  readonly limiter: LocalLimiter
  readonly queue: PaceQueue
  readonly upstream: ReturnType<typeof createUpstream>
}

/** Everything that can fail fails here, before anything listens. */
export async function compose(loaded: LoadedConfig, log: Logger): Promise<Moderato> {
  const { config } = loaded
  const token = tokenOf(config)
  const audit = await openAudit({
    dir: join(config.stateDir, 'audit'),
    clock,
    onDurable: (records) => metrics.auditRecords(records),
    onFailure: (error) => log.error({ err: error }, 'the audit log cannot be written'),
  })
  for (const torn of audit.sealed) log.warn({ torn }, 'a crash left a torn audit record; it was kept and sealed')
  const catalogue = loadCatalogue()
  const metrics = createMetrics({ services: catalogueNames, agentLabels: config.limits.agentLabels })
  metrics.auditLag(() => audit.lagSeconds())
  const policy = await policyOf(config)
  metrics.policyBundle(policy.revision)
  const limiter = new LocalLimiter()
  const queue = new PaceQueue({ limiter, clock: steadyClock, timer, limits: config.limits })
  const upstream = createUpstream(upstreamOptions(config))
  const agents = staticAgents(config.agents)
  const refusals = unverifiedRefusals({ audit, clock })
  const { mode } = config.policy
  const bug = (error: unknown, requestId?: string) => log.error({ err: error, requestId }, 'this is a bug in Moderato')
  const way = wayOf(config, { agents, catalogue, policy, metrics, limiter, queue, upstream })
  const run = record(way, {
    clock,
    audit: { append: (each) => audit.append(each), commit: (each) => audit.commit(each), unverified: refusals.record },
    observeStage: metrics.stage,
    finished: (outcome) => count(outcome, metrics),
    bug,
    answer: answerDenial({ mode, protocolOf: (exchange) => protocolGuess(exchange, exchange.authorization?.scope.service, catalogue) }),
  })
  const state = { now: 'starting' as 'starting' | 'serving' | 'draining' }
  const hosts = new Set<string>()
  return service({
    agents: { server: agentsServer(config, run), ...config.listen.agents },
    admin: {
      server: createAdmin({
        metrics,
        ready: () => {
          const failing = state.now === 'serving' && !audit.available
          return { ready: state.now === 'serving' && !failing, state: failing ? 'failing' : state.now, mode }
        },
        token,
        allowedHosts: hosts,
        metricsOpen: config.admin.metrics === 'open',
        routes: {
          '/v1/policy': () => ({ engine: policy.name, revision: policy.revision, mode }),
          '/v1/audit': () => ({ head: audit.head, available: audit.available }),
        },
        bug,
      }),
      ...config.listen.admin,
    },
    drainMs: config.drain,
    bound: (addresses) => {
      for (const host of adminHosts(config.listen.admin.host, addresses.admin.port, config.admin.hosts)) hosts.add(host)
      audit.append({ phase: 'start', settings: describeConfig(loaded), policy: { engine: policy.name, revision: policy.revision, rules: [] } })
      state.now = 'serving'
    },
    draining: () => {
      state.now = 'draining'
      queue.drain()
    },
    closed: async () => {
      refusals.flush()
      await upstream.close()
      await audit.close()
    },
  })
}

function agentsServer(config: Config, run: (received: Received) => Promise<void>) {
  const { limits } = config
  return createAgentsServer({
    received: receive({
      clock,
      limits: { ...limits, bodyPauseMs: limits.bodyPause },
      budget: new BufferBudget(limits.bufferedTotalBytes, limits.bufferedAgentBytes),
    }),
    run,
    headersTimeoutMs: limits.headersTimeout,
    headerBytes: limits.headerBytes,
    maxConnections: limits.connections,
  })
}

/** One request, over: its metrics. */
function count({ exchange, decision, reason, durationMs }: Outcome, metrics: Metrics): void {
  const service = exchange.call?.service ?? 'unknown'
  metrics.request({
    service,
    class: exchange.call?.class ?? 'unknown',
    decision,
    reason,
    durationSeconds: durationMs / 1000,
    agent: exchange.payload === undefined ? undefined : exchange.agent?.id,
  })
  if (exchange.upstream !== undefined) metrics.upstream(service, exchange.upstream.status, exchange.upstream.durationMs / 1000)
}

async function policyOf(config: Config): Promise<PolicyEngine> {
  const { wasm, revision, data } = await loadBundle(config.policy.bundle)
  const agents = Object.fromEntries(config.agents.map(({ id, grants }) => [id, { grants }]))
  return loadOpaWasm({ wasm, revision, bundleData: data, data: { agents } })
}

function tokenOf({ admin, stateDir }: Config): string {
  return admin.token ?? (admin.tokenFile === undefined ? adminToken(stateDir) : readTokenFile(admin.tokenFile))
}

function credentialsOf({ upstream }: Config) {
  return upstream.credentials === undefined ? chainCredentials(clock) : fixedCredentials(upstream.credentials)
}

function upstreamOptions({ upstream }: Config) {
  return {
    connections: upstream.connections,
    connectTimeoutMs: upstream.connectTimeout,
    headersTimeoutMs: upstream.headersTimeout,
    bodyTimeoutMs: upstream.bodyTimeout,
    lookup: upstream.endpoint === undefined ? pinnedLookup({ allowPrivate: upstream.allowPrivateAddresses }) : undefined,
  }
}

function skewOf({ signatures }: Config) {
  return { maxSkewMs: signatures.maxSkew, maxSkewS3Ms: signatures.maxSkewS3 }
}

function paceMetrics(metrics: Metrics) {
  return { waited: metrics.paceWait, depth: metrics.queueDepth }
}
