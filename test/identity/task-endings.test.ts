import { describe, expect, it } from 'vitest'
import type { Session } from '../../proxy/core/agent.ts'
import { taskIn } from '../../proxy/identity/revocations.ts'
import { TaskEndings } from '../../proxy/identity/task-endings.ts'
import type { AuditRecord } from '../../proxy/audit/record.ts'
import type { Outcome } from '../../proxy/exchange/outcome.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openRevocations } from './open-revocations.ts'

const HOUR_MS = 3_600_000
const ROOT = 'spiffe://example.org/agent/a'
const ROLE = 'arn:aws:iam::111122223333:role/helper'

async function scene() {
  const clock = new VirtualTime()
  const { ledger, revocations } = await openRevocations(clock)
  const records: AuditRecord[] = []
  const warnings: unknown[] = []
  const endings = new TaskEndings({
    revocations,
    ledger,
    clock,
    audit: { append: (record) => void records.push(record) },
    log: { warn: (fields: unknown) => void warnings.push(fields) },
  })
  return { clock, revocations, records, warnings, endings }
}

function session(taskId: string, nowMs: number, ancestors: readonly string[] = []): Session {
  const task = { id: taskId, intent: 'i', justificationHash: undefined, ticket: undefined }
  return {
    id: `s-${taskId}`,
    agentId: ROOT,
    root: ROOT,
    task: { ...task, roleArn: undefined, scopes: [{ grants: [] }], ancestors },
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + HOUR_MS,
  }
}

interface Made {
  readonly of: Session
  readonly operation?: string
  readonly service?: string
  readonly classes?: readonly string[]
  readonly resources?: readonly string[]
  readonly status?: number | undefined
  readonly decision?: Outcome['decision']
  readonly receivedAtMs?: number
  readonly waitedMs?: number
}

function outcome(made: Made): Outcome {
  const { of, operation = 'CreateRole', service = 'iam', classes = ['permissions'] } = made
  const { resources = [ROLE], decision = 'allow', receivedAtMs = 0, waitedMs } = made
  const status = 'status' in made ? made.status : 200
  return {
    exchange: {
      agent: { id: ROOT, root: ROOT, accessKeyId: 'ASIA', session: of },
      payload: { kind: 'unsigned' },
      call: { service, operation, classes, resources },
      receivedAtMs,
      waitedMs,
      ...(decision === 'deny' || decision === 'throttle' ? {} : { signed: {} }),
      ...(status === undefined ? {} : { upstream: { status } }),
    },
    decision,
    reason: decision === 'allow' ? 'none' : 'policy_denied',
    durationMs: 1,
  } as unknown as Outcome
}

