/**
 * Finds what a call leaves that can act when its task is over (rule S23): schedules, triggers, stacks, functions,
 * principals, keys, policies. Pure.
 */
import type { CallFields } from '../core/call.ts'

/** Holds one thing that a task left, as far as its calls tell. */
export interface Leftover {
  readonly service: string
  readonly operation: string
  /** An ARN; `*` where only AWS knows. */
  readonly resource: string
  readonly times: number
  /** False: AWS's answer was not seen here, so that it may not exist. */
  readonly answered: boolean
  readonly lastAtMs: number
}

/** More resources of one call than this are one, `*`. */
const MAX_RESOURCES = 20
const ABLE_TO_ACT: ReadonlySet<string> = new Set(['opaque', 'permissions', 'credentials'])

/** The part of a call, or of its record, that says what it leaves. */
export type LeavingCall = Pick<CallFields, 'operation' | 'resources'> & {
  readonly classes: readonly string[]
}

/** Returns the resources that a call leaves able to act; none of one that only takes away. */
export function leavesBehind({ classes, resources }: LeavingCall): readonly string[] {
  if (classes.includes('destructive') || !classes.some((each) => ABLE_TO_ACT.has(each))) return []
  return resources.length === 0 || resources.length > MAX_RESOURCES ? ['*'] : resources
}

/**
 * Returns the resources that a call does away with as a whole, and all that hangs on them. A part of one is not
 * counted: of two policies of a role, what detaches one says nothing of the other.
 */
export function doesAwayWith({ operation, resources, classes }: LeavingCall): readonly string[] {
  const noun = /^Delete([A-Z][A-Za-z0-9]*)$/.exec(operation ?? '')?.[1]?.toLowerCase()
  if (noun === undefined || !classes.includes('destructive')) return []
  return resources.filter((resource) => {
    const [type, name] = resource.split(':').slice(5).join(':').split(/[:/]/)
    return type?.replaceAll('-', '') === noun && name !== undefined && name !== '' && !name.startsWith('*')
  })
}
