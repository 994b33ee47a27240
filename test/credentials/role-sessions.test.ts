import { describe, expect, it } from 'vitest'
import type { Agent, Grant, Scope } from '../../proxy/core/agent.ts'
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import type { AssumeRole, RoleSession } from '../../proxy/credentials/assume-role.ts'
import type { RoleRules } from '../../proxy/credentials/role-rules.ts'
import { RoleSessions, type Signable } from '../../proxy/credentials/role-sessions.ts'
import { serviceActions } from '../../proxy/credentials/service-actions.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Credentials, Signer } from '../../proxy/core/ports.ts'
import { agentOf, NOW_MS } from './agents.ts'
import { iamAllows } from './iam.ts'

const ROLE = 'arn:aws:iam::111122223333:role/worker'
const EVERYTHING: readonly Grant[] = [{ classes: ['read', 'write'], resources: ['*'] }]
const actionsOf = serviceActions(loadCatalogue())

interface World {
  readonly sessions: RoleSessions
  readonly asked: RoleSession[]
  /** What STS does with the next requests; it gives credentials otherwise. */
  answer: AssumeRole | undefined
  pass(ms: number): void
}

function world(
  roles: RoleRules['roles'] = [{ roleArn: ROLE }],
  grants: readonly Grant[] | undefined = EVERYTHING,
): World {
  let nowMs = NOW_MS
  const asked: RoleSession[] = []
  const made: World = {
    asked,
    answer: undefined,
    pass: (ms) => (nowMs += ms),
    sessions: new RoleSessions({
      rules: { roles, accountId: '111122223333' },
      plain: { current: () => ({ accessKeyId: 'AKIAPLAIN', secretAccessKey: 's' }) },
      assume: async (session) => {
        asked.push(session)
        const number = asked.length
        if (made.answer !== undefined) return made.answer(session)
        return given(`ASIA${number}`, nowMs + session.durationSeconds * 1000)
      },
      grantsOf: () => grants,
      actionsOf,
      clock: { nowMs: () => nowMs },
    }),
  }
  return made
}

function given(accessKeyId: string, endsMs: number): Credentials {
  return { accessKeyId, secretAccessKey: 's', sessionToken: 't', expiration: new Date(endsMs) }
}

function failing(name: string): AssumeRole {
  return () =>
    Promise.reject(Object.assign(new Error('User: arn:aws:iam::1:user/us is not allowed'), { name }))
}

function calling(
  agent: Agent,
  action = 's3:GetObject',
  resources = ['arn:aws:s3:::b/k'],
  region = 'us-east-1',
): Signable {
  const call = { service: action.split(':')[0], actions: [action], resources, classes: ['read'] }
  return { agent, call, authorization: { scope: { region } } } as unknown as Signable
}

async function keyOf(signer: Signer | Promise<Signer>): Promise<string> {
  return (await signer).credentials.accessKeyId
}

async function refusal(work: () => Signer | Promise<Signer>): Promise<Denial> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Denial) return error
    throw error
  }
  throw new Error('it was not refused')
}

const task = (id: string, more: Parameters<typeof agentOf>[1] = {}) =>
  agentOf('spiffe://x/a', { id, ...more })

