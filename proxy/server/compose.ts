/** The way of a request, and the service around it, from the configuration. */
import type { Logger } from 'pino'
import { observeOutcome, unreadable } from './request-metrics.ts'
import { isAnsweredHere } from '../agent-api/ask.ts'
import { jsonRefusal } from '../agent-api/refusal.ts'
import { routeOf, type RouteName } from '../agent-api/route.ts'
import { agentApiWays, wayOfSts } from '../agent-api/ways.ts'
import { answerDenial } from '../pipeline/answer.ts'
import { protocolGuess } from '../aws/identify/identify.ts'
import type { LoadedConfig } from '../config/loaded.ts'
import type { Classified, Received } from '../exchange/exchange.ts'
import { followConfig } from '../runtime/follow-config.ts'
import { followKeys } from '../identity/follow-keys.ts'
import { adminServer, agentsServer, type ServiceState } from './listeners.ts'
import { buildParts, type Parts } from './services.ts'
import { pipeline } from '../pipeline/pipeline.ts'
import { record, type RecordOptions, type Runner } from '../pipeline/run.ts'
import { WarnOnce } from '../observe/warn-once.ts'
import type { Reload } from '../runtime/reload.ts'
import { counted } from './runs.ts'
import { lifecycle, type Lifecycle } from './lifecycle.ts'
import { sharedStages, type SharedStages } from './stages.ts'
import { classify } from '../stages/classify/classify.ts'
import { forward } from '../stages/forward/forward.ts'
import { resign } from '../stages/resign/resign.ts'
import { maxSkewMsOf } from '../sigv4/clock-skew.ts'

/** The way of a call, from the head on the wire to the upstream's answer. */
function wayOfCalls(stages: SharedStages, parts: Parts) {
  const { catalogue, rules } = parts
  return pipeline<Received>()
    .pipe(stages.checkedHead)
    .pipe(stages.identified)
    .pipe(stages.verified)
    .pipe(stages.admitted)
    .pipe(
      classify({
        catalogue,
        accountOf: parts.accountOf,
        addressing: parts.addressing,
        operatorRules: stages.operatorRules,
        inflatedBytes: () => rules().limits.bufferedBodyBytes,
        privateServices: parts.privateServices,
      }),
    )
    .pipe(stages.notReplayed)
    .pipe(stages.restrained)
    .pipe(stages.marked)
    .fork({ upstream: wayUpstream(stages, parts), here: wayOfSts(stages, parts) }, (exchange) =>
      isAnsweredHere(exchange, parts.accountOf) ? 'here' : 'upstream',
    )
}

/** The rest of a call's way: decided, paced, signed anew, forwarded. */
function wayUpstream(stages: SharedStages, { upstream, rules, ...parts }: Parts) {
  const { endpoint, clock, clockSkew, signatures } = parts
  return pipeline<Classified>()
    .pipe(stages.decided)
    .pipe(stages.approved)
    .pipe(stages.paced)
    .pipe(stages.equipped)
    .pipe(stages.spent)
    .pipe(resign({ endpoint, clock, signatures }))
    .pipe(stages.claimed)
    .pipe(
      forward({
        body: {
          chunkBytes: () => rules().limits.chunkBytes,
          budget: parts.budget,
          maxSkewMsOf: (service) => maxSkewMsOf(service, clockSkew),
          nowMs: () => clock.nowMs(),
        },
        upstream: (agentId, speaksHttp2) => upstream.of(agentId, speaksHttp2),
        answerHeaders: stages.answerHeaders,
        uploads: stages.uploads,
      }),
    )
}

/** Takes a request through its way, and leaves the records and metrics of what became of it. */
function runnerOf(
  stages: SharedStages,
  parts: Parts,
  { bug, refused }: Pick<RecordOptions, 'bug' | 'refused'>,
): Runner {
  const { audit, refusals, metrics, catalogue, rules, clock } = parts
  const mode = () => rules().mode
  const options: Omit<RecordOptions, 'answer'> = {
    clock,
    audit: {
      append: (each) => audit.append(each),
      commit: (each) => audit.commit(each),
      unverified: (each) => refusals.record(each),
    },
    observeStage: (stage, seconds) => metrics.stage(stage, seconds),
    finished: observeOutcome(parts),
    refused,
    bug,
  }
  const runCall = record(wayOfCalls(stages, parts), {
    ...options,
    answer: answerDenial({
      mode,
      protocolOf: (exchange) => protocolGuess(exchange, exchange.authorization?.scope.service, catalogue),
    }),
  })
  const ways = agentApiWays(stages, parts)
  const jsonly = {
    ...options,
    answer: answerDenial({ mode, protocolOf: () => 'rest-json', spell: jsonRefusal }),
  }
  const runs: Readonly<Record<RouteName, Runner>> = {
    call: runCall,
    webIdentity: record(ways.webIdentity, {
      ...options,
      answer: answerDenial({ mode, protocolOf: () => 'query' }),
    }),
    sign: record(ways.sign, jsonly),
    signedTask: record(ways.signedTask, jsonly),
    provedTask: record(ways.provedTask, jsonly),
    credentials: record(ways.credentials, jsonly),
  }
  return (received) => runs[routeOf(received)](received)
}

export interface Moderato extends Lifecycle {
  /** Reads the configuration anew, because of `by`. Never rejects. */
  reload(by: string): Promise<Reload>
}

/** Builds the service; everything that can fail fails here, before anything listens. */
export async function compose(loaded: LoadedConfig, log: Logger): Promise<Moderato> {
  const parts = await buildParts(loaded, log)
  const { config } = loaded
  const { audit, refusals, queue, upstream } = parts
  const bug = (error: unknown, requestId?: string) =>
    log.error({ err: error, requestId }, 'this is a bug in Moderato')
  const stages = sharedStages(parts)
  const trouble = new WarnOnce({
    clock: parts.steadyClock,
    warn: (fields, words) => log.warn(fields, words),
  })
  const runs = counted(runnerOf(stages, parts, { bug, refused: trouble.tell }))
  const reconsider = (): void => {
    queue.reconsider()
    stages.uploads.reconsider()
  }
  parts.state.ledger.onChange(reconsider)
  const followed = followConfig(parts, log, reconsider)
  const unwatch = parts.freezes.watchWindows(parts.timer, reconsider)
  const unwatchEnds = parts.breakglass.watchEnds(parts.timer, reconsider)
  const unfollow = followKeys(parts.sealingKeys, { audit, log, changed: reconsider })
  const state: ServiceState = { now: 'starting', adminHosts: new Set() }
  const moderato = lifecycle({
    agents: { server: agentsServer(config, parts, runs.run, unreadable(parts)), ...config.listen.agents },
    admin: { server: adminServer(config, parts, followed.reloader, state, bug), ...config.listen.admin },
    drainMs: config.drain,
    bound: ({ admin }) => parts.start(state, admin.port),
    draining: () => {
      state.now = 'draining'
      parts.approvals.waiting.drain()
      queue.drain()
    },
    closed: async () => {
      followed.stop()
      unwatch()
      unfollow()
      // Connections may be gone before the runs that they brought.
      await runs.ended()
      parts.approvals.close()
      parts.stopWatching()
      unwatchEnds()
      parts.breakglass.close()
      refusals.flush()
      await Promise.all([upstream.close(), parts.identities.close()])
      // Where the disk takes no more, the store is closed all the same.
      try {
        await audit.close()
      } finally {
        await parts.state.close()
      }
    },
  })
  return { ...moderato, reload: (by) => followed.reloader.reload(by) }
}
