/** Follows what calls destroyed, and what they left that can act by itself, by their records. Pure. */
import { doesAwayWith, leavesBehind } from '../identity/leftovers.ts'
import type { HappenedCall } from './happening.ts'

/** A Remainder is one thing that was left, or destroyed, as far as the log tells. */
export interface Remainder {
  readonly operation: string
  /** An ARN; `*` where only AWS knows. */
  readonly resource: string
  readonly times: number
  /** False: no answer of AWS is in the log, so that it may not have been done. */
  readonly answered: boolean
  readonly lastAt: string
}

/** Things beyond this number are only counted. */
const MOST = 20_000
const DESTROYS: ReadonlySet<string> = new Set(['destructive', 'data-delete'])

export class Remains {
  readonly #left = new Map<string, Remainder>()
  readonly #destroyed = new Map<string, Remainder>()
  leftMore = 0
  destroyedMore = 0

  /** Takes a call that was allowed and is over; one without an answer may have been carried out. */
  take(call: HappenedCall): void {
    const { decision, outcome } = call
    if (decision !== 'allow') return
    const status = outcome?.status ?? null
    const isUnknown = status === null && outcome?.decision !== 'deny' && outcome?.decision !== 'throttle'
    if (!isUnknown && !(status !== null && status < 300)) return
    const { operation, resources, classes } = call
    const leaving = { operation: operation.slice(operation.indexOf(':') + 1), resources, classes }
    for (const resource of leavesBehind(leaving))
      this.#leftMore(this.#note(this.#left, call, resource, !isUnknown))
    if (classes.some((each) => DESTROYS.has(each))) this.#destroy(call, !isUnknown)
    if (isUnknown) return
    const gone = new Set(doesAwayWith(leaving))
    for (const [name, { operation: made, resource, lastAt }] of this.#left) {
      const isSameService = made.split(':', 1)[0] === operation.split(':', 1)[0]
      if (isSameService && gone.has(resource) && lastAt < call.time) this.#left.delete(name)
    }
  }

  get left(): readonly Remainder[] {
    return [...this.#left.values()]
  }

  get destroyed(): readonly Remainder[] {
    return [...this.#destroyed.values()]
  }

  #destroy(call: HappenedCall, answered: boolean): void {
    const { resources, omitted } = call
    this.destroyedMore += omitted
    for (const resource of resources.length === 0 ? ['*'] : resources)
      if (!this.#note(this.#destroyed, call, resource, answered)) this.destroyedMore += 1
  }

  #leftMore(isNoted: boolean): void {
    if (!isNoted) this.leftMore += 1
  }

  /** False if there is no more room. */
  #note(into: Map<string, Remainder>, call: HappenedCall, resource: string, answered: boolean): boolean {
    const name = `${call.operation} ${resource}`
    const known = into.get(name)
    if (known === undefined && into.size >= MOST) return false
    into.set(name, {
      operation: call.operation,
      resource,
      times: (known?.times ?? 0) + 1,
      answered: answered || known?.answered === true,
      lastAt: call.time,
    })
    return true
  }
}