describe('what a call is signed with', () => {
  it('is a session of its task, named after it, with its agent, its ticket and its time', async () => {
    const { sessions, asked } = world([{ roleArn: ROLE, externalId: 'ext' }])
    const agent = agentOf(
      'spiffe://example.org/agent/demo',
      { id: 'fix-7', ticket: 'OPS-1', justificationHash: 'ab'.repeat(32) },
      NOW_MS + 1_200_000,
    )
    const { as, credentials } = await sessions.of(calling(agent))
    expect(as).toEqual({ role: ROLE, policy: 'task' })
    expect(credentials.accessKeyId).toBe('ASIA1')
    expect(asked).toEqual([
      {
        roleArn: ROLE,
        externalId: 'ext',
        region: 'us-east-1',
        name: 'fix-7',
        sourceIdentity: expect.stringMatching(/^spiffe---example\.org-agent-demo-[0-9a-f]{16}$/),
        durationSeconds: 1200,
        policy: expect.stringContaining('"s3:*"'),
        tags: {
          'moderato:agent': 'spiffe://example.org/agent/demo',
          'moderato:task': 'fix-7',
          'moderato:ticket': 'OPS-1',
          'moderato:justification': 'ab'.repeat(32),
        },
      },
    ])
  })

  it.each([
    ['a quarter of an hour at least', NOW_MS + 10_000, 900],
    ['an hour at most', NOW_MS + 40_000_000, 3600],
    ['the task’s time', NOW_MS + 2_000_500, 2001],
  ])('lasts %s', async (_, endsMs, seconds) => {
    const { sessions, asked } = world()
    await sessions.of(calling(agentOf('a', { id: 'tt' }, endsMs)))
    expect(asked[0]?.durationSeconds).toBe(seconds)
  })

  it('is a session of the agent where it has a static key', async () => {
    const { sessions, asked } = world()
    await sessions.of(calling(agentOf('builder')))
    expect(asked[0]).toMatchObject({
      name: 'builder',
      sourceIdentity: 'builder',
      durationSeconds: 3600,
      tags: { 'moderato:agent': 'builder' },
    })
  })

  it('is asked for once by calls at the same time, and held at once for those after them', async () => {
    const { sessions, asked } = world()
    const agent = task('t1')
    const both = await Promise.all([
      keyOf(sessions.of(calling(agent))),
      keyOf(sessions.of(calling(agent, 's3:PutObject', ['arn:aws:s3:::other']))),
    ])
    expect(both).toEqual(['ASIA1', 'ASIA1'])
    expect(sessions.of(calling(agent))).not.toBeInstanceOf(Promise)
    await sessions.of(calling(agent, 'sqs:SendMessage', ['arn:aws:sqs:us-east-1:1:q']))
    expect(asked).toHaveLength(2)
  })

  it('is never shared: by tasks, agents, tickets, scopes', async () => {
    const { sessions, asked } = world()
    const scopes: Scope[] = [{ grants: [{ classes: ['read'], resources: ['arn:aws:s3:::b/*'] }] }]
    const agents = [
      task('t1'),
      task('t2'),
      agentOf('spiffe://x/b', { id: 't1' }),
      task('t1', { ticket: 'OPS-1' }),
      task('t1', { justificationHash: 'cd' }),
      task('t1', { scopes }),
      agentOf('spiffe://x/a'),
    ]
    const keys = await Promise.all(agents.map((each) => keyOf(sessions.of(calling(each)))))
    expect(new Set(keys).size).toBe(agents.length)
    const again = await Promise.all(agents.map((each) => keyOf(sessions.of(calling(each)))))
    expect(again).toEqual(keys)
    expect(asked).toHaveLength(agents.length)
  })

  it('is fetched anew before it ends, and while that fails kept as long as it is good', async () => {
    const made = world()
    const agent = task('t1')
    await made.sessions.of(calling(agent))
    made.pass(56 * 60_000)
    made.answer = failing('InternalFailure')
    expect(await keyOf(made.sessions.of(calling(agent)))).toBe('ASIA1')
    await made.sessions.of(calling(agent))
    expect(made.asked).toHaveLength(2)
    made.pass(5 * 60_000)
    expect(await refusal(() => made.sessions.of(calling(agent)))).toMatchObject({
      reason: 'upstream_credentials',
    })
    made.answer = undefined
    made.pass(30_000)
    expect(await keyOf(made.sessions.of(calling(agent)))).toBe('ASIA4')
    expect(made.asked.at(-1)?.durationSeconds).toBe(900)
  })

  it('is forgotten when its task is over', async () => {
    const { sessions, asked } = world()
    for (const id of ['t1', 't2']) await sessions.of(calling(task(id)))
    sessions.drop((session) => session.task.id === 't1')
    expect(sessions.of(calling(task('t2')))).not.toBeInstanceOf(Promise)
    await sessions.of(calling(task('t1')))
    expect(asked.map(({ name }) => name)).toEqual(['t1', 't2', 't1'])
  })

  it('is bounded in number for an agent, whatever it asks for', async () => {
    const { sessions, asked } = world([{ roleArn: ROLE }], [])
    const get = (name: string) => sessions.of(calling(task('t1'), 's3:GetObject', [`arn:aws:s3:::b/${name}`]))
    for (let i = 0; i < 300; i++) await get(String(i))
    await get('299')
    expect(asked).toHaveLength(300)
    await get('0')
    expect(asked).toHaveLength(301)
  })
})

describe('the policy that a session has', () => {
  it('is made for the call where its task’s does not let it through', async () => {
    const { sessions, asked } = world(
      [{ roleArn: ROLE }],
      [{ classes: ['read'], resources: ['arn:aws:s3:::own/*'] }],
    )
    const { as } = await sessions.of(calling(task('t1'), 's3:PutObject', ['arn:aws:s3:::own/k']))
    expect(as).toEqual({ role: ROLE, policy: 'call' })
    const policy = asked[0]?.policy ?? ''
    expect(iamAllows(policy, 's3:PutObject', 'arn:aws:s3:::own/k')).toBe(true)
    expect(iamAllows(policy, 's3:PutObject', 'arn:aws:s3:::own/other')).toBe(false)
    expect(iamAllows(policy, 's3:GetObject', 'arn:aws:s3:::own/k')).toBe(false)
  })

  it('is made for a call that issues credentials, alone', async () => {
    const { sessions, asked } = world()
    const signable = calling(task('t1'), 'ecr:GetAuthorizationToken', ['*'])
    const issuing = { ...signable, call: { ...signable.call, classes: ['credentials' as const] } }
    expect((await sessions.of(issuing)).as).toEqual({ role: ROLE, policy: 'call' })
    expect(iamAllows(asked[0]?.policy ?? '', 'ecr:GetAuthorizationToken', '*')).toBe(true)
    expect(iamAllows(asked[0]?.policy ?? '', 'ecr:DescribeRepositories', '*')).toBe(false)
  })

  it('is a narrower one where STS takes the task’s for too large, and is asked for that once', async () => {
    const made = world()
    made.answer = (session) =>
      session.policy.includes('"s3:*"')
        ? failing('PackedPolicyTooLargeException')(session)
        : Promise.resolve(given('ASIANARROW', NOW_MS + 3_600_000))
    const agent = task('t1')
    const { as, credentials } = await made.sessions.of(calling(agent))
    expect(as).toEqual({ role: ROLE, policy: 'call' })
    expect(credentials.accessKeyId).toBe('ASIANARROW')
    expect(iamAllows(made.asked[1]?.policy ?? '', 's3:GetObject', 'arn:aws:s3:::b/k')).toBe(true)
    expect(iamAllows(made.asked[1]?.policy ?? '', 's3:GetObject', 'arn:aws:s3:::b/other')).toBe(false)
    expect(made.sessions.of(calling(agent))).toMatchObject({ as })
    await made.sessions.of(calling(agent, 's3:PutObject'))
    expect(made.asked).toHaveLength(3)
  })

  it('refuses what fits into none', async () => {
    const made = world()
    made.answer = failing('PackedPolicyTooLargeException')
    const denial = await refusal(() => made.sessions.of(calling(task('t1'))))
    expect(denial).toMatchObject({ reason: 'upstream_credentials' })
    expect(denial.message).toContain('name fewer things at once')
    const unknown = calling(task('t1'))
    const nameless = { ...unknown, call: { ...unknown.call, actions: [] } }
    expect((await refusal(() => made.sessions.of(nameless))).message).toContain('IAM action is not known')
  })
})

