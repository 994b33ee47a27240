/** Creates the stages of all routes. There is one of each, so that all routes share its counts. */
import { approveTask } from '../agent-api/stages/approve-task.ts'
import { answerAgent } from '../agent-api/stages/answer-agent.ts'
import { authorizeTask } from '../agent-api/stages/authorize-task.ts'
import { checkSignPath } from '../agent-api/stages/check-sign-path.ts'
import { checkTaskPath } from '../agent-api/stages/check-task-path.ts'
import { claimProof } from '../agent-api/stages/claim-proof.ts'
import { consumeTaskApproval } from '../agent-api/stages/consume-task-approval.ts'
import { describePresign } from '../agent-api/stages/describe-presign.ts'
import { paceIssuance } from '../agent-api/stages/pace-issuance.ts'
import { readProvedTask } from '../agent-api/stages/read-proved-task.ts'
import { readSignedTask } from '../agent-api/stages/read-signed-task.ts'
import { isAnsweredHere, readStsCall } from '../agent-api/stages/read-sts-call.ts'
import { readTicket } from '../agent-api/stages/read-ticket.ts'
import { readWebIdentity } from '../agent-api/stages/read-web-identity.ts'
import { signForAgent } from '../agent-api/stages/sign-for-agent.ts'
import type { Approved, Authorizable, Decided, Decision, Paced } from '../exchange/exchange.ts'
import { moderatoHeaders } from '../pipeline/answer.ts'
import { maxSkewMsOf } from '../sigv4/clock-skew.ts'
import { applyBreakglass } from '../stages/apply-breakglass.ts'
import { approve, checkApproval } from '../stages/approve.ts'
import { attachCredentials } from '../stages/attach-credentials.ts'
import { checkHead } from '../stages/check-head.ts'
import { checkHolds } from '../stages/check-holds.ts'
import { claimSignature } from '../stages/claim-signature.ts'
import { classify } from '../stages/classify/classify.ts'
import { consumeApproval } from '../stages/consume-approval.ts'
import { decide } from '../stages/decide.ts'
import { allowRetry } from '../stages/forward/allow-retry.ts'
import { forward } from '../stages/forward/forward.ts'
import { Uploads } from '../stages/forward/uploads.ts'
import { identify } from '../stages/identify.ts'
import { limitConcurrency } from '../stages/limit-concurrency.ts'
import { pace } from '../stages/pace/pace.ts'
import { reauthorize } from '../stages/reauthorize.ts'
import { refuseReplay } from '../stages/refuse-replay.ts'
import { resign } from '../stages/resign/resign.ts'
import { verify } from '../stages/verify/verify.ts'
import { paceMetrics } from './request-metrics.ts'
import type { Services } from './services.ts'

/** The stages of all routes, by name. */
export type Stages = ReturnType<typeof openStages>

/** Creates every stage from the services that it needs. */
export function openStages(services: Services) {
  const judging = judgingStages(services)
  /** Judges a held call again (rule S4): policy, settings or state may have changed. */
  const recheck = reauthorize({ agents: services.agents, operatorRules: operatorRules(services), ...judging })
  /** Uploads are judged again, with the queue, whenever operators change something. */
  const uploads = new Uploads((exchange) => void recheck(exchange))
  return {
    uploads,
    ...judging,
    ...admittingStages(services),
    ...effectStages(services, recheck, uploads),
    ...agentApiStages(services),
  }
}

/** The side that answers a call: Moderato hands out credentials in place of STS. */
type AnsweredBy = 'upstream' | 'here'

type Recheck = (exchange: Decided) => Decision

function operatorRules({ settings }: Services) {
  return () => settings.current().operatorRules
}

/** Returns the stages that a held call passes again. */
function judgingStages({ agents, settings, state, breakglass, metrics, clock, ...services }: Services) {
  return {
    identify: identify({ agents }),
    checkHolds: checkHolds({
      ledger: state.ledger,
      holds: services.holds,
      readsWhileDown: services.config.state.readsWhileDown,
    }),
    applyBreakglass: applyBreakglass(breakglass),
    decide: decide({
      policy: () => settings.current().policy,
      mode: () => settings.current().mode,
      allowUnmodelled: () => settings.current().allowUnmodelled,
      clock,
      observeEvaluationSeconds: (seconds) =>
        metrics.policyEvaluation(settings.current().policy.name, seconds),
    }),
  }
}