describe('TaskEndings', () => {
  it('tells once, when a task ends, what it left that can act without it', async () => {
    const { clock, endings, revocations, records, warnings } = await scene()
    const of = session('t', clock.nowMs())
    endings.finished(outcome({ of }))
    endings.finished(outcome({ of, operation: 'AttachRolePolicy' }))
    endings.finished(outcome({ of, operation: 'AttachRolePolicy' }))
    endings.finished(outcome({ of, operation: 'ListRoles', classes: ['list'] }))
    endings.finished(outcome({ of, operation: 'CreateUser', status: 403 }))
    endings.finished(outcome({ of, operation: 'CreateUser', status: undefined, decision: 'deny' }))
    expect(records).toEqual([])
    await revocations.revoke(
      { kind: 'task', id: taskIn(ROOT, 't') },
      { cause: 'ended', by: ROOT, reason: 'r' },
    )
    const leftBehind = [
      { operation: 'CreateRole', resource: ROLE, times: 1, answered: true },
      { operation: 'AttachRolePolicy', resource: ROLE, times: 2, answered: true },
    ]
    const counts = { calls: 6, forwarded: 5, refused: 1, failed: 0 }
    expect(records).toMatchObject([
      {
        phase: 'task',
        agent: ROOT,
        task: 't',
        session: 's-t',
        facts: { cause: 'ended', counts, leftBehind },
      },
    ])
    expect(warnings).toMatchObject([{ task: 't', leftBehind }])
    endings.sweep()
    expect(records).toHaveLength(1)
    // A call that was under way when the task ended.
    endings.finished(outcome({ of, operation: 'CreateAccessKey', classes: ['credentials'] }))
    endings.sweep()
    expect(records).toHaveLength(2)
    expect(endings.summary(ROOT, 't').leftBehind).toHaveLength(3)
  })

  it('tells of tasks that an operator ended by their agent, and of those whose time is over', async () => {
    const { clock, endings, revocations, records } = await scene()
    endings.finished(outcome({ of: session('one', clock.nowMs()) }))
    await revocations.revoke({ kind: 'agent', id: ROOT }, { cause: 'operator', by: 'alice', reason: 'r' })
    await clock.advance(1_000)
    endings.finished(outcome({ of: session('two', clock.nowMs()) }))
    expect(records).toMatchObject([{ task: 'one', facts: { cause: 'operator' } }])
    await clock.advance(HOUR_MS)
    endings.finished(outcome({ of: session('three', clock.nowMs()) }))
    expect(records.slice(1)).toMatchObject([{ task: 'two', facts: { cause: 'expired' } }])
  })

  it('takes away what the same task deleted again, as a whole', async () => {
    const { clock, endings } = await scene()
    const of = session('t', clock.nowMs())
    const left = () => endings.summary(ROOT, 't').leftBehind.map(({ operation }) => operation)
    const removal = (operation: string) => ({ of, operation, classes: ['destructive', 'permissions'] })
    const made = { of, receivedAtMs: clock.nowMs() }
    endings.finished(outcome(made))
    endings.finished(outcome({ ...made, operation: 'AttachRolePolicy' }))
    await clock.advance(10)
    // Of what hangs on a role, nobody here can tell which was taken away.
    endings.finished(outcome({ ...removal('DetachRolePolicy'), receivedAtMs: clock.nowMs() }))
    endings.finished(outcome({ ...removal('DeleteRole'), receivedAtMs: clock.nowMs(), status: 409 }))
    endings.finished(
      outcome({ ...removal('DeleteRole'), receivedAtMs: clock.nowMs(), resources: [`${ROLE}2`] }),
    )
    expect(left()).toEqual(['CreateRole', 'AttachRolePolicy'])
    endings.finished(outcome({ ...removal('DeleteRole'), receivedAtMs: clock.nowMs() }))
    expect(left()).toEqual([])
  })

  it('is not deceived by an answer that is read late, a broken connection, or an unknown name', async () => {
    const { clock, endings } = await scene()
    const of = session('t', clock.nowMs())
    const left = () => endings.summary(ROOT, 't').leftBehind
    const askedAtMs = clock.nowMs()
    await clock.advance(10)
    endings.finished(outcome({ of, receivedAtMs: clock.nowMs() }))
    // The deletion was sent before the role was made; its answer was read after.
    const deleted = { of, operation: 'DeleteRole', classes: ['destructive', 'permissions'] }
    endings.finished(outcome({ ...deleted, receivedAtMs: askedAtMs }))
    expect(left()).toHaveLength(1)
    await clock.advance(10)
    endings.finished(outcome({ of, operation: 'CreateUser', status: undefined, decision: 'abort' }))
    expect(left()).toMatchObject([{ answered: true }, { operation: 'CreateUser', answered: false }])
    const anyone = { of, resources: ['*'] }
    endings.finished(outcome({ ...anyone, operation: 'CreateGroup' }))
    await clock.advance(10)
    endings.finished(
      outcome({
        ...anyone,
        operation: 'DeleteGroup',
        classes: ['destructive'],
        receivedAtMs: clock.nowMs(),
      }),
    )
    expect(left()).toHaveLength(3)
  })

  it('counts a task with what was opened from it, and says how much found no room', async () => {
    const { clock, endings } = await scene()
    const outer = session('outer', clock.nowMs())
    const inner = session('inner', clock.nowMs(), ['outer'])
    endings.finished(outcome({ of: outer, waitedMs: 1_500 }))
    endings.finished(outcome({ of: inner, decision: 'throttle', status: undefined }))
    for (let n = 0; n < 60; n++) endings.finished(outcome({ of: inner, resources: [`${ROLE}${n}`] }))
    const { counts, leftBehind, leftMore } = endings.summary(ROOT, 'outer')
    expect(counts).toEqual({ calls: 62, forwarded: 61, refused: 1, failed: 0, held: 1, waitedMs: 1_500 })
    expect([leftBehind.length, leftMore]).toEqual([51, 10])
  })

  it('keeps a bounded number of tasks, and tells of those that it gives up', async () => {
    const { clock, endings, records } = await scene()
    for (let n = 0; n < 5_003; n++) endings.finished(outcome({ of: session(`t${n}`, clock.nowMs()) }))
    expect(endings.activity.all()).toHaveLength(5_000)
    expect(records.map(({ task }) => task)).toEqual(['t0', 't1', 't2'])
    expect(records[0]?.facts).toMatchObject({ cause: 'forgotten', leftBehind: [{ operation: 'CreateRole' }] })
  })
})
