/**
 * When an agent, in its task, first had to do with each resource: what `pacing.dwell` counts from. In memory, bounded;
 * what is forgotten counts as never seen, so that neither a restart nor a flood makes anything older than it is.
 */
import { createHash } from 'node:crypto'

export interface FirstSeenLimits {
  /** Resources remembered of one task; the one not seen for longest is forgotten. */
  readonly perScope: number
  /** Tasks (agents without one) remembered, and resources of all of them; the idlest task is forgotten. */
  readonly scopes: number
  readonly total: number
}

interface Scope {
  readonly firstCallMs: number
  /** Least recently seen first. */
  readonly resources: Map<string, number>
}

/** At most 100 MB or so, with long names. */
const LIMITS: FirstSeenLimits = { perScope: 10_000, scopes: 2_000, total: 250_000 }
/** Agents choose parts of an ARN. */
const MAX_NAME_LENGTH = 256

export class FirstSeen {
  readonly #limits: FirstSeenLimits
  /** Least recently used first. */
  readonly #scopes = new Map<string, Scope>()
  #size = 0

  constructor(limits: FirstSeenLimits = LIMITS) {
    this.#limits = limits
  }

  /** Remembers what a call had to do with; what was seen before keeps its time. */
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
   * When the youngest of the resources was first seen; `nowMs` where one never was. `*`, or no resource at all, counts
   * from the scope's first call. Remembers nothing.
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
  if (resource.length <= MAX_NAME_LENGTH) return resource
  return `sha256:${createHash('sha256').update(resource).digest('base64url')}`
}
