import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { missing, MOTO } from '../support/tools.ts'

const SCRIPT = join(import.meta.dirname, 'clients.ts')

describe.skipIf(missing(MOTO))('npm run clients', () => {
  it('finds that the SDK for JavaScript does through Moderato what it does straight', async () => {
    const name = 'AWS SDK for JavaScript v3'
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, '--only', name])
    const [, done, of] =
      new RegExp(`\\| ${name} \\| [\\d.]+ \\| (\\d+) of (\\d+) \\|  \\|`).exec(stdout) ?? []
    expect(done).toBe(of)
    expect(Number(of)).toBeGreaterThan(12)
  })
})
