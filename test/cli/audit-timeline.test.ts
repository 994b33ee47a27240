import { describe, expect, it } from 'vitest'
import { run } from '../../proxy/cli/audit.ts'
import { run as sessions } from '../../proxy/cli/sessions.ts'
import type { Timeline } from '../../proxy/incident/timeline.ts'
import { AGENT, incident, logOf, table, TASK } from '../incident/logs.ts'
import { captured } from './captured.ts'

async function runs(...args: readonly string[]) {
  const { io, out, err } = captured()
  const code = await run(['timeline', ...args], io)
  return { code, out: out(), err: err() }
}

describe('moderato audit timeline', () => {
  it('says who, why and what is left before each call', async () => {
    const { code, out } = await runs(TASK, await logOf(incident()))
    expect(code).toBe(0)
    const lines = out.split('\n')
    expect(lines.slice(0, 8)).toEqual([
      `task "${TASK}" of agent ${AGENT}, 2026-01-02T03:00:02.000Z to 2026-01-02T03:01:18.000Z`,
      `opened 2026-01-02T03:00:02.000Z, until 2026-01-02T04:00:00.000Z: task "${TASK}" of agent ${AGENT}`,
      '  vouched for by github as "repo:example/ops:ref:refs/heads/main"',
      '  intent "free space\\u{a}\\u{1b}[31m"',
      '  justification "the disk is full"',
      '  ticket "OPS-7"',
      'ended 2026-01-02T03:01:18.000Z: ended',
      'opened from it: task "child"',
    ])
    for (let i = 0; i < 30; i += 1) expect(out).toContain(`"${table(`t${i}`)}" by dynamodb:DeleteTable`)
    expect(out).toContain(
      `"${table('maybe')}" by dynamodb:DeleteTable, 2026-01-02T03:01:07.000Z, NO ANSWER SEEN`,
    )
    expect(lines).toContain('left behind, able to act: 1')
    expect(lines.find((line) => line.includes('request d29'))).toBe(
      `2026-01-02T03:01:02.000Z allow destructive dynamodb:DeleteTable "${table('t29')}" waited 8.6 s by classes.destructive AWS 200 AWS request AWSd29 request d29`,
    )
    expect(out).toContain(`approval approve a1 by alice@example.org "${table('t1')}" "go on"`)
    expect(out).not.toContain('\u001b')
  })

  it('gives programs all of it', async () => {
    const dir = await logOf(incident())
    const { out } = await runs('--agent', AGENT, '--json', dir)
    expect((JSON.parse(out) as Timeline).destroyed).toHaveLength(33)
  })

  it('ends with 1 for a name that the log does not have, and with 2 without a name', async () => {
    const dir = await logOf(incident())
    expect(await runs('tsak-1', dir)).toMatchObject({
      code: 1,
      err: expect.stringContaining('the audit log has no record of task "tsak-1"'),
    })
    expect((await runs()).code).toBe(2)
    expect((await runs('--agent', AGENT, '--since', 'soon', dir)).code).toBe(2)
  })
})

describe('moderato sessions show', () => {
  it('shows a task that has ended, without a running Moderato', async () => {
    const { io, out } = captured()
    expect(await sessions(['show', TASK, await logOf(incident())], io)).toBe(0)
    expect(out()).toContain('  ticket "OPS-7"\n')
    expect(out()).toContain(
      'calls: 36, of them 34 forwarded, 1 refused, 1 failed, 1 held for 8.6 s together\n',
    )
    expect(out()).toContain(
      'left behind, able to act: 1\n  "arn:aws:iam::123456789012:user/left" by iam:CreateUser',
    )
    expect(out()).not.toContain('request d29')
  })

  it('gives programs the same', async () => {
    const { io, out } = captured()
    expect(await sessions(['show', TASK, '--json', await logOf(incident())], io)).toBe(0)
    expect(JSON.parse(out())).toMatchObject({ task: TASK, agents: [AGENT], leftMore: 0 })
  })

  it('refuses what it cannot know', async () => {
    expect(await sessions(['show'], captured().io)).toBe(2)
    expect(await sessions(['show', 'nope', await logOf(incident())], captured().io)).toBe(1)
  })
})
