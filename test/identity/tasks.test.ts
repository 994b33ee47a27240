import { describe, expect, it } from 'vitest'
import { loadPolicy } from '../../policy/bundle.ts'
import type { Session } from '../../proxy/core/agent.ts'
import { NOTHING_ASKED } from '../../proxy/agent-api/task-request.ts'
import type { TaskRequest, Opener } from '../../proxy/exchange/task-opening.ts'
import { sealingKey } from '../../proxy/identity/sealed-token.ts'
import { Sessions } from '../../proxy/identity/sessions.ts'
import { Tasks } from '../../proxy/identity/tasks.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openRevocations } from './open-revocations.ts'

const AGENT = 'spiffe://example.org/agent/a'
const grants = [{ classes: ['read', 'write', 'destructive'], resources: ['*'] }]
const policy = await loadPolicy({
  data: { agents: { [AGENT]: { grants } }, tasks: { maxSeconds: 3_600, require: [], approvals: [] } },
})

async function scene() {
  const clock = new VirtualTime()
  const { ledger, revocations } = await openRevocations(clock)
  const key = sealingKey('k', Buffer.alloc(32, 1))
  const sessions = new Sessions({ keys: () => ({ current: key, ids: [key.id], find: () => key }), clock })
  const tasks = new Tasks({ policy: () => policy, sessions, revocations, ledger, clock, defaultSeconds: 900 })
  const open = async (given: Partial<TaskRequest>, parent?: Session): Promise<Session> => {
    const opener: Opener = { agentId: AGENT, root: AGENT, by: 'test', parent }
    const opening = tasks.judge(opener, { ...NOTHING_ASKED, intent: 'i', mayContinue: true, ...given })
    await tasks.open(opening)
    return opening.session
  }
  return { clock, tasks, revocations, open }
}

const STATIC = { id: AGENT, root: AGENT, accessKeyId: 'AKID', session: undefined }
const READS: TaskRequest['grants'] = [{ classes: ['read'], resources: ['*'] }]
const WIDER: TaskRequest['grants'] = [{ classes: ['read', 'destructive'], resources: ['*'] }]

describe('Tasks', () => {
  it('narrows each task by all that it was opened from, and never lets it last longer', async () => {
    const { open } = await scene()
    const outer = await open({ id: 'outer', grants: READS, durationSeconds: 600 })
    const inner = await open({ id: 'inner', grants: WIDER }, outer)
    expect(inner.task.scopes[0]).toEqual({ grants: [{ classes: ['read'], resources: ['*'] }] })
    expect(inner.task.scopes).toHaveLength(2)
    expect(inner.task.ancestors).toEqual(['outer'])
    expect(inner.expiresAtMs).toBe(outer.expiresAtMs)
  })

  it('ends a session that carried on its own task with the task that this was opened from', async () => {
    const { open, tasks, revocations } = await scene()
    const outer = await open({ id: 'outer' })
    const inner = await open({ id: 'inner' }, outer)
    // As a session does that assumes a role under the name of its own task.
    const again = await open({ id: 'inner' }, inner)
    expect(again.task.ancestors).toEqual(['outer'])
    await tasks.end(STATIC, 'outer', { cause: 'ended', by: AGENT, reason: 'done' })
    for (const each of [outer, inner, again]) expect(revocations.of(each)).toBeDefined()
  })

  it('lets no session take the name of another open task, whose approvals and pace go by its name', async () => {
    const { open } = await scene()
    const one = await open({ id: 'one' })
    const inner = await open({ id: 'inner' }, one)
    await open({ id: 'other' })
    for (const [parent, id] of [
      [one, 'other'],
      [inner, 'one'],
      [inner, 'other'],
    ] as const) {
      await expect(open({ id }, parent)).rejects.toMatchObject({ reason: 'policy_denied' })
    }
  })

  it('carries a task on for its agent, who proves anew who it is, where SDKs do so', async () => {
    const { open, clock } = await scene()
    const first = await open({ id: 't' })
    await clock.advance(1_000)
    const second = await open({ id: 't' })
    expect(second.expiresAtMs).toBe(first.expiresAtMs + 1_000)
    await expect(open({ id: 't', mayContinue: false })).rejects.toMatchObject({ reason: 'policy_denied' })
  })

  it('opens no task under a name that was ended', async () => {
    const { open, tasks } = await scene()
    await open({ id: 't' })
    await tasks.end(STATIC, 't', { cause: 'ended', by: AGENT, reason: 'done' })
    await expect(open({ id: 't' })).rejects.toMatchObject({ reason: 'revoked' })
  })

  it('lets no chain grow without end', async () => {
    const { open } = await scene()
    let parent = await open({ id: 't0' })
    for (let depth = 1; depth <= 4; depth += 1) parent = await open({ id: `t${depth}` }, parent)
    await expect(open({ id: 't5' }, parent)).rejects.toMatchObject({ reason: 'policy_denied' })
  })
})
