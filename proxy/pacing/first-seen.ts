/**
 * Records when an agent first touched each resource in its task: `pacing.dwell` counts from then. It is in memory and
 * bounded. A forgotten resource counts as never seen, so neither a restart nor a flood makes a resource look older.
 */
import { createHash } from 'node:crypto'
import { canonicalName } from '../../policy/restricts.ts'

export interface FirstSeenLimits {
  /** The number of resources kept for one task; the least recently seen is forgotten. */
  readonly perScope: number
  /** The number of tasks (or agents without one) kept, and of all resources; the least recently used task is forgotten. */
  readonly scopes: number
  readonly total: number
}

interface Scope {
  readonly firstCallMs: number
  /** Least recently seen first. */
  readonly resources: Map<string, number>
}

/** These limits allow about 100 MB, with long names. */
const LIMITS: FirstSeenLimits = { perScope: 10_000, scopes: 2_000, total: 250_000 }
/** Agents choose parts of an ARN. */
const MAX_NAME_LENGTH = 256

/** A FirstSeen keeps, for each scope (a task, or an agent without one), when each resource was first seen. */
export class FirstSeen {
  readonly #limits: FirstSeenLimits
  /** Least recently used first. */
  readonly #scopes = new Map<string, Scope>()
  #size = 0

  constructor(limits: FirstSeenLimits = LIMITS) {
    this.#limits = limits
  }

  /** Records the resources that a call touches; a resource that was seen before keeps its time. */
  note(scope: string, resources: readonly string[], nowMs: number): void {
    const known = this.#scopes.get(scope) ?? { firstCallMs: nowMs, resources: new Map<string, number>() }
    this.#scopes.delete(scope)
    this.#scopes.set(scope, known)
    const before = known.resources.size
    for (const resource of resources) {
      const name = nameOf(resource)
      const firstMs = known.resources.get(name) ?? nowMs
      known.resources.delete(name)
      known.resources.set(name, firstMs)
    }
    for (const oldest of known.resources.keys()) {
      if (known.resources.size <= this.#limits.perScope) break
      known.resources.delete(oldest)
    }
    this.#size += known.resources.size - before
    this.#forgetIdlest()
  }

  /**
   * Returns when the newest of the resources was first seen; `nowMs` if one never was. `*`, or no resource at all,
   * counts from the scope's first call. Records nothing.
   */
  youngestMs(scope: string, resources: readonly string[], nowMs: number): number {
    const known = this.#scopes.get(scope)
    if (known === undefined) return nowMs
    let youngestMs = known.firstCallMs
    for (const resource of resources) {
      if (resource === '*') continue
      youngestMs = Math.max(youngestMs, known.resources.get(nameOf(resource)) ?? nowMs)
    }
    return youngestMs
  }

  #forgetIdlest(): void {
    for (const [scope, { resources }] of this.#scopes) {
      if (this.#scopes.size <= this.#limits.scopes && this.#size <= this.#limits.total) return
      this.#scopes.delete(scope)
      this.#size -= resources.size
    }
  }
}

function nameOf(resource: string): string {
  const name = canonicalName(resource)
  if (name.length <= MAX_NAME_LENGTH) return name
  return `sha256:${createHash('sha256').update(name).digest('base64url')}`
}
