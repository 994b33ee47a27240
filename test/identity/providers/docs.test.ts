import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../proxy/config/load.ts'
import { grantsByRoot } from '../../../proxy/identity/grants-by-root.ts'
import { chapterBlocks, ROOT } from '../../support/markdown.ts'

const FILE = 'docs/identity.md'
const PAGE = readFileSync(join(ROOT, FILE), 'utf8')
const [YAML = ''] = chapterBlocks(FILE, '## First steps', 'yaml')

describe('docs/identity.md', () => {
  it('shows a configuration that is one, and the root that it speaks of', () => {
    const { config } = parseConfig(parse(YAML), { file: FILE, folder: '/', environment: {} })
    expect(config.identity.providers.map(({ type }) => type)).toEqual(['oidc', 'spiffe-jwt'])
    const roots = Object.keys(grantsByRoot(config))
    expect(roots).toEqual([
      'spiffe://example.org/agent/deploy',
      'github:spiffe://example.org/ci/{repository}',
    ])
    expect(PAGE.replaceAll('\n', ' ')).toContain(roots[1])
  })

  it('names settings that are there, with the defaults that they have', () => {
    const { config } = parseConfig(parse(YAML), { file: FILE, folder: '/', environment: {} })
    const [oidc] = config.identity.providers
    expect(oidc).toMatchObject({ maxAgents: 50, staleKeys: 3_600_000, clockTolerance: 30_000 })
    expect(oidc).toMatchObject({ algorithms: ['RS256', 'ES256'] })
  })
})
