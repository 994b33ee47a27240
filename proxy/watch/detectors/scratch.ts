/**
 * Knows the scratch things of one agent: those that the same task made itself, lately. To destroy them is normal work, as CI
 * does it all day. Everything that is not sure counts as somebody else's.
 */
import { RecentMap } from '../../core/recent-map.ts'
import { CREATES, type Creates } from './creates.ts'
import type { Observation } from './observation.ts'
import { operationName } from './phrasing.ts'

/**
 * Says whose the things of a call are: `own` if the task made all of them, and they were new; `empty` if it made all of
 * them, some may have been there before, and the call can destroy only an empty thing; otherwise `other`.
 */
export type Ownership = 'own' | 'empty' | 'other'

interface Made extends Creates {
  readonly atMs: number
}

const MAX_THINGS = 500
/** A thing that has lasted longer is no scratch thing any more: others may rely on it. */
const SCRATCH_MS = 7_200_000

export class Scratch {
  readonly #made = new RecentMap<Made>(MAX_THINGS)
  /** What the agent destroyed although it was not its own: whatever it makes in its place is not, either. */
  readonly #taken = new RecentMap<number>(MAX_THINGS)

  /** Returns whose the things are that the call names, and learns from what it did. */
  judge(seen: Observation, nowMs: number): Ownership {
    const ownership = this.#ownership(seen, nowMs)
    if (seen.elsewhere || !seen.done) return ownership
    const created = CREATES.get(operationName(seen))
    if (created !== undefined) this.#create(seen, created, nowMs)
    else if (seen.classes.includes('destructive')) this.#destroy(seen, ownership, nowMs)
    return ownership
  }

  #ownership({ resources, count, elsewhere, operation, ...seen }: Observation, nowMs: number): Ownership {
    // Names are bounded: a thing without one may be anybody's.
    if (resources.length === 0 || count > resources.length || elsewhere) return 'other'
    let ownership: Ownership = 'own'
    for (const key of resources) {
      const made = this.#made.get(thingOf(seen, key))
      if (made === undefined || !isRecent(made.atMs, nowMs)) return 'other'
      if (made.emptyOnly === undefined) continue
      if (made.emptyOnly !== operation) return 'other'
      ownership = 'empty'
    }
    return ownership
  }

  /** Only what the service has confirmed was made: who leaves before the answer may have met what was there. */
  #create(seen: Observation, { type, ...created }: Creates, nowMs: number): void {
    const named = seen.resources.filter((key) => nameOf(key).startsWith(type))
    const [key] = named
    // Of two names of the type, one may be that of another thing.
    if (!seen.confirmed || key === undefined || named.length > 1) return
    const thing = thingOf(seen, key)
    const takenAtMs = this.#taken.get(thing)
    if (takenAtMs !== undefined && isRecent(takenAtMs, nowMs)) return
    if (this.#made.get(thing) === undefined) this.#made.set(thing, { ...created, type, atMs: nowMs })
  }

  #destroy(seen: Observation, ownership: Ownership, nowMs: number): void {
    // To delete a part of one's own thing, such as a role's policy, leaves it one's own.
    const deletes = CREATES.has(operationName(seen).replace(':Delete', ':Create'))
    for (const key of seen.resources) {
      const thing = thingOf(seen, key)
      if (deletes) this.#made.delete(thing)
      if (ownership === 'other') this.#taken.set(thing, nowMs)
    }
  }
}

function isRecent(atMs: number, nowMs: number): boolean {
  return atMs <= nowMs && nowMs - atMs <= SCRATCH_MS
}

/** The key of a resource after service and region. */
function nameOf(key: string): string {
  return key.split(':').slice(2).join(':')
}

/** A thing is one account's, and scratch is one task's. */
function thingOf({ account, task }: Pick<Observation, 'account' | 'task'>, key: string): string {
  return `${account ?? ''} ${task?.id ?? ''} ${key}`
}
