/** The way of a request, and the service around it, from the configuration. */
import type { Logger } from 'pino'
import { jsonRefusal } from './agent-api/refusal.ts'
import { isAgentApi, route } from './agent-api/route.ts'
import { describe } from './agent-api/sign-describe.ts'
import { sign } from './agent-api/sign.ts'
import { count, paceMetrics, unreadable } from './accounts.ts'
import { answerDenial, moderatoHeaders } from './answer.ts'
import { protocolGuess } from './aws/identify.ts'
import type { LoadedConfig } from './config.ts'
import type { Decided, Paced, Received } from './exchange.ts'
import { adminServer, agentsServer, type ServiceState } from './listeners.ts'
import { buildParts, type Parts } from './parts.ts'
import { pipeline } from './pipeline.ts'
import { record, type RecordOptions, type Runner } from './record.ts'
import { service, type Moderato } from './service.ts'
import { admit } from './stages/admit.ts'
import { classify } from './stages/classify.ts'
import { decide } from './stages/decide.ts'
import { forward } from './stages/forward.ts'
import { identify } from './stages/identify.ts'
import { pace } from './stages/pace.ts'
import { checkHead } from './stages/receive.ts'
import { claim, refuseReplay } from './stages/replay.ts'
import { resign } from './stages/resign.ts'
import { restrain } from './stages/restrain.ts'
import { maxSkewMsOf } from './stages/verify-time.ts'
import { verify } from './stages/verify.ts'

/** The stages that both ways have in common; one of each, so that what they count is counted together. */
function stagesOf({ agents, policy, metrics, queue, limiter, ...parts }: Parts) {
  const { mode, clock, steadyClock, clockSkew, signatures } = parts
  const once = { replays: parts.replays, clockSkew, clock }
  const identified = identify({ agents })
  const restrained = restrain({ ledger: parts.state.ledger, restraints: parts.restraints })
  const decided = decide({
    policy: () => policy,
    mode,
    allowUnmodelled: parts.allowUnmodelled,
    clock,
    observeEvaluationSeconds: (seconds) => metrics.policyEvaluation(policy.name, seconds),
  })
  /** Rule S4: what may have changed while a call was held. */
  const recheck = (exchange: Decided): void => {
    identified(exchange)
    restrained(exchange)
    decided(exchange)
  }
  return {
    checkedHead: checkHead(),
    identified,
    verified: verify({ agents, clockSkew, signatures }),
    admitted: admit({ inFlightPerAgent: parts.inFlightPerAgent }),
    notReplayed: refuseReplay(once),
    restrained,
    decided,
    paced: pace({
      queue,
      limiter,
      paces: parts.paces,
      weights: parts.weights,
      clock: steadyClock,
      mode,
      recheck,
      metrics: paceMetrics(metrics),
    }),
    claimed: claim(once),
    answerHeaders: (exchange: Paced) => moderatoHeaders(exchange, 'allow', mode),
  }
}

type Stages = ReturnType<typeof stagesOf>

/** The way of a call, from the head on the wire to the upstream's answer. */
function wayOfCalls(stages: Stages, { catalogue, upstream, ...parts }: Parts) {
  const { credentials, endpoint, clock, clockSkew, signatures } = parts
  return pipeline<Received>()
    .pipe(stages.checkedHead)
    .pipe(stages.identified)
    .pipe(stages.verified)
    .pipe(stages.admitted)
    .pipe(
      classify({
        catalogue,
        accountId: parts.accountId,
        addressing: parts.addressing,
        operatorRules: parts.operatorRules,
        inflatedBytes: parts.inflatedBytes,
      }),
    )
    .pipe(stages.notReplayed)
    .pipe(stages.restrained)
    .pipe(stages.decided)
    .pipe(stages.paced)
    .pipe(resign({ credentials, endpoint, clock, signatures }))
    .pipe(stages.claimed)
    .pipe(
      forward({
        body: {
          chunkBytes: parts.chunkBytes,
          budget: parts.budget,
          maxSkewMsOf: (service) => maxSkewMsOf(service, clockSkew),
          nowMs: () => clock.nowMs(),
        },
        upstream: (agentId, speaksHttp2) => upstream.of(agentId, speaksHttp2),
        answerHeaders: stages.answerHeaders,
      }),
    )
}

/** The way of a request to the signing endpoint: decided, paced and recorded like the call that it wants signed. */
function wayOfSigning(stages: Stages, parts: Parts) {
  const { catalogue, accountId, operatorRules, signing, credentials, clock } = parts
  const { regions, emulator, narrow } = signing
  const narrowed = narrow !== undefined
  return pipeline<Received>()
    .pipe(stages.checkedHead)
    .pipe(route())
    .pipe(stages.identified)
    .pipe(stages.verified)
    .pipe(stages.admitted)
    .pipe(describe({ catalogue, operatorRules, accountId, regions, emulator, narrowed }))
    .pipe(stages.notReplayed)
    .pipe(stages.restrained)
    .pipe(stages.decided)
    .pipe(stages.paced)
    .pipe(stages.claimed)
    .pipe(sign({ credentials, narrow, clock, answerHeaders: stages.answerHeaders }))
}

/** Builds the service; everything that can fail fails here, before anything listens. */
export async function compose(loaded: LoadedConfig, log: Logger): Promise<Moderato> {
  const parts = await buildParts(loaded, log)
  const { config } = loaded
  const { audit, refusals, metrics, catalogue, mode, clock, queue, upstream } = parts
  const bug = (error: unknown, requestId?: string) =>
    log.error({ err: error, requestId }, 'this is a bug in Moderato')
  const options: Omit<RecordOptions, 'answer'> = {
    clock,
    audit: {
      append: (each) => audit.append(each),
      commit: (each) => audit.commit(each),
      unverified: (each) => refusals.record(each),
    },
    observeStage: (stage, seconds) => metrics.stage(stage, seconds),
    finished: (outcome) => count(outcome, metrics),
    bug,
  }
  const stages = stagesOf(parts)
  const runCall = record(wayOfCalls(stages, parts), {
    ...options,
    answer: answerDenial({
      mode,
      protocolOf: (exchange) => protocolGuess(exchange, exchange.authorization?.scope.service, catalogue),
    }),
  })
  const runSigning = record(wayOfSigning(stages, parts), {
    ...options,
    answer: answerDenial({ mode, protocolOf: () => 'rest-json', spell: jsonRefusal }),
  })
  const run: Runner = (received) => (isAgentApi(received) ? runSigning(received) : runCall(received))
  const state: ServiceState = { now: 'starting', adminHosts: new Set() }
  return service({
    agents: { server: agentsServer(config, parts, run, unreadable(parts)), ...config.listen.agents },
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
      await parts.state.close()
    },
  })
}
