/** An agent that wants more from its tasks than people or policy gave: wider, longer, after their end, or of another's. */
import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { ALICE, approvalIn, approvals, PEOPLE } from '../support/approvers.ts'
import { assumeRole } from '../support/assume-role.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import type { Proxy } from '../support/proxy.ts'
import { startScene } from '../support/scene.ts'
import { askTasks } from '../support/tasks.ts'
import { ROLE } from '../support/workload.ts'

const FORM = { RoleSessionName: 'clean-up', DurationSeconds: '900' }
const OTHER_ROLE = 'arn:aws:iam::444455556666:role/prod-admin'
const ANYTHING = [{ classes: ['read', 'destructive'], resources: ['*'] }]

async function start(rule: object, settings: object = {}): Promise<Proxy> {
  const policy = { taskApprovals: [{ classes: ['destructive'], ...rule }] }
  return (await startScene({ settings: { admin: { people: PEOPLE }, policy, ...settings } })).proxy
}

async function approve(proxy: Proxy, message: string | undefined): Promise<void> {
  await approvals(proxy, ALICE, 'approve', approvalIn(message ?? ''))
}

const drop = (proxy: Proxy, credentials: Awaited<ReturnType<typeof assumeRole>>['credentials']) =>
  dynamodb(proxy.url, BUILDER, { credentials, maxAttempts: 1 }).send(
    new DeleteTableCommand({ TableName: 'orders' }),
  )

describe('an agent that asks for a task', () => {
  it.each([
    'arn:aws:*:*:function:prod-orders',
    'arn:*:*:*:*:prod-orders',
    'arn:aws:lambda:*:prod*',
    'arn:aws:lambda:us-east-1:123456789012:function:prod-*',
    '*',
  ])('asks people, however it writes what it wants: %s', async (resource) => {
    const proxy = await start({ resources: ['arn:aws:lambda:*:*:function:prod-*'] })
    const grants = [{ classes: ['destructive'], resources: [resource] }]
    const { status, json } = await askTasks(proxy, BUILDER, { intent: 'look', grants })
    expect({ status, message: json.message }).toEqual({
      status: 403,
      message: expect.stringContaining('One person must approve'),
    })
  })

  it('does not keep policy busy with endless grants', async () => {
    const proxy = await start({})
    const many = Array.from({ length: 500 }, (_, index) => `arn:aws:s3:::bucket-${index}`)
    for (const grants of [
      [{ classes: ['read'], resources: many }],
      Array.from({ length: 50 }, (_, index) => ({
        classes: ['read'],
        resources: [`a${index}`, `b${index}`, `c${index}`],
      })),
    ]) {
      const { status, json } = await askTasks(proxy, BUILDER, { intent: 'look', grants })
      expect({ status, message: json.message }).toMatchObject({
        status: 400,
        message: expect.stringContaining('may name at most 100 resources in all'),
      })
    }
    // A class that is said again says nothing more.
    const classes = Array.from({ length: 500 }, () => 'read')
    const said = await askTasks(proxy, BUILDER, { intent: 'look', grants: [{ classes, resources: ['*'] }] })
    expect(said).toMatchObject({
      status: 200,
      json: { task: { scopes: [{ grants: [{ classes: ['read'] }] }] } },
    })
  })

  it('is told that half a character is none, and policy is not asked', async () => {
    const proxy = await start({})
    const { status, json } = await askTasks(proxy, BUILDER, { intent: 'half \ud800' })
    expect({ status, message: json.message }).toMatchObject({
      status: 400,
      message: expect.stringContaining('intent: must be well-formed Unicode'),
    })
  })

  it('leaves on record what it asked for and was refused', async () => {
    const proxy = await start({}, { tasks: { require: ['intent', 'ticket'] } })
    await askTasks(proxy, BUILDER, { id: 'no-ticket', intent: 'look', grants: ANYTHING })
    expect(await proxy.record(({ reason }) => reason === 'policy_denied')).toMatchObject({
      agent: BUILDER.id,
      task: 'no-ticket',
      operation: 'OpenTask',
      class: 'credentials',
      facts: { task: { intent: '"look"', asked: ANYTHING } },
    })
  })
})

