/** Describes the operation that is reviewed by the names of its members. */
import type { LevelLetter } from './format.ts'
import type { ServiceModel } from './model.ts'

export interface Reviewed {
  readonly model: ServiceModel
  readonly name: string
  readonly operation: string
  readonly level: LevelLetter
}

const REMOVES =
  /^(Batch)?(Delete|Remove|Disassociate|Stop|Cancel|Detach|Deregister|Terminate|Untag|Revoke|Disable)/

/** Tells whether an operation changes something, other than by removing it. */
export function changes({ operation, level }: Reviewed): boolean {
  return level !== 'R' && level !== 'L' && level !== 'T' && !REMOVES.test(operation)
}
