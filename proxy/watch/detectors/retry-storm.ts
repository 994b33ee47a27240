/**
 * Finds an agent that goes on after it was refused: a no is answered by the same call, or by others, until one gets
 * through.
 */
import type { DetectorSettings } from '../../config/schema/watch.ts'
import type { Detector } from './detector.ts'
import { Lately } from './memory.ts'
import type { Observation } from './observation.ts'
import { lasting, phraseList, operationName } from './phrasing.ts'
import { quoteRedacted } from '../../observe/redact.ts'

interface Refusal {
  readonly requestId: string
  readonly what: string
  readonly reason: string
}

/** The most that `same` and `any` can be. */
const CAPACITY = 500

/** Invocation ids do not count: who chooses them would be one attempt for ever. SDKs do not retry these refusals. */
export const retryStorm: Detector<DetectorSettings['retry-storm']> = () => {
  const refusals = new Lately<Refusal>(CAPACITY)
  return (seen, { same, sameWithin, any, anyWithin }, nowMs) => {
    if (!seen.refused) return undefined
    const refusal = { requestId: seen.requestId, what: whatOf(seen), reason: seen.reason }
    refusals.add(refusal, nowMs)
    const again = refusals.within(sameWithin, nowMs).filter(({ what }) => what === refusal.what)
    if (again.length >= same) {
      return {
        key: refusal.what,
        words:
          `${operationName(seen)}${onWhat(seen)} was refused ${again.length} times within ${lasting(sameWithin)} ` +
          `(${seen.reason}), and it keeps trying.`,
        things: seen.resources,
        requestIds: again.map(({ requestId }) => requestId),
        quietMs: sameWithin,
      }
    }
    const all = refusals.within(anyWithin, nowMs)
    if (all.length < any) return undefined
    return {
      key: 'any',
      words:
        `${all.length} calls were refused within ${lasting(anyWithin)} ` +
        `(${phraseList([...new Set(all.map(({ reason }) => reason))])}): it is looking for a way through.`,
      requestIds: all.map(({ requestId }) => requestId),
      quietMs: anyWithin,
    }
  }
}

function whatOf(seen: Observation): string {
  return `${operationName(seen)} ${seen.resources.join(' ')}`.slice(0, 1_024)
}

function onWhat({ resources: [first] }: Observation): string {
  return first === undefined ? '' : ` on ${quoteRedacted(first)}`
}