describe('an agent with a task that people approved', () => {
  it('takes no other role with a task within it', async () => {
    const proxy = await start({})
    await approve(proxy, (await assumeRole(proxy, BUILDER, FORM)).message)
    const { credentials } = await assumeRole(proxy, BUILDER, FORM)
    // Within the task, and as the same role, nobody is asked.
    const inner = await askTasks(proxy, credentials, { intent: 'part', grants: ANYTHING, roleArn: ROLE })
    expect(inner.status).toBe(200)
    const other = await askTasks(proxy, credentials, {
      intent: 'part',
      grants: ANYTHING,
      roleArn: OTHER_ROLE,
    })
    expect(other).toMatchObject({ status: 403, json: { message: expect.stringContaining('must approve') } })
    const assumed = await assumeRole(proxy, credentials, { ...FORM, RoleArn: OTHER_ROLE })
    expect(assumed).toMatchObject({ status: 403, message: expect.stringContaining('must approve') })
  })

  it.each([
    ['its agent', ['--agent', BUILDER.id]],
    ['its root', ['--root', BUILDER.id]],
    ['all', ['--all']],
  ])('does not carry it on after %s was revoked, not even while it asks and asks', async (_, named) => {
    const proxy = await start({}, { tasks: { rate: '1000/s', burst: 1000 } })
    await approve(proxy, (await assumeRole(proxy, BUILDER, FORM)).message)
    const first = await assumeRole(proxy, BUILDER, FORM)
    expect(first.status).toBe(200)
    const got = [first]
    let isOver = false
    const asking = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const next = await assumeRole(proxy, BUILDER, FORM)
        if (next.status === 200) got.push(next)
      }
    })
    await moderato(proxy, ['sessions', 'revoke', ...named, '--reason', 'it leaked'])
    isOver = true
    await Promise.all(asking)
    for (const { credentials } of got.slice(-20)) {
      expect((await thrownBy(drop(proxy, credentials))).message).toContain('it leaked')
    }
    expect((await assumeRole(proxy, BUILDER, FORM)).message).toContain('One person must approve')
    expect((await moderato(proxy, ['sessions', 'list'])).out).toBe('no task is open\n')
  })

  it('does not carry it on after a watcher revoked its agent', async () => {
    const watch = { detectors: { 'retry-storm': { response: 'revoke' } } }
    const agent = {
      ...BUILDER,
      grants: [{ classes: ['read', 'destructive'], resources: ['arn:aws:dynamodb:*:*:table/orders'] }],
    }
    const { proxy } = await startScene({
      agents: [agent],
      settings: {
        admin: { people: PEOPLE },
        policy: { taskApprovals: [{ classes: ['destructive'] }] },
        watch,
      },
    })
    await approve(proxy, (await assumeRole(proxy, agent, FORM)).message)
    expect((await assumeRole(proxy, agent, FORM)).status).toBe(200)
    const refusals = Array.from({ length: 6 }, () =>
      thrownBy(dynamodb(proxy.url, agent).send(new DeleteTableCommand({ TableName: 'other' }))),
    )
    await Promise.all(refusals)
    await proxy.record(({ phase }) => phase === 'drift')
    await expect
      .poll(async () => (await assumeRole(proxy, agent, FORM)).message)
      .toContain('One person must approve')
  })

  it('ends with its twins: more credentials of one session are of that session', async () => {
    const { proxy } = await startScene()
    const { json } = await askTasks(proxy, BUILDER, { id: 'clean-up', intent: 'clean up' })
    const { credentials: twin } = await assumeRole(proxy, json.credentials, FORM)
    const list = (credentials: typeof twin) =>
      dynamodb(proxy.url, BUILDER, { credentials, maxAttempts: 1 }).send(new ListTablesCommand({}))
    await list(twin)
    const { out } = await moderato(proxy, ['sessions', 'list', '--sessions', '--json'])
    const [{ session } = { session: '' }] = (JSON.parse(out) as { sessions: { session: string }[] }).sessions
    await moderato(proxy, ['sessions', 'revoke', `--session=${session}`, '--reason', 'it leaked'])
    const { expiration: _, ...first } = json.credentials
    for (const each of [first, twin]) expect((await thrownBy(list(each))).message).toContain('it leaked')
  })
})

describe('an agent that has a task', () => {
  it('does not hide it by carrying it on for a shorter time, in other words', async () => {
    const { proxy } = await startScene({ settings: { tasks: { defaultDuration: '30m' } } })
    const opened = await askTasks(proxy, BUILDER, {
      id: 'clean-up',
      intent: 'drop everything',
      ticket: 'OPS-7',
      durationSeconds: 3600,
    })
    expect((await assumeRole(proxy, opened.json.credentials, FORM)).status).toBe(200)
    const { out } = await moderato(proxy, ['sessions', 'list', '--json'])
    expect((JSON.parse(out) as { tasks: object[] }).tasks).toMatchObject([
      { task: 'clean-up', intent: '"drop everything"', ticket: '"OPS-7"', openedBy: 'static-key' },
    ])
    const [{ expiresAt } = { expiresAt: '' }] = (JSON.parse(out) as { tasks: { expiresAt: string }[] }).tasks
    expect(expiresAt).toBe(opened.json.task.expiresAt)
  })

  it.each(['a'.repeat(12_000), '..%2f', 'no-task-of-mine', '%00', '__proto__'])(
    'leaves nothing in the store by ending %.20s',
    async (name) => {
      const { proxy } = await startScene()
      const target = `/.moderato/v1/tasks/${name}`
      const { status, json } = await askTasks(proxy, BUILDER, undefined, { method: 'DELETE', target })
      if (status === 200) expect(json).toMatchObject({ task: { ended: false } })
      else expect([400, 404]).toContain(status)
      // What was never open can still be opened.
      if (name === 'no-task-of-mine')
        expect((await askTasks(proxy, BUILDER, { id: name, intent: 'look' })).status).toBe(200)
    },
  )
})