/** Returns the stages that find out whose a call is and what it does. */
function admittingStages({ agents, settings, aws, credentials, signatures, ...services }: Services) {
  const { clockSkew } = settings
  const { accountOf } = credentials
  return {
    checkHead: checkHead(),
    verify: verify({ agents, clockSkew, signatures }),
    limitConcurrency: limitConcurrency({
      inFlightPerAgent: () => settings.current().limits.inFlightPerAgent,
      inFlight: services.inFlight,
    }),
    classify: classify({
      ...aws,
      accountOf,
      operatorRules: () => settings.current().operatorRules,
      inflatedBytes: () => settings.current().limits.bufferedBodyBytes,
    }),
    refuseReplay: refuseReplay({ replays: services.state.store.replays, clockSkew, clock: services.clock }),
    answeredBy: (exchange: Authorizable): AnsweredBy =>
      isAnsweredHere(exchange, accountOf) ? 'here' : 'upstream',
  }
}

/** Returns the stages from a decision to its effect. */
function effectStages(services: Services, recheck: Recheck, uploads: Uploads) {
  const { settings, state, clock, steadyClock, pacing, approvals, credentials, upstream } = services
  const { clockSkew } = settings
  const { limiter, replays } = state.store
  const recheckApproved = (exchange: Approved): void =>
    checkApproval(exchange, recheck(exchange), approvals.approvals)
  return {
    approve: approve({ ...approvals, clock, hold: approvals.hold && { ...approvals.hold, recheck } }),
    pace: pace({
      queue: pacing.queue,
      limiter,
      ...pacing.rates,
      mode: () => settings.current().mode,
      clock: steadyClock,
      recheck: recheckApproved,
      metrics: paceMetrics(services.metrics),
    }),
    attachCredentials: attachCredentials({ signers: credentials.signers, recheck: recheckApproved }),
    consumeApproval: consumeApproval(approvals),
    resign: resign({ endpoint: upstream.endpoint, clock, signatures: services.signatures }),
    claimSignature: claimSignature({ replays, clockSkew, clock }),
    forward: forward({
      body: {
        chunkBytes: () => settings.current().limits.chunkBytes,
        budget: services.budget,
        maxSkewMsOf: (service) => maxSkewMsOf(service, clockSkew),
        nowMs: () => clock.nowMs(),
      },
      upstream: (agentId, speaksHttp2) => upstream.pool.of(agentId, speaksHttp2),
      unused: () => upstream.pool.unused(),
      answerHeaders: answerHeaders(services),
      uploads,
      allowRetry: allowRetry({ replays, clockSkew, clock, approvals: approvals.approvals }),
    }),
  }
}

/** Returns the stages of requests to Moderato itself. */
function agentApiStages(services: Services) {
  const { identity, credentials, approvals, state, clock, steadyClock, aws } = services
  const { tasks, sessions, identities, endings, revocations, issueRate } = identity
  const { limiter, replays } = state.store
  const { accountOf, presign } = credentials
  return {
    checkSignPath: checkSignPath(),
    checkTaskPath: checkTaskPath(),
    describePresign: describePresign({
      catalogue: aws.catalogue,
      operatorRules: operatorRules(services),
      accountOf,
      ...presign,
    }),
    readSignedTask: readSignedTask(),
    readProvedTask: readProvedTask({ identities }),
    readWebIdentity: readWebIdentity({ identities }),
    readStsCall: readStsCall(),
    readTicket: readTicket({ identities, sessions }),
    paceIssuance: paceIssuance({ limiter, rate: issueRate, clock: steadyClock }),
    authorizeTask: authorizeTask({ tasks }),
    approveTask: approveTask({ ...approvals, revocations, clock }),
    claimProof: claimProof({ replays, clock }),
    consumeTaskApproval: consumeTaskApproval(approvals),
    signForAgent: signForAgent({ owner: presign.owner, clock, answerHeaders: answerHeaders(services) }),
    answerAgent: answerAgent({ tasks, sessions, accountOf, clock, endings }),
  }
}

function answerHeaders({ settings }: Services) {
  return (exchange: Paced) => moderatoHeaders(exchange, 'allow', settings.current().mode)
}
