/** Keeps the buckets that calls were charged in lately, to show them to operators: a limiter keeps only keys. */
import type { KeyPart } from './bucket-key.ts'
import type { Charge } from './charges.ts'
import type { PaceRule } from './rules.ts'

export interface Bucket {
  readonly key: string
  readonly rule: PaceRule
  readonly parts: readonly KeyPart[]
}

const REMEMBERED = 10_000

/** Keeps a bounded number of buckets. The oldest is dropped here, not in the limiter, and is kept again when charged. */
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
