/** Tasks that people must approve before they are opened: `policy.taskApprovals`. */
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { ALICE, approvalIn, approvals, BOB, PEOPLE } from '../support/approvers.ts'
import { dynamodb } from '../support/clients.ts'
import type { Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { startScene } from '../support/scene.ts'
import { askTasks, type TaskAnswer } from '../support/tasks.ts'
import { BOTO3, missing } from '../support/tools.ts'

const DESTROY = { classes: ['destructive'], resources: ['arn:aws:dynamodb:*:*:table/orders'] }
const CLEAN_UP = { intent: 'clean up', ticket: 'OPS-7', grants: [DESTROY], durationSeconds: 900 }

async function start(rule: object = {}): Promise<Proxy> {
  const { proxy } = await startScene({
    agents: [BUILDER, READER],
    settings: {
      admin: { people: PEOPLE },
      policy: { taskApprovals: [{ classes: ['destructive'], ...rule }] },
    },
  })
  return proxy
}

function refusedWith({ status, json }: TaskAnswer): string {
  expect({ status, code: json.code }).toEqual({ status: 403, code: 'AccessDenied' })
  return json.message ?? ''
}

describe('a task that people must approve', () => {
  it('is refused with an id, shown to people as it would be, and opened once', async () => {
    const proxy = await start()
    const words = refusedWith(await askTasks(proxy, BUILDER, CLEAN_UP))
    expect(words).toContain('One person must approve a task that may do destructive.')
    expect(words).toContain('Send exactly the same call again after people have approved it.')
    const id = approvalIn(words)
    expect(approvalIn(refusedWith(await askTasks(proxy, BUILDER, CLEAN_UP)))).toBe(id)
    const refusal = await proxy.record(({ reason }) => reason === 'approval_required')
    expect(refusal).toMatchObject({
      operation: 'OpenTask',
      decision: 'deny',
      approval: id,
      rules: ['policy.taskApprovals[0]'],
    })
    expect(words).toContain('Approval rule: policy.taskApprovals[0].')
    expect(await proxy.metric('moderato_rule_asks_total', { rule: 'policy.taskApprovals[0]' })).toBe(2)

    const facts = await approvals(proxy, ALICE, 'show', id)
    expect(facts).toMatch(/the task may +"destructive on arn:aws:dynamodb:\*:\*:table\/orders"/)
    expect(facts).toMatch(/for +15 min/)
    expect(facts).toMatch(/the agent says \(not checked\) +"clean up"/)
    expect(facts).toMatch(/and names as ticket +"OPS-7"/)
    await approvals(proxy, ALICE, 'approve', id)

    const { status, json } = await askTasks(proxy, BUILDER, CLEAN_UP)
    expect(status).toBe(200)
    const opening = await proxy.record(({ task, decision }) => task === json.task.id && decision === 'allow')
    expect(opening).toMatchObject({ operation: 'OpenTask', approval: id })
    expect(opening['policy']).toMatchObject({ rules: ['moderato.tasks.ask', 'moderato.tasks.verdict'] })
    const { expiration: _, ...credentials } = json.credentials
    const client = dynamodb(proxy.url, BUILDER, { credentials })
    await client.send(new DeleteTableCommand({ TableName: 'orders' }))
    expect(approvalIn(refusedWith(await askTasks(proxy, BUILDER, CLEAN_UP)))).not.toBe(id)
  })

  it('is approved as it was shown: wider, longer, or in other words it is another', async () => {
    const proxy = await start()
    const id = approvalIn(refusedWith(await askTasks(proxy, BUILDER, CLEAN_UP)))
    await approvals(proxy, ALICE, 'approve', id)
    const others: readonly object[] = [
      { grants: [{ ...DESTROY, resources: ['*'] }] },
      { grants: [DESTROY, { classes: ['protection'], resources: ['*'] }] },
      { grants: undefined },
      { durationSeconds: 1800 },
      { intent: 'clean up everything' },
      { ticket: 'OPS-8' },
      { justification: 'It is old.' },
      { roleArn: 'arn:aws:iam::123456789012:role/admin' },
    ]
    for (const other of others) {
      const answer = await askTasks(proxy, BUILDER, { ...CLEAN_UP, ...other })
      expect(approvalIn(refusedWith(answer))).not.toBe(id)
    }
    // Under whichever name: an agent that gives none gets a new one each time.
    expect((await askTasks(proxy, BUILDER, { ...CLEAN_UP, id: 'named' })).status).toBe(200)
  })

  it('is opened by one of those that ask at once, and by no other agent', async () => {
    const proxy = await start({ agents: [BUILDER.id, READER.id], classes: ['destructive', 'read'] })
    const look = { intent: 'look', grants: [{ classes: ['read'], resources: ['*'] }] }
    const id = approvalIn(refusedWith(await askTasks(proxy, BUILDER, look)))
    await approvals(proxy, ALICE, 'approve', id)
    expect(approvalIn(refusedWith(await askTasks(proxy, READER, look)))).not.toBe(id)
    const answers = await Promise.all(Array.from({ length: 8 }, () => askTasks(proxy, BUILDER, look)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('is not opened if a person says no, and takes two where policy wants two', async () => {
    const proxy = await start({ approvers: 2 })
    const id = approvalIn(refusedWith(await askTasks(proxy, BUILDER, CLEAN_UP)))
    await approvals(proxy, ALICE, 'approve', id)
    expect(refusedWith(await askTasks(proxy, BUILDER, CLEAN_UP))).toContain('one has approved')
    await approvals(proxy, BOB, 'deny', id, '--reason', 'Not on a Friday.')
    const words = refusedWith(await askTasks(proxy, BUILDER, CLEAN_UP))
    expect(words).toContain(`${BOB.id} refused approval ${id} and said "Not on a Friday."`)
  })

  it('needs nobody for what policy does not name, nor for a task within an approved one', async () => {
    const proxy = await start({ minDuration: '10m' })
    const reads = { intent: 'look', grants: [{ classes: ['read'], resources: ['*'] }] }
    expect((await askTasks(proxy, BUILDER, reads)).status).toBe(200)
    expect((await askTasks(proxy, BUILDER, { ...CLEAN_UP, durationSeconds: 300 })).status).toBe(200)
    const id = approvalIn(refusedWith(await askTasks(proxy, BUILDER, CLEAN_UP)))
    await approvals(proxy, ALICE, 'approve', id)
    const outer = await askTasks(proxy, BUILDER, CLEAN_UP)
    const inner = await askTasks(proxy, outer.json.credentials, { intent: 'part of it', grants: [DESTROY] })
    expect({ status: inner.status, parent: inner.json.task.parent }).toEqual({
      status: 200,
      parent: outer.json.task.id,
    })
  })

  it.skipIf(missing(BOTO3))(
    'is carried on by an SDK until what was approved ends, and no longer',
    async () => {
      const proxy = await start()
      const assume = `
role = {'RoleArn': 'arn:aws:iam::123456789012:role/cleaner', 'RoleSessionName': 'clean-up-7', 'DurationSeconds': 900}
def assumed():
    try:
        return client('sts').assume_role(**role)['Credentials']['AccessKeyId']
    except Exception as error:
        return str(error)
result = [assumed(), assumed()]`
      const [words] = (await boto3(proxy.url, assume)) as string[]
      const id = approvalIn(words ?? '')
      expect(words).toContain('(AccessDenied)')
      await approvals(proxy, ALICE, 'approve', id)
      const keys = (await boto3(proxy.url, assume)) as string[]
      expect(keys).toEqual([expect.stringMatching(/^ASIA/), expect.stringMatching(/^ASIA/)])
      const openings = proxy
        .records()
        .filter(
          ({ operation, phase, decision }) =>
            operation === 'AssumeRole' && phase === 'decision' && decision === 'allow',
        )
      expect(openings.map(({ approval }) => approval)).toEqual([id, id])
      const ends = openings.map(({ facts }) => (facts as { task: { expiresAt: string } }).task.expiresAt)
      expect(ends[1]).toBe(ends[0])
    },
  )
})

describe('policy.taskApprovals', () => {
  it('takes effect by a reload', async () => {
    const proxy = await start({ classes: ['protection'] })
    expect((await askTasks(proxy, BUILDER, CLEAN_UP)).status).toBe(200)
    const policy = { taskApprovals: [{ classes: ['destructive'] }] }
    proxy.reconfigure((config) => ({ ...config, policy }))
    await expect.poll(async () => (await askTasks(proxy, BUILDER, CLEAN_UP)).status).toBe(403)
  })
})
