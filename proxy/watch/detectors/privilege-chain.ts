/** Finds an agent that gives power to somebody and then acts through them, or gives it to itself. */
import type { DetectorSettings } from '../../config/schema/watch.ts'
import type { Detector } from './detector.ts'
import { RecentMap } from '../../core/recent-map.ts'
import { resourceKey, type Observation } from './observation.ts'
import { lasting, operationName } from './phrasing.ts'
import { quoteRedacted } from '../../observe/redact.ts'

interface Grant {
  readonly atMs: number
  readonly requestId: string
  readonly name: string
}

const MAX_PRINCIPALS = 200

export const privilegeChain: Detector<DetectorSettings['privilege-chain']> = () => {
  const granted = new RecentMap<Grant>(MAX_PRINCIPALS)
  return (seen, { within, own }, nowMs) => {
    if (!seen.done) return undefined
    const { requestId, resources } = seen
    const name = operationName(seen)
    if (grants(seen)) {
      const selves = new Set(own.map((arn) => resourceKey(arn)))
      const self = resources.find((key) => selves.has(key))
      for (const key of resources) granted.set(key, { atMs: nowMs, requestId, name })
      return self === undefined
        ? undefined
        : {
            key: `self ${self}`,
            words: `${name} on ${quoteRedacted(self)}, which is what agents act as: it gives power to itself.`,
            things: [self],
            requestIds: [requestId],
            quietMs: within,
          }
    }
    if (!uses(seen)) return undefined
    for (const key of resources) {
      const grant = granted.get(key)
      if (grant === undefined || nowMs - grant.atMs > within) continue
      return {
        key,
        words:
          `${grant.name} gave power to ${quoteRedacted(key)}, and ${lasting(nowMs - grant.atMs)} later ${name} ` +
          `put it to use.`,
        things: [key],
        requestIds: [grant.requestId, requestId],
        quietMs: within,
      }
    }
    return undefined
  }
}

/** Issuing credentials by assuming a role is use of it. */
function grants({ classes, service }: Observation): boolean {
  return service !== 'sts' && (classes.includes('permissions') || classes.includes('credentials'))
}

/** Only reading about a principal uses nothing, nor does IAM when it takes something of it away. */
function uses({ classes, service }: Observation): boolean {
  if (service === 'iam' && classes.includes('destructive')) return false
  return !classes.every((each) => each === 'read' || each === 'list' || each === 'tagging')
}
