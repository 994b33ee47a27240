import { describe, expect, it } from 'vitest'
import type { Agent } from '../../proxy/core/agent.ts'
import { accountOf, chosen, isPlain, type RoleRules } from '../../proxy/credentials/role-rules.ts'
import { agentOf } from './agents.ts'

const OWN = '111122223333'
const OTHER = '444455556666'
const role = (name: string, account = OWN) => `arn:aws:iam::${account}:role/${name}`

const rules = (...roles: RoleRules['roles']): RoleRules => ({ roles, accountId: OWN })

function refused(agent: Agent, given: RoleRules): unknown {
  try {
    return chosen(agent, given)
  } catch (error) {
    return error
  }
}

describe('the rules of upstream roles', () => {
  const ordered = rules(
    { agents: ['spiffe://a/*'], roleArns: [role('deploy*')], roleArn: role('deployer'), externalId: 'x-1' },
    { agents: ['spiffe://a/*'], accounts: [OTHER], roleArn: role('guest', OTHER) },
    { agents: ['spiffe://a/*'], roleArn: role('any') },
    { accounts: [OWN], plain: true },
  )

  it.each([
    ['spiffe://a/one', role('deploy-prod'), { roleArn: role('deployer'), externalId: 'x-1' }],
    ['spiffe://a/one', role('other', OTHER), { roleArn: role('guest', OTHER), externalId: undefined }],
    ['spiffe://a/one', undefined, { roleArn: role('any'), externalId: undefined }],
    ['spiffe://b/one', undefined, 'plain'],
    ['spiffe://b/one', role('deploy-prod'), 'plain'],
  ])('pick the first that fits: %s, %s', (id, named, expected) => {
    expect(chosen(agentOf(id, { roleArn: named }), ordered)).toEqual(expected)
  })

  it('refuse what none fits, and never fall back to plain credentials', () => {
    const agent = agentOf('spiffe://b/one', { roleArn: role('x', OTHER) })
    expect(refused(agent, ordered)).toMatchObject({
      reason: 'upstream_credentials',
      message: `No rule of upstream.roles fits: its task named ${role('x', OTHER)}, in account ${OTHER}.`,
    })
    expect(isPlain(agent, ordered)).toBe(false)
  })

  it('need a name for what they ask a name of', () => {
    const named = rules({ roleArns: ['*'], roleArn: role('r') })
    expect(refused(agentOf('a'), named)).toMatchObject({ reason: 'upstream_credentials' })
    const inAccount = { ...rules({ accounts: [OWN], roleArn: role('r') }), accountId: undefined }
    expect(refused(agentOf('a'), inAccount)).toMatchObject({ reason: 'upstream_credentials' })
  })

  it('are not needed while there are none', () => {
    expect(chosen(agentOf('a', { roleArn: role('x', OTHER) }), rules())).toBe('plain')
    expect(isPlain(agentOf('a'), rules())).toBe(true)
  })

  it('say in which account a call is made: that of the role that is assumed', () => {
    const across = rules({ agents: ['a'], roleArn: role('guest', OTHER) }, { accounts: [OWN], plain: true })
    expect(accountOf(agentOf('a'), across)).toBe(OTHER)
    expect(accountOf(agentOf('a', { roleArn: role('x') }), across)).toBe(OTHER)
    expect(accountOf(agentOf('b'), across)).toBe(OWN)
    expect(accountOf(agentOf('b', { roleArn: role('x', OTHER) }), across)).toBe(OTHER)
    expect(accountOf(agentOf('b', { roleArn: role('x', OTHER) }), rules())).toBe(OWN)
  })
})
