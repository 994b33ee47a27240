/** Runs each request on its route, and leaves its records and metrics. */
import { jsonRefusal } from '../agent-api/refusal.ts'
import { routeOf, type RouteName } from '../agent-api/route.ts'
import { protocolGuess } from '../aws/identify/protocol-guess.ts'
import { answerDenial, type AnswerOptions } from '../pipeline/answer.ts'
import { record, type RecordedRoute, type RecordOptions, type Runner } from '../pipeline/run.ts'
import { observeOutcome } from './request-metrics.ts'
import type { Services } from './services.ts'

/** Receives reports for operators: bugs of ours, and refusals that operators can do something about. */
export type RunReports = Pick<RecordOptions, 'bug' | 'refused'>

/** Returns the function that runs a request on its route. */
export function runRoutes(
  routes: Readonly<Record<RouteName, RecordedRoute>>,
  services: Services,
  reports: RunReports,
): Runner {
  const { audit, refusals, metrics, settings, clock, aws } = services
  const options: Omit<RecordOptions, 'answer'> = {
    clock,
    audit: {
      append: (each) => audit.append(each),
      commit: (each) => audit.commit(each),
      unverified: (each) => refusals.unverified.record(each),
      refused: (root, each) => refusals.agents.record(root, each),
    },
    observeStage: (stage, seconds) => metrics.stage(stage, seconds),
    finished: observeOutcome(services),
    ...reports,
  }
  const mode = () => settings.current().mode
  /** A refusal is formatted as the called service would format it, or as the agent API does. */
  const answerAs = (format: Omit<AnswerOptions, 'mode'>) => answerDenial({ mode, ...format })
  const asService = answerAs({
    protocolOf: (exchange) => protocolGuess(exchange, exchange.authorization?.scope.service, aws.catalogue),
  })
  const asSts = answerAs({ protocolOf: () => 'query' })
  const asOwnApi = answerAs({ protocolOf: () => 'rest-json', spell: jsonRefusal })
  const runs: Readonly<Record<RouteName, Runner>> = {
    call: record(routes.call, { ...options, answer: asService }),
    webIdentity: record(routes.webIdentity, { ...options, answer: asSts }),
    sign: record(routes.sign, { ...options, answer: asOwnApi }),
    signedTask: record(routes.signedTask, { ...options, answer: asOwnApi }),
    provedTask: record(routes.provedTask, { ...options, answer: asOwnApi }),
    credentials: record(routes.credentials, { ...options, answer: asOwnApi }),
  }
  return (received) => runs[routeOf(received)](received)
}
