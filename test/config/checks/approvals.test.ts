import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../proxy/config/load.ts'
import { ConfigError } from '../../../proxy/config/loaded.ts'

const PEOPLE = ['alice', 'bob'].map((id, index) => ({ id, tokenSha256: String(index).repeat(64) }))

function load(given: object, environment: Record<string, string> = {}) {
  return parseConfig(given, { file: 'moderato.yaml', folder: '/etc/moderato', environment }).config
}

function findings(given: object, environment: Record<string, string> = {}): string[] {
  try {
    load(given, environment)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.findings.map(({ path }) => path)
  }
}

const rule = (change: object = {}) => ({ policy: { approvals: [{ classes: ['destructive'], ...change }] } })

describe('the configuration of approvals', () => {
  it('fills in what a rule leaves out', () => {
    expect(load({ ...rule(), admin: { people: PEOPLE } }).policy.approvals).toEqual([
      { classes: ['destructive'], resources: ['*'], agents: ['*'], traits: [], approvers: 1, minCount: 1 },
    ])
    expect(load({}).approvals).toEqual({
      expire: 3_600_000,
      pendingPerAgent: 20,
      maxUses: 10,
      hold: false,
    })
  })

  it.each([
    ['no class', { classes: [] }],
    ['a class that there is not', { classes: ['destroy'] }],
    ['the class unknown, which nobody can approve', { classes: ['unknown'] }],
    ['three approvers', { approvers: 3 }],
    ['no approver', { approvers: 0 }],
    ['a member that there is not', { approver: 1 }],
    ['no resource', { resources: [] }],
  ])('refuses a rule with %s', (_, change) => {
    expect(findings({ ...rule(change), admin: { people: PEOPLE } })[0]).toMatch(/^policy\.approvals\.0/)
  })

  it('refuses rules that nobody, or not as many as they ask for, could answer', () => {
    expect(findings(rule())).toEqual(['admin.people'])
    expect(findings({ ...rule({ approvers: 2 }), admin: { people: PEOPLE.slice(0, 1) } })).toEqual([
      'admin.people',
    ])
    expect(findings({ ...rule({ approvers: 2 }), admin: { people: PEOPLE } })).toEqual([])
  })

  it('takes rules for tasks as it takes those for calls', () => {
    const policy = { taskApprovals: [{ classes: ['permissions'], approvers: 2, minDuration: '30m' }] }
    const { taskApprovals } = load({ policy, admin: { people: PEOPLE } }).policy
    expect(taskApprovals).toEqual([
      { classes: ['permissions'], resources: ['*'], agents: ['*'], approvers: 2, minDuration: 1_800_000 },
    ])
    expect(findings({ policy, admin: { people: PEOPLE.slice(0, 1) } })).toEqual(['admin.people'])
    const traits = { taskApprovals: [{ classes: ['permissions'], traits: ['irreversible'] }] }
    expect(findings({ policy: traits, admin: { people: PEOPLE } })).toEqual(['policy.taskApprovals.0.traits'])
  })

  it('refuses an owner who is not among the people', () => {
    const agent = { id: 'a', accessKeyId: 'AKIDA', secretAccessKey: 'a-secret-with-more-than-32-characters' }
    const owned = (owner: string) => ({ admin: { people: PEOPLE }, agents: [{ ...agent, owner }] })
    expect(findings(owned('alice'))).toEqual([])
    expect(findings(owned('Alice'))).toEqual(['agents.0.owner'])
  })

  it.each([
    ['https://hooks.slack.example/T/B', true],
    ['http://127.0.0.1:9000/hook', true],
    ['http://hooks.example/hook', false],
    ['http://169.254.169.254/', false],
    ['file:///etc/passwd', false],
    ['hooks.example', false],
  ])('posts to %s: %s', (url, accepted) => {
    const found = findings({ approvals: { webhook: { url, secretFile: 's' } } })
    expect(found).toEqual(accepted ? [] : ['approvals.webhook.url'])
  })

  it('finds secrets beside the file', () => {
    const { webhook, callback } = load({
      approvals: {
        webhook: { url: 'https://h.example', secretFile: 'out' },
        callback: { secretFile: '/in' },
      },
    }).approvals
    expect([webhook?.secretFile, callback?.secretFile]).toEqual(['/etc/moderato/out', '/in'])
  })

  it('S7: is not loosened from the environment', () => {
    expect(findings({}, { MODERATO_POLICY_APPROVALS: '[]' })).toEqual(['policy.approvals'])
    expect(findings({}, { MODERATO_POLICY_TASK_APPROVALS: '[]' })).toEqual(['policy.taskApprovals'])
    expect(findings({}, { MODERATO_APPROVALS_EXPIRE: '7d' })).toEqual(['approvals.expire'])
    expect(findings({}, { MODERATO_APPROVALS_CALLBACK_SECRET_FILE: '/tmp/s' })).toEqual([
      'approvals.callback.secretFile',
    ])
    expect(load({}, { MODERATO_APPROVALS_HOLD: 'true' }).approvals.hold).toBe(true)
  })
})
