/**
 * When an agent, in its task, first had to do with each resource: what `pacing.dwell` counts from. In memory, bounded;
 * what is forgotten counts as never seen, so that neither a restart nor a flood makes anything older than it is.
 */
import { createHash } from 'node:crypto'

export interface SightsLimits {
  /** Resources remembered of one task; the one not seen for longest is forgotten. */
  readonly perScope: number
  /** Tasks (agents without one) remembered; the one that was idle for longest is forgotten. */
  readonly scopes: number
}

interface Scope {
  readonly firstCallMs: number
  /** Least recently seen first. */
  readonly resources: Map<string, number>
}

const LIMITS: SightsLimits = { perScope: 10_000, scopes: 2_000 }
/** Agents choose parts of an ARN. */
const MAX_NAME_LENGTH = 256

export class Sights {
  readonly #limits: SightsLimits
  /** Least recently used first. */
  readonly #scopes = new Map<string, Scope>()

  constructor(limits: SightsLimits = LIMITS) {
    this.#limits = limits
  }

  /** Remembers what a call had to do with; what was seen before keeps its time. */
  see(scope: string, resources: readonly string[], nowMs: number): void {
    const known = this.#scopes.get(scope) ?? { firstCallMs: nowMs, resources: new Map<string, number>() }
    this.#scopes.delete(scope)
    this.#scopes.set(scope, known)
    forgetOldest(this.#scopes, this.#limits.scopes)
    for (const resource of resources) {
      const name = nameOf(resource)
      const firstMs = known.resources.get(name) ?? nowMs
      known.resources.delete(name)
      known.resources.set(name, firstMs)
    }
    forgetOldest(known.resources, this.#limits.perScope)
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
}

function forgetOldest(map: Map<string, unknown>, size: number): void {
  for (const key of map.keys()) {
    if (map.size <= size) return
    map.delete(key)
  }
}

function nameOf(resource: string): string {
  if (resource.length <= MAX_NAME_LENGTH) return resource
  return `sha256:${createHash('sha256').update(resource).digest('base64url')}`
}
