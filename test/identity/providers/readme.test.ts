import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../proxy/config/load.ts'
import { grantsByRoot } from '../../../proxy/identity/grants-by-root.ts'

const README = readFileSync(resolve(import.meta.dirname, '../../../README.md'), 'utf8')
const CHAPTER = README.slice(README.indexOf('\n## Who agents are\n'), README.indexOf('\n## Ways to sign\n'))

describe('README on who agents are', () => {
  it('shows a configuration that is one, and the root that it speaks of', () => {
    const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(CHAPTER) ?? []
    const { config } = parseConfig(parse(yaml), { file: 'README.md', folder: '/', environment: {} })
    expect(config.identity.providers.map(({ type }) => type)).toEqual(['oidc', 'spiffe-jwt'])
    const roots = Object.keys(grantsByRoot(config))
    expect(roots).toEqual([
      'spiffe://example.org/agent/deploy',
      'github:spiffe://example.org/ci/{repository}',
    ])
    expect(CHAPTER.replaceAll('\n', ' ')).toContain(roots[1])
  })

  it('names settings that are there, with the defaults that they have', () => {
    const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(CHAPTER) ?? []
    const { config } = parseConfig(parse(yaml), { file: 'README.md', folder: '/', environment: {} })
    const [oidc] = config.identity.providers
    expect(oidc).toMatchObject({ maxAgents: 50, staleKeys: 3_600_000, clockTolerance: 30_000 })
    expect(oidc).toMatchObject({ algorithms: ['RS256', 'ES256'] })
  })
})
