import { describe, expect, it } from 'vitest'
import { configDiff, isReloaded } from '../../proxy/config/diff.ts'
import { parseConfig } from '../../proxy/config/load.ts'
import { settings } from '../support/docs-tables.ts'

const AGENT = {
  id: 'spiffe://example.org/agent/a',
  accessKeyId: 'AKIDA',
  secretAccessKey: 'a-secret-with-more-than-32-characters',
  grants: [{ classes: ['read'], resources: ['*'] }],
}

const config = (given: object) =>
  parseConfig(given, { file: 'moderato.yaml', folder: '/etc/moderato', environment: {} }).config
const diff = (before: object, after: object) => configDiff(config(before), config(after))

describe('configDiff', () => {
  it('is empty where the same is said in other words', () => {
    expect(diff({}, { drain: '30s', policy: { mode: 'enforce' } })).toEqual([])
  })

  it('names each setting that differs, with both values', () => {
    expect(diff({ drain: '10s' }, { policy: { mode: 'observe' } })).toEqual([
      { path: 'policy.mode', before: 'enforce', after: 'observe' },
      { path: 'drain', before: 10_000, after: 30_000 },
    ])
  })

  it('names entries of a list by id, not by place, and never shows a secret', () => {
    const other = { ...AGENT, id: 'spiffe://example.org/agent/b', accessKeyId: 'AKIDB' }
    const changed = { ...AGENT, grants: [], secretAccessKey: 'another-secret-of-more-than-32-characters' }
    const changes = diff({ agents: [AGENT] }, { agents: [other, changed] })
    expect(changes.map(({ path }) => path)).toEqual([
      'agents[spiffe://example.org/agent/a].secretAccessKey',
      'agents[spiffe://example.org/agent/a].grants',
      'agents[spiffe://example.org/agent/b]',
    ])
    expect(JSON.stringify(changes)).not.toMatch(/secret-/)
    expect(changes[2]).toMatchObject({ before: undefined, after: { id: other.id, secretAccessKey: '***' } })
  })

  it('shows a token of a person that is another as masked on both sides', () => {
    const people = (tokenSha256: string) => ({ admin: { people: [{ id: 'alice', tokenSha256 }] } })
    expect(diff(people('ab'.repeat(32)), people('cd'.repeat(32)))).toEqual([
      { path: 'admin.people[alice].tokenSha256', before: '***', after: '***' },
    ])
  })

  it('sees an order that changed: of overrides the later wins', () => {
    const one = { operation: 's3:PutObject', classes: ['write'] }
    const two = { operation: 's3:*', classes: ['destructive'] }
    const overrides = (...list: object[]) => ({ catalogue: { overrides: list } })
    expect(diff(overrides(one, two), overrides(two, one))).toHaveLength(1)
    const windows = (...names: string[]) => ({
      freeze: { windows: names.map((name) => ({ name, from: '01:00', to: '02:00', timeZone: 'UTC' })) },
    })
    expect(diff(windows('a', 'b'), windows('b', 'a'))).toEqual([
      { path: 'freeze.windows', before: ['a', 'b'], after: ['b', 'a'] },
    ])
  })
})

describe('isReloaded', () => {
  it('is true of what only calls are judged by, and of nothing that is opened once', () => {
    const fixed = settings()
      .map(([path]) => path)
      .filter((path) => !isReloaded(path))
    expect([...new Set(fixed.map((path) => path.split('.').slice(0, 2).join('.')))]).toEqual(
      expect.arrayContaining(['listen.agents', 'listen.tls', 'admin.token', 'stateDir', 'upstream.endpoint']),
    )
    for (const path of [
      'agents',
      'agents[a].grants',
      'policy.bundle',
      'limits.held',
      'admin.people[alice]',
      'freeze.windows',
    ])
      expect(isReloaded(path), path).toBe(true)
    for (const path of ['agentsX', 'admin.peopleX', 'limits.heldX', 'listen.admin', 'a.policy'])
      expect(isReloaded(path), path).toBe(false)
  })
})
