import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const MODULE = join(import.meta.dirname, '../../proxy/cli/short-lived.ts')

/** What V8 says of the places at which it learned that objects live long, where all of them do. */
function learned(before: string): string[] {
  const script = `import { expectShortLives } from ${JSON.stringify(MODULE)}
    ${before}
    const kept = []
    for (let each = 0; each < 300_000; each += 1) kept.push({ each, list: [each] })`
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--trace-pretenuring-statistics', '--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  )
  expect(status).toBe(0)
  return stdout.split('\n').filter((line) => line.includes('AllocationSite'))
}

describe('expectShortLives', () => {
  it('keeps V8 from making objects old from birth, as it does otherwise', () => {
    expect(learned('')).not.toEqual([])
    expect(learned('expectShortLives()')).toEqual([])
  })
})
