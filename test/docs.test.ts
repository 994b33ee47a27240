import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadConfig } from '../proxy/config/load.ts'
import { writtenReadme } from './support/readme-tables.ts'

describe('README', () => {
  it('has the tables that the code says (node test/support/readme-tables.ts writes them)', async () => {
    const { is, mustBe } = await writtenReadme()
    expect(is).toBe(mustBe)
  })

  it('shows a configuration with approvals that is one', async () => {
    const { is } = await writtenReadme()
    const yaml = /<!-- approvals-example:begin -->\n```yaml\n([^]*?)```/.exec(is)?.[1]
    const folder = mkdtempSync(join(tmpdir(), 'moderato-readme-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'moderato.yaml')
    writeFileSync(file, yaml ?? '')
    expect(loadConfig(file, {}).config.policy.approvals).toHaveLength(3)
  })
})
