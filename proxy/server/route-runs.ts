/** Runs each request on the route that is its own, and leaves the records and metrics of what became of it. */
import { jsonRefusal } from '../agent-api/refusal.ts'
import { routeOf, type RouteName } from '../agent-api/route.ts'
import { protocolGuess } from '../aws/identify/identify.ts'
import { answerDenial, type AnswerOptions } from '../pipeline/answer.ts'
import { record, type RecordedRoute, type RecordOptions, type Runner } from '../pipeline/run.ts'
import { observeOutcome } from './request-metrics.ts'
import type { Services } from './services.ts'

/** Told of what a run cannot answer for: our own bugs, and refusals that operators can do something about. */
export type RunReports = Pick<RecordOptions, 'bug' | 'refused'>

/** Returns what takes a request through its route. */
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
  /** A refusal is spelled as the service that was called would spell it, or as this API does. */
  const spelledAs = (how: Omit<AnswerOptions, 'mode'>) => answerDenial({ mode, ...how })
  const asService = spelledAs({
    protocolOf: (exchange) => protocolGuess(exchange, exchange.authorization?.scope.service, aws.catalogue),
  })
  const asSts = spelledAs({ protocolOf: () => 'query' })
  const asOwnApi = spelledAs({ protocolOf: () => 'rest-json', spell: jsonRefusal })
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
