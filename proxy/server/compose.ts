/**
 * Builds every route that a request can take, from the head on the wire to its effect. The compiler checks the order: a
 * stage that is left out or moved is a type error (test/server/compose.test.ts leaves out and moves each of them).
 */
import type { RouteName } from '../agent-api/route.ts'
import type { EffectRoute, RecordedRoute } from '../pipeline/run.ts'
import { pipeline } from '../pipeline/pipeline.ts'
import type { Authorizable, Checked, Received } from '../exchange/exchange.ts'
import type { Unreplayed } from '../exchange/facts.ts'
import type { AgentRequested } from '../agent-api/agent-request.ts'
import type { Stages } from './stages.ts'

/** Returns all routes, by the names that `routeOf` gives to requests. */
export function compose(stages: Stages): Readonly<Record<RouteName, RecordedRoute>> {
  return {
    call: callRoute(stages),
    sign: signRoute(stages),
    signedTask: signedTaskRoute(stages),
    provedTask: provedTaskRoute(stages, stages.readProvedTask),
    webIdentity: provedTaskRoute(stages, stages.readWebIdentity),
    credentials: credentialsRoute(stages),
  }
}

/** Returns the route of AWS calls, which are forwarded, or answered here if they ask STS for credentials. */
export function callRoute(stages: Stages): RecordedRoute {
  const {
    checkHead,
    identify,
    verify,
    limitConcurrency,
    classify,
    refuseReplay,
    checkHolds,
    applyBreakglass,
  } = stages
  return pipeline<Received>()
    .pipe(checkHead)
    .pipe(identify)
    .pipe(verify)
    .pipe(limitConcurrency)
    .pipe(classify)
    .pipe(refuseReplay)
    .pipe(checkHolds)
    .pipe(applyBreakglass)
    .fork({ upstream: upstreamRoute(stages), here: stsRoute(stages) }, stages.answeredBy)
}

/** Returns the end of the route of calls that go upstream. */
export function upstreamRoute(stages: Stages): EffectRoute<Authorizable> {
  const { decide, approve, pace, attachCredentials, consumeApproval, resign, claimSignature, forward } =
    stages
  return pipeline<Authorizable>()
    .pipe(decide)
    .pipe(approve)
    .pipe(pace)
    .pipe(attachCredentials)
    .pipe(consumeApproval)
    .pipe(resign)
    .pipe(claimSignature)
    .pipe(forward)
}

/** Returns the end of the route of STS calls that Moderato answers with credentials of its own. */
export function stsRoute(stages: Stages): EffectRoute<Authorizable> {
  const { readStsCall, paceIssuance, authorizeTask, approveTask } = stages
  const { claimSignature, consumeTaskApproval, answerAgent } = stages
  return pipeline<Authorizable>()
    .pipe(readStsCall)
    .pipe(paceIssuance)
    .pipe(authorizeTask)
    .pipe(approveTask)
    .pipe(claimSignature)
    .pipe(consumeTaskApproval)
    .pipe(answerAgent)
}

/** Returns the route of the signing endpoint; a request is decided, paced and recorded as the call that it wants signed. */
export function signRoute(stages: Stages): RecordedRoute {
  const { checkHead, checkSignPath, identify, verify, limitConcurrency, describePresign } = stages
  const { refuseReplay, checkHolds, applyBreakglass, decide, approve, pace } = stages
  const { consumeApproval, claimSignature, signForAgent } = stages
  return pipeline<Received>()
    .pipe(checkHead)
    .pipe(checkSignPath)
    .pipe(identify)
    .pipe(verify)
    .pipe(limitConcurrency)
    .pipe(describePresign)
    .pipe(refuseReplay)
    .pipe(checkHolds)
    .pipe(applyBreakglass)
    .pipe(decide)
    .pipe(approve)
    .pipe(pace)
    .pipe(consumeApproval)
    .pipe(claimSignature)
    .pipe(signForAgent)
}

/** Returns the route of requests to the tasks endpoint that a static key or a session signed. */
export function signedTaskRoute(stages: Stages): RecordedRoute {
  const { checkHead, checkTaskPath, identify, verify, limitConcurrency, readSignedTask } = stages
  const { refuseReplay, checkHolds, paceIssuance, authorizeTask, approveTask } = stages
  const { claimSignature, consumeTaskApproval, answerAgent } = stages
  return pipeline<Received>()
    .pipe(checkHead)
    .pipe(checkTaskPath)
    .pipe(identify)
    .pipe(verify)
    .pipe(limitConcurrency)
    .pipe(readSignedTask)
    .pipe(refuseReplay)
    .pipe(checkHolds)
    .pipe(paceIssuance)
    .pipe(authorizeTask)
    .pipe(approveTask)
    .pipe(claimSignature)
    .pipe(consumeTaskApproval)
    .pipe(answerAgent)
}

type ReadProof = (exchange: Checked) => Promise<AgentRequested & Unreplayed>

/** Returns the route of requests to the tasks endpoint and STS that an identity provider proves, not a signature. */
export function provedTaskRoute(stages: Stages, readProof: ReadProof): RecordedRoute {
  const { checkHead, checkHolds, paceIssuance, authorizeTask, approveTask } = stages
  const { claimProof, consumeTaskApproval, answerAgent } = stages
  return pipeline<Received>()
    .pipe(checkHead)
    .pipe(readProof)
    .pipe(checkHolds)
    .pipe(paceIssuance)
    .pipe(authorizeTask)
    .pipe(approveTask)
    .pipe(claimProof)
    .pipe(consumeTaskApproval)
    .pipe(answerAgent)
}

/** Returns the route of the container credentials endpoint. */
export function credentialsRoute(stages: Stages): RecordedRoute {
  const { checkHead, readTicket, checkHolds, paceIssuance, authorizeTask, approveTask } = stages
  const { consumeTaskApproval, answerAgent } = stages
  return pipeline<Received>()
    .pipe(checkHead)
    .pipe(readTicket)
    .pipe(checkHolds)
    .pipe(paceIssuance)
    .pipe(authorizeTask)
    .pipe(approveTask)
    .pipe(consumeTaskApproval)
    .pipe(answerAgent)
}
