import { describe, expect, it } from 'vitest'
import { findTimeline } from '../../proxy/incident/find-timeline.ts'
import type { Happening } from '../../proxy/incident/happening.ts'
import type { Timeline } from '../../proxy/incident/timeline.ts'
import { AGENT, call, incident, logOf, opening, searched, table, TASK } from './logs.ts'

function found(...given: Parameters<typeof findTimeline>): Timeline {
  const timeline = findTimeline(...given)
  if (timeline === undefined) throw new Error('nothing was found')
  return timeline
}

const idOf = (each: Happening): string =>
  each.kind === 'call' ? each.requestId : `${each.kind} ${each.what}`

describe('findTimeline', () => {
  it('tells who, why, what is gone, what is left, and what people did', async () => {
    const timeline = found(searched(await logOf(incident())), { task: TASK })
    expect(timeline).toMatchObject({
      task: TASK,
      agents: [AGENT],
      openings: [
        {
          vouchedBy: 'github',
          subject: 'repo:example/ops:ref:refs/heads/main',
          intent: 'free space\n\u001b[31m',
          ticket: 'OPS-7',
          justification: 'the disk is full',
          decision: 'allow',
        },
      ],
      endings: [{ agent: AGENT, cause: 'ended' }],
      openedFromIt: ['child'],
      counts: { calls: 36, forwarded: 34, refused: 1, failed: 1, held: 1, waitedMs: 8_600 },
      classes: { destructive: 34, permissions: 2 },
      leftBehind: [
        { operation: 'iam:CreateUser', resource: 'arn:aws:iam::123456789012:user/left', answered: true },
      ],
      leftOut: { reads: 0, others: 0 },
    })
    expect(timeline.destroyed.filter(({ answered }) => answered).map(({ resource }) => resource)).toEqual([
      ...Array.from({ length: 30 }, (_, i) => table(`t${i}`)),
      'arn:aws:iam::123456789012:role/gone',
    ])
    expect(timeline.destroyed.filter(({ answered }) => !answered).map(({ resource }) => resource)).toEqual([
      table('maybe'),
    ])
    expect(timeline.happenings.map(idOf)).toEqual([
      `open-${TASK}`,
      ...Array.from({ length: 30 }, (_, i) => `d${i}`),
      'refused',
      'failed',
      'unknown',
      'user',
      'role',
      'norole',
      'approval approve',
      'drift alert',
      `operator POST /v1/quarantine/${encodeURIComponent(AGENT)}`,
      'operator POST /v1/sessions/revoke',
    ])
    expect(timeline.happenings[30]).toMatchObject({
      waitedMs: 8_600,
      rules: ['classes.destructive'],
      outcome: { status: 200, awsRequestId: 'AWSd29' },
    })
  })

  it('puts together what two replicas saw', async () => {
    const all = incident()
    const halves = [0, 1].map((half) => all.map((record, i) => (i % 2 === half ? record : undefined)))
    const dirs = await Promise.all(
      halves.map(async (half) => logOf(half.filter((record) => record !== undefined))),
    )
    const timeline = found(searched(...dirs), { task: TASK })
    expect(timeline.destroyed.filter(({ resource }) => resource.includes(':table/t'))).toHaveLength(30)
    expect(timeline.leftBehind).toHaveLength(1)
  })

  it('tells of an agent in a time, over its tasks', async () => {
    const logs = searched(await logOf(incident()))
    const all = found(logs, { agent: AGENT })
    expect(all.tasks).toEqual(['other', TASK, 'child'])
    const late = found(logs, { agent: AGENT, sinceMs: Date.UTC(2026, 0, 2, 3, 1, 10) })
    expect(late.happenings.map(idOf)).not.toContain('d0')
    expect(findTimeline(logs, { agent: AGENT, sinceMs: Date.UTC(2027, 0) })).toBeUndefined()
    expect(findTimeline(logs, { task: 'task-2' })).toBeUndefined()
  })

  it('takes a star in the name of a task for a star', async () => {
    const logs = searched(await logOf([...call('a', { task: '*' }), ...call('b', { task: 'mine' })]))
    expect(found(logs, { task: '*' }).happenings.map(idOf)).toEqual(['a'])
  })

  it('keeps two agents apart that chose one name, and shows both', async () => {
    const other = 'spiffe://example.org/agent/other'
    const timeline = found(
      searched(await logOf([...opening('same'), ...opening('same', {}, { agent: other })])),
      {
        task: 'same',
      },
    )
    expect(timeline.openings.map(({ agent }) => agent)).toEqual([AGENT, other])
  })

  it('leaves out reads before anything else, and says how many', async () => {
    const reads = Array.from({ length: 2_100 }, (_, i) => call(`r${i}`, {}, null)).flat()
    const timeline = found(searched(await logOf([...reads, ...incident()])), { task: TASK })
    expect(timeline.leftOut).toEqual({ reads: 100, others: 0 })
    expect(
      timeline.happenings.filter((each) => each.kind === 'call' && each.class === 'destructive'),
    ).toHaveLength(34)
    expect(timeline.counts.calls).toBe(2_136)
  })

  it('counts as unsure what has no outcome in the log', async () => {
    const records = call(
      'd',
      { operation: 'DeleteTable', class: 'destructive', resources: [table('t')] },
      null,
    )
    expect(found(searched(await logOf(records)), { task: TASK }).destroyed).toMatchObject([
      { resource: table('t'), answered: false },
    ])
  })
})
