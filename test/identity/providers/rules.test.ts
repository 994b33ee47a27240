import { describe, expect, it } from 'vitest'
import { agentRules, type Claims, type MappingRule } from '../../../proxy/identity/providers/rules.ts'
import { VirtualTime } from '../../../proxy/core/virtual-time.ts'
import { reasonOr } from './providers.ts'

const DAY_MS = 24 * 60 * 60_000
const TEMPLATE = 'spiffe://example.org/ci/{repository}'

function mapping(rules: readonly MappingRule[], maxAgents = 50) {
  const time = new VirtualTime()
  const named = new Set(['spiffe://example.org/ci/known', 'one', 'two'])
  const agentOf = agentRules({ provider: 'ci', rules, named, maxAgents, clock: time })
  const outcome = (claims: Claims) => reasonOr(async () => agentOf(claims).agentId)
  return { time, agentOf, outcome }
}

describe('rules', () => {
  it('the first that matches in every claim decides', async () => {
    const { outcome } = mapping([
      { match: { repository: ['example/*'], ref: ['refs/heads/main', 'refs/tags/*'] }, agent: 'one' },
      { match: { repository: ['example/*'] }, agent: 'two' },
    ])
    expect(await outcome({ repository: 'example/app', ref: 'refs/tags/v1' })).toBe('one')
    expect(await outcome({ repository: 'example/app', ref: 'refs/heads/x' })).toBe('two')
    expect(await outcome({ repository: 'example/app' })).toBe('two')
    expect(await outcome({ repository: 'other/app', ref: 'refs/heads/main' })).toBe('identity_unmapped')
    expect(await outcome({ repository: ['other/app', 'example/app'] })).toBe('two')
    expect(await outcome({})).toBe('identity_unmapped')
  })

  it('reads inner claims by a pointer, and never what objects inherit', async () => {
    const { outcome } = mapping([
      { match: { '/kubernetes.io/pod~1x': ['*'], '/kubernetes.io/namespace': ['tools'] }, agent: 'one' },
      { match: { constructor: ['*'] }, agent: 'two' },
      { match: { '/sub/length': ['*'] }, agent: 'two' },
    ])
    expect(await outcome({ 'kubernetes.io': { namespace: 'tools', 'pod/x': true } })).toBe('one')
    expect(await outcome({ 'kubernetes.io': { namespace: 'other', 'pod/x': true } })).toBe(
      'identity_unmapped',
    )
    expect(await outcome({ sub: 'x' })).toBe('identity_unmapped')
  })
})

describe('a template', () => {
  it('names an agent by a claim; its root is what all of them share', () => {
    const { agentOf } = mapping([{ match: { repository: ['*'] }, agent: TEMPLATE }])
    expect(agentOf({ repository: 'example/app' })).toEqual({
      agentId: 'spiffe://example.org/ci/example/app',
      root: `ci:${TEMPLATE}`,
    })
  })

  it.each([
    ['what could be read as another path', '../admin'],
    ['a dot segment', 'a/./b'],
    ['an empty segment', 'a//b'],
    ['a slash at the end', 'a/'],
    ['nothing', ''],
    ['a blank', 'a b'],
    ['a placeholder of its own', '{sub}'],
    ['percent-encoding', 'a%2fb'],
    ['a line end', 'a\n'],
    ['a list of several', ['a', 'b']],
    ['an object', { a: 'b' }],
    ['an agent of the configuration, which has grants of its own', 'known'],
    ['over 256 characters', 'a'.repeat(240)],
  ])('makes no agent of %s', async (_what, repository) => {
    const { outcome } = mapping([{ match: { sub: ['*'] }, agent: TEMPLATE }])
    expect(await outcome({ sub: 'x', repository })).toBe('identity_unmapped')
  })

  it.each([
    ['a slash', 'ci/{path}/{ref}', ['group/a', 'b/main'], ['group/a/b', 'main'], 'ci/group%2Fa/b%2Fmain'],
    ['a hyphen', '{path}-{ref}', ['a-b', 'c'], ['a', 'b-c'], 'a%2Db-c'],
    ['a dot and more', '{path}/of.{ref}', ['a/of.b', 'c'], ['a', 'b/of.c'], 'a%2Fof%2Eb/of.c'],
  ])('of two claims keeps %s between them apart from one in a claim', async (_what, agent, one, two, id) => {
    const { outcome } = mapping([{ match: { path: ['*'] }, agent }])
    const [first, second] = [one, two].map(([path, ref]) => outcome({ path, ref }))
    expect(await first).toBe(id)
    expect(await second).not.toBe(id)
  })

  it('of several claims makes one id of one set of values alone', async () => {
    const texts = ['a', 'b', 'a/b', 'b/a', 'a-b', 'a.b', 'a_b', 'x/y-z', 'ref', 'a/ref/b', 'b-ref.a']
    for (const agent of [
      '{p}/{q}',
      '{p}-{q}',
      '{p}/ref/{q}',
      'a/{p}.{q}/b',
      '{p}_{q}-{r}',
      '{p}/a-{q}/b.{r}',
    ]) {
      const { outcome } = mapping([{ match: { p: ['*'] }, agent }], Infinity)
      const sets = texts.flatMap((p) =>
        texts.flatMap((q) => (agent.includes('{r}') ? texts : ['']).map((r) => ({ p, q, r }))),
      )
      const ids = await Promise.all(sets.map(outcome))
      expect(new Set(ids).size).toBe(sets.length)
    }
  })

  it('makes a bounded number of agents, which are forgotten a day after their last use', async () => {
    const { outcome, time } = mapping([{ match: { sub: ['*'] }, agent: 'a/{sub}' }], 3)
    for (const sub of ['x', 'y', 'z', 'x']) expect(await outcome({ sub })).toBe(`a/${sub}`)
    expect(await outcome({ sub: 'w' })).toBe('identity_unmapped')
    await time.advance(DAY_MS - 1)
    expect(await outcome({ sub: 'w' })).toBe('identity_unmapped')
    expect(await outcome({ sub: 'x' })).toBe('a/x')
    await time.advance(1)
    expect(await outcome({ sub: 'w' })).toBe('a/w')
    expect(await outcome({ sub: 'x' })).toBe('a/x')
  })
})
