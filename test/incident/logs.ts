/** The log of an incident: a task that deleted tables and left a user behind, beside others. */
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openAudit } from '../../proxy/audit/audit.ts'
import type { AuditRecord } from '../../proxy/audit/record.ts'
import { SearchedLogs } from '../../proxy/audit/search/search.ts'
import { temporaryFolder } from '../audit/support.ts'

const START_MS = Date.UTC(2026, 0, 2, 3)
export const AGENT = 'spiffe://example.org/agent/cleanup'
export const TASK = 'task-1'
export const table = (name: string): string => `arn:aws:dynamodb:us-east-1:123456789012:table/${name}`

/** Writes a log whose records are a second apart. */
export async function logOf(records: readonly AuditRecord[], startMs = START_MS): Promise<string> {
  const dir = join(await temporaryFolder(), 'audit')
  let nowMs = startMs
  const audit = await openAudit({ dir, clock: { nowMs: () => nowMs } })
  for (const record of records) {
    audit.append(record)
    nowMs += 1_000
  }
  await audit.close()
  return dir
}

export function searched(...dirs: readonly string[]): SearchedLogs {
  const logs = new SearchedLogs(dirs)
  onTestFinished(() => logs.close())
  return logs
}

/** A call of the task, with its outcome unless that is null. */
export function call(
  requestId: string,
  fields: Partial<AuditRecord>,
  upstream: AuditRecord['upstream'] | null = { status: 200, requestId: `AWS${requestId}` },
): AuditRecord[] {
  const of = { requestId, agent: AGENT, task: TASK, service: 'dynamodb', operation: 'GetItem', ...fields }
  const { agent, task, service, operation } = of
  const decision: AuditRecord = {
    phase: 'decision',
    class: 'read',
    classes: [of.class ?? 'read'],
    decision: 'allow',
    reason: 'none',
    ...of,
  }
  if (upstream === null || decision.decision !== 'allow') return [decision]
  const ended =
    upstream?.status === undefined
      ? { decision: 'abort', reason: 'client_gone' }
      : { decision: 'allow', reason: 'none' }
  return [decision, { phase: 'outcome', requestId, agent, task, service, operation, ...ended, upstream }]
}

export function opening(task: string, more: object = {}, fields: Partial<AuditRecord> = {}): AuditRecord[] {
  const facts = {
    task: {
      root: AGENT,
      openedBy: 'github',
      subject: '"repo:example/ops:ref:refs/heads/main"',
      intent: JSON.stringify('free space\n\u001b[31m'),
      justification: '"the disk is full"',
      ticket: '"OPS-7"',
      ancestors: [],
      expiresAt: '2026-01-02T04:00:00.000Z',
      ...more,
    },
  }
  const moderato = {
    task,
    service: 'moderato',
    operation: 'OpenTask',
    class: 'credentials',
    resources: ['*'],
  }
  return call(`open-${task}`, { ...moderato, facts, ...fields }, {})
}

/** Everything that happened, as one replica recorded it. */
export function incident(): AuditRecord[] {
  const tables = Array.from({ length: 30 }, (_, i) => table(`t${i}`))
  return [
    ...call('before', {
      task: 'other',
      operation: 'DeleteTable',
      class: 'destructive',
      resources: [table('x')],
    }),
    ...opening(TASK),
    ...tables.flatMap((name, i) =>
      call(`d${i}`, {
        operation: 'DeleteTable',
        class: 'destructive',
        resources: [name],
        ...(i === 29 ? { waitedMs: 8_600, paceRules: ['classes.destructive'] } : {}),
      }),
    ),
    ...call('refused', {
      service: 's3',
      operation: 'DeleteBucket',
      class: 'destructive',
      resources: ['arn:aws:s3:::b'],
      decision: 'deny',
      reason: 'policy_denied',
      rules: ['no-buckets'],
    }),
    ...call(
      'failed',
      { operation: 'DeleteTable', class: 'destructive', resources: [table('absent')] },
      { status: 400, errorCode: 'ResourceNotFoundException' },
    ),
    ...call('unknown', { operation: 'DeleteTable', class: 'destructive', resources: [table('maybe')] }, {}),
    ...call('user', {
      service: 'iam',
      operation: 'CreateUser',
      class: 'permissions',
      resources: ['arn:aws:iam::123456789012:user/left'],
    }),
    ...call('role', {
      service: 'iam',
      operation: 'CreateRole',
      class: 'permissions',
      resources: ['arn:aws:iam::123456789012:role/gone'],
    }),
    ...call('norole', {
      service: 'iam',
      operation: 'DeleteRole',
      class: 'destructive',
      classes: ['permissions', 'destructive'],
      resources: ['arn:aws:iam::123456789012:role/gone'],
    }),
    {
      phase: 'approval',
      approval: 'a1',
      agent: AGENT,
      task: TASK,
      decision: 'approve',
      detail: 'go on',
      resources: [table('t1')],
      admin: { subject: 'alice@example.org', by: 'token', does: 'approves' },
    },
    {
      phase: 'drift',
      agent: AGENT,
      detail: 'Deleted 30 things.',
      drift: {
        detector: 'mass-delete',
        response: 'alert',
        findings: 1,
        things: [],
        moreThings: 0,
        requestIds: [],
        requests: 1,
      },
    },
    { phase: 'drift', agent: 'spiffe://example.org/agent/another', detail: 'Not ours.' },
    {
      phase: 'task',
      agent: AGENT,
      task: TASK,
      facts: { root: AGENT, cause: 'ended', counts: {}, leftBehind: [], leftMore: 0 },
    },
    ...opening('child', { ancestors: [TASK] }),
    {
      phase: 'admin',
      decision: 'allow',
      admin: {
        subject: 'bob@example.org',
        by: 'token',
        does: `POST /v1/quarantine/${encodeURIComponent(AGENT)}`,
      },
    },
    {
      phase: 'admin',
      decision: 'allow',
      admin: {
        subject: 'bob@example.org',
        by: 'token',
        does: 'POST /v1/sessions/revoke',
        body: { task: TASK, reason: 'incident' },
      },
    },
    {
      phase: 'admin',
      decision: 'allow',
      admin: { subject: 'bob@example.org', by: 'token', does: 'POST /v1/freeze', body: { reason: 'other' } },
    },
  ]
}
