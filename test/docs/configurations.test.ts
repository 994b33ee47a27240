/** Every YAML block in README and docs/ is a configuration that loads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import { whatHurts } from '../../proxy/config/checks/hurts.ts'
import { loadConfig } from '../../proxy/config/load.ts'
import type { LoadedConfig } from '../../proxy/config/loaded.ts'
import { USER_PAGES } from '../support/docs.ts'
import { chapterBlocks, codeBlocks } from '../support/markdown.ts'

/** Whoever copies an example replaces this: a secret may not be so short. */
const PLACEHOLDER = '"..."'
const SECRET = '"a-secret-with-more-than-32-characters"'

function loaded(yaml: string): LoadedConfig {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-docs-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'moderato.yaml')
  writeFileSync(file, yaml.replaceAll(PLACEHOLDER, SECRET))
  return loadConfig(file, {})
}

const blocks = USER_PAGES.flatMap((file) => codeBlocks(file, 'yaml').map((yaml) => ({ file, yaml })))

describe('the configurations in the docs', () => {
  it.each(blocks.map(({ file, yaml }, index) => ({ file, yaml, index })))(
    '$file: block $index loads',
    ({ yaml }) => {
      const { config, sources } = loaded(yaml)
      expect(sources.size).toBeGreaterThan(0)
      expect(whatHurts(config, loadCatalogue()).problems).toEqual([])
    },
  )

  it('are complete where a reader starts: agents with grants, and a state folder', () => {
    const complete = blocks.filter(({ yaml }) => yaml.includes('stateDir:') && yaml.includes('agents:'))
    expect(complete.map(({ file }) => file)).toEqual([
      'README.md',
      'README.md',
      'README.md',
      'docs/approvals.md',
      'docs/freeze-and-breakglass.md',
      'docs/private-services.md',
    ])
    for (const { yaml } of complete) {
      const { agents } = loaded(yaml).config
      expect(agents.flatMap(({ grants }) => grants).length).toBeGreaterThan(0)
    }
  })

  it('would not load with a misspelt setting', () => {
    const [first] = blocks
    expect(() => loaded(`${first?.yaml}pacings: {}\n`)).toThrow(/pacings/)
  })

  it('shows a configuration with approvals that is one', () => {
    const [yaml = ''] = chapterBlocks('docs/approvals.md', '## First steps', 'yaml')
    expect(loaded(yaml).config.policy.approvals).toHaveLength(3)
  })
})
