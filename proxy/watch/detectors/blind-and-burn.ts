/** Finds an agent that turns off what would show or undo the damage: logging, detection, backups, retention, keys. */
import type { DetectorSettings } from '../../config/schema/watch.ts'
import type { Detector, DriftFinding, Seen } from './detector.ts'
import { Lately } from './memory.ts'
import { lasting, phraseList, operationName } from './phrasing.ts'
import { quoteRedacted } from '../../observe/redact.ts'

interface Event {
  readonly requestId: string
  readonly name: string
}

const CAPACITY = 50

/** Services that are there to watch, to record and to keep: whatever of them is `protection` blinds. */
const WATCHING = new Set([
  'access-analyzer',
  'backup',
  'cloudtrail',
  'cloudwatch',
  'config',
  'detective',
  'dlm',
  'guardduty',
  'inspector2',
  'kms',
  'logs',
  'macie2',
  'securityhub',
])
/** In other services, whose other guards are guards of single things. */
const ELSEWHERE =
  /Backup|Snapshot|Logging|FlowLogs|Versioning|Lifecycle|Retention|ObjectLock|Replication|Recovery|Encryption/

export const blindAndBurn: Detector<DetectorSettings['blind-and-burn']> = () => {
  const blinded = new Lately<Event>(CAPACITY)
  const burned = new Lately<Event>(CAPACITY)
  return (seen, { within }, nowMs) => {
    const { requestId } = seen
    const name = operationName(seen)
    // What the task made itself shows and keeps nothing of anybody else.
    const blinds = isBlinding(seen) && seen.ownership === 'other'
    const burns = seen.classes.includes('destructive') && seen.done && seen.ownership === 'other'
    const before = { blinded: blinded.within(within, nowMs), burned: burned.within(within, nowMs) }
    if (blinds && seen.done) blinded.add({ requestId, name }, nowMs)
    if (burns) burned.add({ requestId, name }, nowMs)
    if (blinds && seen.done && before.burned.length > 0)
      return both([...before.blinded, { requestId, name }], before.burned, within)
    if (burns && before.blinded.length > 0)
      return both(before.blinded, [...before.burned, { requestId, name }], within)
    // A refused try is told, as one; a throttled call is tried again.
    return blinds && (seen.done || seen.refused) ? alone(seen, within) : undefined
  }
}

function isBlinding({ classes, service, operation }: Seen): boolean {
  return classes.includes('protection') && (WATCHING.has(service) || ELSEWHERE.test(operation))
}

function alone(seen: Seen, within: number): DriftFinding {
  const [first] = seen.resources
  const what = first === undefined ? '' : ` on ${quoteRedacted(first)}`
  return {
    key: `blind ${operationName(seen)}${what}`,
    words:
      `${operationName(seen)}${what} ${seen.done ? 'turns off or weakens' : 'would have turned off or weakened'} ` +
      `what would show or undo damage${seen.done ? '' : `; it was refused (${seen.reason})`}.`,
    things: first === undefined ? [] : [first],
    requestIds: [seen.requestId],
    quietMs: within,
  }
}

function both(blinded: readonly Event[], burned: readonly Event[], within: number): DriftFinding {
  const names = (events: readonly Event[]): string => phraseList([...new Set(events.map(({ name }) => name))])
  return {
    key: 'burn',
    words:
      `Within ${lasting(within)} it weakened what would show or undo damage (${names(blinded)}) and destroyed ` +
      `(${names(burned)}).`,
    requestIds: [...new Set([...blinded, ...burned].map(({ requestId }) => requestId))],
    quietMs: within,
    grave: true,
  }
}
