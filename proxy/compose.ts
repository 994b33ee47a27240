/** The way of a request, and the service around it, from the configuration. */
import type { Logger } from 'pino'
import { answerDenial, moderatoHeaders } from './answer.ts'
import { protocolGuess } from './aws/identify.ts'
import type { LoadedConfig } from './config.ts'
import type { Decided, Received } from './exchange.ts'
import { adminServer, agentsServer, type ServiceState } from './listeners.ts'
import type { Metrics } from './observe/metrics.ts'
import { buildParts, type Parts } from './parts.ts'
import { pipeline } from './pipeline.ts'
import { record, type Outcome } from './record.ts'
import { service, type Moderato } from './service.ts'
import { admit } from './stages/admit.ts'
import { classify } from './stages/classify.ts'
import { decide } from './stages/decide.ts'
import { forward } from './stages/forward.ts'
import { identify } from './stages/identify.ts'
import { pace } from './stages/pace.ts'
import { checkHead } from './stages/receive.ts'
import { resign } from './stages/resign.ts'
import { verify } from './stages/verify.ts'

/** The way of a request, from the head on the wire to the upstream's answer. */
function wayOf({ agents, catalogue, policy, metrics, queue, limiter, upstream, ...parts }: Parts) {
  const { mode, clock, steadyClock } = parts
  const identified = identify({ agents })
  const decided = decide({
    policy: () => policy,
    mode,
    clock,
    observeEvaluationSeconds: (seconds) => metrics.policyEvaluation(policy.name, seconds),
  })
  /** Rule S4: what may have changed while a call was held. */
  const recheck = (exchange: Decided): void => {
    identified(exchange)
    decided(exchange)
  }
  return pipeline<Received>()
    .pipe(checkHead())
    .pipe(identified)
    .pipe(verify({ agents, clockSkew: parts.clockSkew, keys: parts.signingKeys }))
    .pipe(admit({ inFlightPerAgent: parts.inFlightPerAgent }))
    .pipe(classify({ catalogue, accountId: parts.accountId }))
    .pipe(decided)
    .pipe(
      pace({
        queue,
        limiter,
        paces: parts.paces,
        clock: steadyClock,
        mode,
        recheck,
        metrics: paceMetrics(metrics),
      }),
    )
    .pipe(resign({ credentials: parts.credentials, endpoint: parts.endpoint, clock }))
    .pipe(
      forward({
        upstream: (agentId) => upstream.of(agentId),
        answerHeaders: (exchange) => moderatoHeaders(exchange, 'allow', mode),
      }),
    )
}

/** Builds the service; everything that can fail fails here, before anything listens. */
export async function compose(loaded: LoadedConfig, log: Logger): Promise<Moderato> {
  const parts = await buildParts(loaded, log)
  const { config } = loaded
  const { audit, refusals, metrics, catalogue, mode, clock, queue, upstream } = parts
  const bug = (error: unknown, requestId?: string) =>
    log.error({ err: error, requestId }, 'this is a bug in Moderato')
  const run = record(wayOf(parts), {
    clock,
    audit: {
      append: (each) => audit.append(each),
      commit: (each) => audit.commit(each),
      unverified: (each) => refusals.record(each),
    },
    observeStage: (stage, seconds) => metrics.stage(stage, seconds),
    finished: (outcome) => count(outcome, metrics),
    bug,
    answer: answerDenial({
      mode,
      protocolOf: (exchange) => protocolGuess(exchange, exchange.authorization?.scope.service, catalogue),
    }),
  })
  const state: ServiceState = { now: 'starting', adminHosts: new Set() }
  return service({
    agents: { server: agentsServer(config, clock, run), ...config.listen.agents },
    admin: { server: adminServer(config, parts, state, bug), ...config.listen.admin },
    drainMs: config.drain,
    bound: ({ admin }) => parts.start(state, admin.port),
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
  const { upstream } = exchange
  if (upstream !== undefined) metrics.upstream(service, upstream.status, upstream.durationMs / 1000)
}

function paceMetrics(metrics: Metrics) {
  return {
    waited: (label: Parameters<Metrics['paceWait']>[0], seconds: number) => metrics.paceWait(label, seconds),
    depth: (label: Parameters<Metrics['queueDepth']>[0], held: number) => metrics.queueDepth(label, held),
  }
}
