/** Calls that were really made, on the scale of their scenario: what detectors find when time passes as it says. */
import type { DetectorName } from '../../proxy/config/schema/watch.ts'
import { resourceKey, type Observation } from '../../proxy/watch/detectors/observation.ts'
import type { AuditLine } from '../support/proxy.ts'
import { watching } from '../watch/observations.ts'
import type { Step } from './scenario.ts'

/** `made` holds the records of each call; `log` are its decisions with the times of the scenario. */
export function timeline(
  made: readonly (readonly AuditLine[])[],
  steps: readonly Step[],
): { readonly trips: DetectorName[]; readonly log: readonly string[] } {
  const { see, drifts, time } = watching()
  const pauses = steps.flatMap(({ after, times }) => Array.from({ length: times }, () => after))
  const log: string[] = []
  for (const [index, records] of made.entries()) {
    const decision = records.find(({ phase }) => phase === 'decision')
    if (decision === undefined) throw new Error(`call ${index} has no decision record`)
    see(seenOf(decision, records), (pauses[index] ?? 0) * 1_000)
    log.push(JSON.stringify({ ...decision, time: new Date(time.nowMs()).toISOString(), waitedMs: undefined }))
  }
  return { trips: [...new Set(drifts.map(({ detector }) => detector))], log }
}

function seenOf(decision: AuditLine, records: readonly AuditLine[]): Observation {
  const { requestId, agent, service, operation, classes, traits, count, resources, reason } = decision
  const outcome = records.find(({ phase }) => phase === 'outcome')
  const { status = 0 } = (outcome?.['upstream'] ?? {}) as { status?: number }
  return {
    requestId,
    agent,
    task: undefined,
    service,
    operation,
    class: decision.class,
    classes,
    traits,
    count,
    resources: (resources ?? []).filter((each) => each !== '*').map(resourceKey),
    decision: decision.decision,
    reason,
    refused: decision.decision === 'deny',
    done: status > 0 && status < 400,
    confirmed: status > 0 && status < 400,
    account: undefined,
    elsewhere: false,
  } as Observation
}
