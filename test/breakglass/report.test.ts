import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Report, type ReportedCall } from '../../proxy/breakglass/report.ts'
import { run } from '../../proxy/cli/breakglass.ts'
import { captured } from '../cli/captured.ts'

const ID = `bg-${'0'.repeat(32)}`
const TIME = '2026-03-04T10:00:00.000Z'

function decision(requestId: string, more: object = {}): string {
  return JSON.stringify({
    phase: 'decision',
    time: TIME,
    breakglass: ID,
    requestId,
    agent: 'a',
    service: 's3',
    operation: 'DeleteObjects',
    resources: ['arn:aws:s3:::b/k'],
    count: 3,
    class: 'data-delete',
    decision: 'allow',
    reason: 'none',
    policy: { rules: ['moderato.rules.breakglass.permit'] },
    ...more,
  })
}

const outcome = (requestId: string, more: object = {}): string =>
  JSON.stringify({
    phase: 'outcome',
    time: TIME,
    breakglass: ID,
    requestId,
    reason: 'none',
    upstream: { status: 200 },
    ...more,
  })

const opened = (more: object = {}): string =>
  JSON.stringify({
    phase: 'breakglass',
    time: TIME,
    breakglass: ID,
    agent: 'a',
    opened: {
      state: 'open',
      reason: 'why "not"',
      ticket: 'INC-1',
      classes: ['data-delete'],
      resources: ['*'],
      pace: false,
      openedBy: 'alice',
      openedAt: TIME,
      from: TIME,
      until: TIME,
      ...more,
    },
  })

function told(lines: readonly string[]) {
  const report = new Report(ID)
  const calls: ReportedCall[] = lines.flatMap((line) => report.take(line))
  const { calls: rest, end } = report.end()
  return { calls, rest, end }
}

describe('Report', () => {
  it('joins each call with its outcome, and totals them by class', () => {
    const { calls, rest, end } = told([
      opened(),
      decision('1'),
      decision('2', { decision: 'deny', reason: 'policy_denied', policy: { rules: [] } }),
      outcome('1'),
      decision('3', { class: 'read', count: 1 }),
    ])
    expect(calls).toMatchObject([
      { requestId: '2', decision: 'deny', covered: false, outcome: undefined },
      {
        requestId: '1',
        covered: true,
        operation: 's3:DeleteObjects',
        outcome: { status: 200, reason: 'none' },
      },
    ])
    expect(rest).toMatchObject([{ requestId: '3', outcome: undefined }])
    expect(end).toMatchObject({
      id: ID,
      agent: 'a',
      opened: { openedBy: 'alice' },
      classes: {
        'data-delete': { calls: 2, allowed: 1, refused: 1, count: 3 },
        read: { calls: 1, allowed: 1, refused: 0, count: 1 },
      },
    })
  })

  it('totals refusals that the log only counts', () => {
    const counted = JSON.stringify({
      phase: 'refusals',
      time: TIME,
      breakglass: ID,
      agent: 'a',
      refusals: { policy_denied: 5 },
      refused: { classes: { 'data-delete': 3, write: 2 } },
    })
    const { calls, end } = told([opened(), decision('1'), outcome('1'), counted])
    expect(calls).toHaveLength(1)
    expect(end.classes).toEqual({
      'data-delete': { calls: 4, allowed: 1, refused: 3, count: 3 },
      write: { calls: 2, allowed: 0, refused: 2, count: 0 },
    })
  })

  it('keeps what the newest record says of who closed it', () => {
    expect(told([opened(), opened({ closedBy: 'bob', closedAt: TIME })]).end.opened).toMatchObject({
      closedBy: 'bob',
    })
  })

  it('takes no word of an agent for a mark', () => {
    const { end, calls } = told([
      decision('1', { breakglass: undefined, resources: [`arn:aws:s3:::b/"breakglass":"${ID}"`] }),
      decision('2', { breakglass: 'bg-other', client: { userAgent: ID } }),
      `{"torn":"${ID}`,
    ])
    expect([end.agent, calls]).toEqual([undefined, []])
  })

  it('keeps a bounded number of calls whose outcome never came', () => {
    const report = new Report(ID)
    let given = 0
    for (let index = 0; index < 25_000; index += 1) given += report.take(decision(String(index))).length
    const { calls, end } = report.end()
    expect(given).toBe(15_000)
    expect(calls).toHaveLength(10_000)
    expect(end.classes['data-delete']?.calls).toBe(25_000)
  })
})

describe('moderato breakglass report', () => {
  it('reads every segment of every folder; what others wrote stands in quotes, nothing of it hidden', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'moderato-report-'))
    const other = mkdtempSync(join(tmpdir(), 'moderato-report-'))
    writeFileSync(join(dir, '00000001.jsonl'), `${opened()}\n${decision('1')}\n`)
    writeFileSync(join(dir, '00000002.jsonl'), `${outcome('1')}\n`)
    const odd = { resources: ['arn:aws:s3:::b/\u202ekey\u001b[2J'] }
    writeFileSync(join(other, '00000001.jsonl'), `${decision('2', odd)}\n`)
    const { io, out } = captured()
    expect(await run(['report', ID, '--dir', dir, '--dir', other], io)).toBe(0)
    expect(out()).toBe(
      [
        `${TIME} allow by break-glass data-delete s3:DeleteObjects count=3 "arn:aws:s3:::b/k" 200`,
        String.raw`${TIME} allow by break-glass data-delete s3:DeleteObjects count=3 "arn:aws:s3:::b/\u{202e}key\u{1b}[2J" outcome not in this log`,
        `${ID} for a`,
        String.raw`  opened by alice at ${TIME}: "why \"not\"", ticket "INC-1"`,
        '  classes data-delete on "*"',
        `  expires at ${TIME}`,
        '  data-delete: 2 calls, 2 allowed (of 6 things), 0 refused',
        '',
      ].join('\n'),
    )
    for (const each of [dir, other]) rmSync(each, { recursive: true })
  })

  it('is refused in words where the log knows nothing, is not there, or the usage is wrong', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'moderato-report-'))
    const { io, err } = captured()
    expect(await run(['report', ID, '--dir', dir], io)).toBe(1)
    expect(await run(['report', ID, '--dir', join(dir, 'none')], io)).toBe(1)
    expect(err()).toContain(`has no break-glass "${ID}"`)
    expect(err()).toContain('ENOENT')
    for (const wrong of [
      [],
      ['report'],
      ['open'],
      ['open', '--agent', 'a', '--for', '1m'],
      ['close'],
      ['list', ID],
      ['report', ID, '--pace'],
      ['confirm', ID, 'x'],
    ])
      expect(await run(wrong, captured().io)).toBe(2)
    rmSync(dir, { recursive: true })
  })
})
