/** Finds an agent that does what its task does not speak of, or what it never did before. */
import type { Grant, Scope, Statement } from '../../core/agent.ts'
import { ACTION_CLASSES, type ActionClass } from '../../core/action-class.ts'
import type { DetectorSettings } from '../../config/schema/watch.ts'
import type { Detector, DriftFinding } from './detector.ts'
import { RecentMap } from '../../core/recent-map.ts'
import type { Observation, ObservedTask } from './observation.ts'
import { lasting, operationName } from './phrasing.ts'
import { quoteRedacted } from '../../observe/redact.ts'

const MAX_KNOWN = 1_000
const DAY_MS = 86_400_000
/** Milder classes are everyday work in whatever service. */
const NOTABLE: ReadonlySet<ActionClass> = new Set(ACTION_CLASSES.slice(ACTION_CLASSES.indexOf('data-delete')))

/**
 * Finds it in a task with scopes once for each service or class that none of them names. Of an agent without, once for
 * each service, and each class from `data-delete` on, that comes after the time of learning.
 */
export const novelty: Detector<DetectorSettings['novelty']> = () => {
  const known = new RecentMap<true>(MAX_KNOWN)
  let learnsSinceMs: number | undefined
  return (seen, { learn }, nowMs) => {
    learnsSinceMs ??= nowMs
    const { task } = seen
    // A throttled call is tried again, and found when it goes.
    if (isOurs(seen) || seen.decision === 'throttle') return undefined
    if (task !== undefined && task.scopes.length > 0) return undeclared(seen, task)
    const learning = nowMs - learnsSinceMs < learn
    const fresh = traitsOf(seen).filter((each) => known.get(each) === undefined)
    // A call that was refused teaches nothing: else one try would make the next one usual.
    if (!seen.refused) for (const each of fresh) known.set(each, true)
    const [first] = fresh
    if (learning || first === undefined) return undefined
    const longMs = nowMs - learnsSinceMs
    return {
      key: first,
      words: `${operationName(seen)} ${seen.refused ? 'would have been' : 'is'} its first use of ${first} in the ${lasting(longMs)} that it has been watched.`,
      requestIds: [seen.requestId],
      quietMs: DAY_MS,
    }
  }
}

/** Tells whether it is what tasks do because they are tasks: they fetch credentials, end, and ask who they are. */
function isOurs({ service, operation }: Observation): boolean {
  return service === 'moderato' || operation === 'GetCallerIdentity'
}

function traitsOf({ service, class: label }: Observation): string[] {
  return [`service ${service}`, ...(NOTABLE.has(label) ? [`class ${label}`] : [])]
}

function undeclared(seen: Observation, task: ObservedTask): DriftFinding | undefined {
  const service = task.scopes.every((scope) => namesService(scope, seen.service))
  const classes = task.scopes.every((scope) => namesClass(scope, seen.class))
  if (service && classes) return undefined
  const what = service ? `class ${seen.class}` : `service ${seen.service}`
  const intent = task.intent === undefined ? '' : ` (in its own words: ${quoteRedacted(task.intent)})`
  return {
    key: `${task.id} ${what}`,
    words: `${operationName(seen)}: task ${quoteRedacted(task.id)}${intent} names ${what} nowhere in what it may do.`,
    requestIds: [seen.requestId],
    quietMs: DAY_MS,
  }
}

function namesService(scope: Scope, service: string): boolean {
  return 'grants' in scope
    ? scope.grants.some(({ resources }) => resources.some((each) => isOf(each.split(':')[2], each, service)))
    : allowed(scope.statements).some((each) => isOf(each.split(':')[0], each, service))
}

/** Statements name actions, not classes. */
function namesClass(scope: Scope, label: ActionClass): boolean {
  return 'statements' in scope || scope.grants.some(({ classes }: Grant) => classes.includes(label))
}

function allowed(statements: readonly Statement[]): readonly string[] {
  return statements.filter(({ effect }) => effect === 'Allow').flatMap(({ actions }) => actions)
}

/** A pattern with `*` where its service would stand is of any. */
function isOf(named: string | undefined, pattern: string, service: string): boolean {
  if (named === undefined || named.includes('*')) return pattern.includes('*')
  return named.toLowerCase() === service
}
