/** The buckets that calls were charged in lately, so that operators can be shown them: a limiter keeps only keys. */
import type { KeyPart } from './bucket-key.ts'
import type { Charge } from './charges.ts'
import type { PaceRule } from './rules.ts'

export interface Bucket {
  readonly key: string
  readonly rule: PaceRule
  readonly parts: readonly KeyPart[]
}

const REMEMBERED = 10_000

/** Bounded; the first that was noted is forgotten, noted again when it is charged, and stays what it is in the limiter. */
export class Buckets {
  readonly #byKey = new Map<string, Bucket>()

  track(charges: readonly Charge[]): void {
    for (const { key, rule, parts } of charges) {
      if (this.#byKey.get(key)?.rule === rule) continue
      this.#byKey.set(key, { key, rule, parts })
      if (this.#byKey.size <= REMEMBERED) continue
      const oldest = this.#byKey.keys().next()
      if (oldest.done !== true) this.#byKey.delete(oldest.value)
    }
  }

  all(): readonly Bucket[] {
    return [...this.#byKey.values()]
  }
}
