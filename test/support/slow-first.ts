/** Starts the files that take longest first: last, they would run alone while the other workers are idle. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** A hint, no more: a name that is wrong here costs seconds. */
const SLOW = [
  'e2e/terraform',
  'e2e/run',
  'e2e/scenarios',
  'e2e/quiet-alerts',
  'e2e/credential-ways',
  'e2e/gibibyte',
  'e2e/breakglass',
  'e2e/sessions',
  'e2e/pace-again',
  'fault/pace-evasion',
  'identify/botocore-requests',
  'fuzz/fuzz',
  'attack/tasks',
  'attack/signing',
  'catalogue/catalogue',
  'state/memory',
]

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = SLOW.findIndex((each) => moduleId.includes(each))
      return at < 0 ? SLOW.length : at
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}
