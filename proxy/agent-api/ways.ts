/** The ways of what agents ask of Moderato itself: each proves who asks in its own manner, and ends here. */
import type { Classified, Received } from '../exchange/exchange.ts'
import type { Parts } from '../server/services.ts'
import { pipeline, type Route } from '../pipeline/pipeline.ts'
import type { Recordable } from '../pipeline/audit-fields.ts'
import type { SharedStages } from '../server/stages.ts'
import { answerAsk } from './answer-request.ts'
import { approveTask, spendTask } from './approve-task.ts'
import { askProved, askSigned, askSts, askTicket, askWebIdentity } from './ask.ts'
import { claimProof, paceIssues } from './issue.ts'
import { judgeTask } from './judge-task.ts'
import { route, routeTasks, type RouteName } from './route.ts'
import { describe } from './sign-describe.ts'
import { sign } from './sign.ts'

export function agentApiWays(
  stages: SharedStages,
  parts: Parts,
): Readonly<Record<Exclude<RouteName, 'call'>, Route<Received, Recordable>>> {
  return {
    sign: wayOfSigning(stages, parts),
    signedTask: wayOfSignedTasks(stages, parts),
    provedTask: wayOfProvedTasks(stages, parts, askProved(parts)),
    webIdentity: wayOfProvedTasks(stages, parts, askWebIdentity(parts)),
    credentials: wayOfTickets(stages, parts),
  }
}

/** The way of a request to the signing endpoint: decided, paced and recorded like the call that it wants signed. */
function wayOfSigning(stages: SharedStages, parts: Parts) {
  const { catalogue, accountOf, signing, clock } = parts
  const { operatorRules } = stages
  const { regions, emulator, narrowed, owner } = signing
  return pipeline<Received>()
    .pipe(stages.checkedHead)
    .pipe(route())
    .pipe(stages.identified)
    .pipe(stages.verified)
    .pipe(stages.admitted)
    .pipe(describe({ catalogue, operatorRules, accountOf, regions, emulator, narrowed }))
    .pipe(stages.notReplayed)
    .pipe(stages.restrained)
    .pipe(stages.marked)
    .pipe(stages.decided)
    .pipe(stages.approved)
    .pipe(stages.paced)
    .pipe(stages.spent)
    .pipe(stages.claimed)
    .pipe(sign({ owner, clock, answerHeaders: stages.answerHeaders }))
}

/** The tasks endpoint, signed with a static key or by a session. */
function wayOfSignedTasks(stages: SharedStages, parts: Parts) {
  const own = ownStages(parts)
  return pipeline<Received>()
    .pipe(stages.checkedHead)
    .pipe(routeTasks())
    .pipe(stages.identified)
    .pipe(stages.verified)
    .pipe(stages.admitted)
    .pipe(askSigned())
    .pipe(stages.notReplayed)
    .pipe(stages.restrained)
    .pipe(own.paced)
    .pipe(own.judged)
    .pipe(own.approved)
    .pipe(stages.claimed)
    .pipe(own.spent)
    .pipe(own.answered)
}

/** What comes with the token of an identity provider in place of a signature. */
function wayOfProvedTasks(stages: SharedStages, parts: Parts, ask: ReturnType<typeof askProved>) {
  const own = ownStages(parts)
  return pipeline<Received>()
    .pipe(stages.checkedHead)
    .pipe(ask)
    .pipe(stages.restrained)
    .pipe(own.paced)
    .pipe(own.judged)
    .pipe(own.approved)
    .pipe(claimProof(parts))
    .pipe(own.spent)
    .pipe(own.answered)
}

/** The container credentials endpoint. */
function wayOfTickets(stages: SharedStages, parts: Parts) {
  const own = ownStages(parts)
  return pipeline<Received>()
    .pipe(stages.checkedHead)
    .pipe(askTicket(parts))
    .pipe(stages.restrained)
    .pipe(own.paced)
    .pipe(own.judged)
    .pipe(own.approved)
    .pipe(own.spent)
    .pipe(own.answered)
}

/** Calls of STS that hand out credentials, or ask who a session is: the fork of a call's way that ends here. */
export function wayOfSts(stages: SharedStages, parts: Parts) {
  const own = ownStages(parts)
  return pipeline<Classified>()
    .pipe(askSts())
    .pipe(own.paced)
    .pipe(own.judged)
    .pipe(own.approved)
    .pipe(stages.claimed)
    .pipe(own.spent)
    .pipe(own.answered)
}

/** What follows on each way once it is known who asks what. */
function ownStages({
  limiter,
  issueRate: rate,
  steadyClock,
  approvals,
  revocations,
  clock,
  ...parts
}: Parts) {
  const { tasks, sessions, accountOf, endings } = parts
  return {
    paced: paceIssues({ limiter, rate, clock: steadyClock }),
    judged: judgeTask({ tasks }),
    approved: approveTask({ ...approvals, revocations, clock }),
    spent: spendTask(approvals),
    answered: answerAsk({ tasks, sessions, accountOf, clock, endings }),
  }
}
