/** A small part of `npm run fault`. */
import { describe, expect, it } from 'vitest'
import { SEED } from '../support/sample.ts'
import { FAULT_RUNS, faultResult } from './runs/all.ts'

describe('under faults', () => {
  it.each(FAULT_RUNS.map((each) => [each.holds, each] as const))(
    '%s',
    { timeout: 120_000 },
    async (_, run) => {
      const { did, broken, skipped } = await faultResult(run, SEED, run.fewRounds)
      if (skipped !== undefined) console.warn(`SKIPPED: ${run.name}: ${skipped}`)
      console.info(`${run.name}, seed ${SEED}: ${JSON.stringify(did)}`)
      expect(broken).toEqual([])
    },
  )
})