describe('a role that cannot be assumed', () => {
  it('refuses the call, in words that name nothing of ours but the role', async () => {
    const made = world()
    made.answer = failing('AccessDenied')
    const denial = await refusal(() => made.sessions.of(calling(task('t1'))))
    expect(denial).toMatchObject({
      reason: 'upstream_credentials',
      message: `${ROLE} could not be assumed: AccessDenied.`,
    })
  })

  it('is left alone for a while, by that agent only, and by none of its calls', async () => {
    const made = world()
    made.answer = failing('AccessDenied')
    await refusal(() => made.sessions.of(calling(task('t1'))))
    const denials = await Promise.all(
      ['t1', 't2', 't3'].map((id) =>
        refusal(() => made.sessions.of(calling(task(id), 'sqs:SendMessage', ['*']))),
      ),
    )
    expect(denials.map(({ retryAfterMs }) => retryAfterMs)).toEqual([1000, 1000, 1000])
    expect(made.asked).toHaveLength(1)
    made.answer = undefined
    expect(await keyOf(made.sessions.of(calling(agentOf('other'))))).toBe('ASIA2')
    made.pass(1000)
    expect(await keyOf(made.sessions.of(calling(task('t1'))))).toBe('ASIA3')
  })

  it('is not asked for in another partition', async () => {
    const chinese = ROLE.replace('arn:aws:', 'arn:aws-cn:')
    const { sessions, asked } = world([{ roleArn: chinese }])
    const table = ['arn:aws-cn:dynamodb:cn-north-1:111122223333:table/t']
    await sessions.of(calling(task('t1'), 'dynamodb:GetItem', table, 'cn-north-1'))
    expect(asked).toMatchObject([{ roleArn: chinese, region: 'cn-north-1' }])
    const denial = await refusal(() => sessions.of(calling(task('t2'))))
    expect(denial.message).toBe(`${chinese} is of partition aws-cn, the call of aws.`)
  })

  it('is never replaced by plain credentials; those need a rule, or no rule at all', async () => {
    const { sessions, asked } = world([
      { agents: ['a'], roleArn: ROLE },
      { agents: ['b'], accounts: ['111122223333'], plain: true },
    ])
    expect(await sessions.of(calling(agentOf('b')))).toMatchObject({ as: 'plain' })
    expect((await refusal(() => sessions.of(calling(agentOf('c'))))).reason).toBe('upstream_credentials')
    expect(await world([]).sessions.of(calling(agentOf('c')))).toMatchObject({ as: 'plain' })
    expect(asked).toEqual([])
  })
})

describe('a session of one use', () => {
  it('is asked for each time, for its agent and with exactly its policy', async () => {
    const { sessions, asked } = world()
    await sessions.once(task('t1'), 'eu-west-1', 'POLICY')
    await sessions.once(task('t1'), 'eu-west-1', 'POLICY')
    expect(asked).toHaveLength(2)
    expect(asked[1]).toMatchObject({
      policy: 'POLICY',
      durationSeconds: 900,
      name: 't1',
      region: 'eu-west-1',
    })
  })

  it('is refused as any other', async () => {
    const made = world()
    made.answer = failing('AccessDenied')
    await expect(made.sessions.once(task('t1'), 'eu-west-1', 'POLICY')).rejects.toMatchObject({
      reason: 'upstream_credentials',
    })
    await expect(
      world([{ agents: ['b'], roleArn: ROLE }]).sessions.once(task('t1'), 'r', 'P'),
    ).rejects.toMatchObject({
      reason: 'upstream_credentials',
    })
  })
})
