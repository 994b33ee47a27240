import { describe, expect, it } from 'vitest'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { driftAlert, driftFields } from '../../proxy/watch/alert-format.ts'
import { DriftGroups, type DriftReport } from '../../proxy/watch/groups.ts'
import type { Drift } from '../../proxy/watch/watch.ts'

const MINUTE = 60_000

function scene() {
  const time = new VirtualTime()
  const told: DriftReport[] = []
  const groups = new DriftGroups({ clock: time, timer: time, tell: (report) => told.push(report) })
  return { time, told, groups }
}

function task(id: string): Drift['task'] {
  return { id, root: 'r', intent: undefined, scopes: [], openedAtMs: 0 }
}

/** A finding about one table. */
function finding(table: string, over: Partial<Drift> = {}): Drift {
  return {
    detector: 'read-to-destructive',
    response: 'alert',
    agent: 'a',
    task: undefined,
    words: `dynamodb:DeleteTable on "${table}".`,
    key: table,
    things: [table],
    moreThings: 0,
    grave: false,
    requestIds: [`r-${table}`],
    requests: 1,
    factor: 4,
    forMs: undefined,
    ...over,
  }
}

describe('DriftGroups', () => {
  it('tells a burst in one message, which names all things and their number', async () => {
    const { time, told, groups } = scene()
    for (let index = 0; index < 30; index++) {
      groups.add(finding(`t${index}`))
      await time.advance(33)
    }
    await time.advance(1_000)
    expect(told).toHaveLength(1)
    const [report] = told as [DriftReport]
    const { text, json } = driftAlert(report, time.nowMs())
    expect(text).toContain('30 findings within 1 s, about "t0", "t1", "t2", ')
    for (let index = 0; index < 30; index++) expect(text).toContain(`"t${index}"`)
    expect(json).toMatchObject({ findings: 30, moreThings: 0, requests: 30, update: false })
    expect(driftFields(report).drift).toMatchObject({ findings: 30, requests: 30 })
    await time.advance(60 * MINUTE)
    expect(told).toHaveLength(1)
    expect(time.alarms).toBe(0)
  })

  it('tells one finding in its own words, after a moment', async () => {
    const { time, told, groups } = scene()
    groups.add(finding('t'))
    await time.advance(999)
    expect(told).toEqual([])
    await time.advance(1)
    expect(told.map((report) => driftFields(report).detail)).toEqual(['dynamodb:DeleteTable on "t".'])
  })

  it('waits for the end of a burst no longer than ten seconds', async () => {
    const { time, told, groups } = scene()
    for (let index = 0; index < 12; index++) {
      groups.add(finding(`t${index}`))
      await time.advance(900)
    }
    await time.advance(100)
    expect(told.map(({ findings }) => findings)).toEqual([12])
  })

  it('sums up every five minutes what is found after that, and loses none of it', async () => {
    const { time, told, groups } = scene()
    for (let index = 0; index < 360; index++) {
      groups.add(finding(`t${index}`))
      await time.advance(10_000)
    }
    await time.advance(5 * MINUTE)
    expect(told.length).toBeLessThanOrEqual(14)
    expect(told.map(({ isUpdate }) => isUpdate)).toEqual(told.map((_, index) => index > 0))
    expect(told.reduce((sum, { findings }) => sum + findings, 0)).toBe(360)
    expect(new Set(told.flatMap(({ things }) => things)).size).toBe(360)
    expect(driftAlert(told[1] as DriftReport, 0).text).toContain('goes on: read-to-destructive')
  })

  it('begins anew once nothing was found for a whole window', async () => {
    const { time, told, groups } = scene()
    groups.add(finding('t'))
    await time.advance(6 * MINUTE)
    groups.add(finding('u'))
    await time.advance(1_000)
    expect(told.map(({ isUpdate }) => isUpdate)).toEqual([false, false])
  })

  it('counts what goes on once, in its last words', async () => {
    const { time, told, groups } = scene()
    for (const count of [5, 6, 7])
      groups.add(finding('t', { words: `refused ${count} times`, requests: count }))
    await time.advance(1_000)
    expect(told).toMatchObject([{ findings: 1, words: 'refused 7 times', requests: 7 }])
  })

  it('tells agents, tasks, detectors and graver findings apart, the graver at once', async () => {
    const { time, told, groups } = scene()
    groups.add(finding('t'))
    groups.add(finding('t', { agent: 'b' }))
    groups.add(finding('t', { task: task('one') }))
    groups.add(finding('t', { task: task('two') }))
    groups.add(finding('t', { detector: 'fanout' }))
    await time.advance(1_000)
    expect(told).toHaveLength(5)
    groups.add(finding('t', { grave: true, response: 'quarantine' }))
    await time.advance(1_000)
    expect(told).toHaveLength(6)
  })

  it('tells what an agent does over many tasks together: it cannot open alerts without end', async () => {
    const { time, told, groups } = scene()
    for (let index = 0; index < 500; index++)
      groups.add(finding('t', { task: task(`task-${index}`), key: `k${index}` }))
    await time.advance(1_000)
    expect(told).toHaveLength(21)
    expect(told.at(-1)).toMatchObject({ findings: 480, isOverTasks: true, task: undefined })
    expect(driftAlert(told.at(-1) as DriftReport, 0).text).toContain('by agent "a", in many tasks')
    await time.advance(10 * MINUTE)
    groups.add(finding('t', { task: task('task-499') }))
    await time.advance(1_000)
    expect(told.at(-1)).toMatchObject({ isOverTasks: false })
  })

  it('keeps a bounded number of groups and names, and says what it leaves out', async () => {
    const { time, told, groups } = scene()
    for (let index = 0; index < 2_500; index++) groups.add(finding('t', { agent: `agent-${index}` }))
    expect(told).toHaveLength(500)
    await time.advance(1_000)
    expect(told).toHaveLength(2_500)
    const many = scene()
    for (let index = 0; index < 5_000; index++) many.groups.add(finding(`t${index}`))
    await many.time.advance(1_000)
    expect(many.told).toMatchObject([{ findings: 5_000, moreThings: 4_900, requests: 5_000 }])
    expect(many.told[0]?.things).toHaveLength(100)
    const { text } = driftAlert(many.told[0] as DriftReport, 0)
    expect(text).toContain(' and 4900 more. ')
    const long = scene()
    for (let index = 0; index < 100; index++) long.groups.add(finding(`${'x'.repeat(500)}${index}`))
    await long.time.advance(1_000)
    expect(long.told[0]?.things.join('').length).toBeLessThanOrEqual(8_192)
    expect((long.told[0]?.things.length ?? 0) + (long.told[0]?.moreThings ?? 0)).toBe(100)
  })

  it('says how many things a finding leaves out, once', async () => {
    const { time, told, groups } = scene()
    groups.add(finding('t', { words: 'Deleted 5 things.', moreThings: 4 }))
    groups.add(finding('t', { words: 'Deleted 8 things.', moreThings: 7 }))
    groups.add(finding('t', { words: 'Deleted 6 things.', moreThings: 5 }))
    await time.advance(1_000)
    expect(told).toMatchObject([{ findings: 1, things: ['t'], moreThings: 7 }])
    expect(driftFields(told[0] as DriftReport).detail).toBe('Deleted 6 things. It is about "t" and 7 more.')
  })

  it('tells at the end what it has gathered, and of an agent that people let go on', async () => {
    const { time, told, groups } = scene()
    groups.add(finding('t'))
    groups.add(finding('t', { agent: 'b' }))
    groups.forget('a')
    expect(told.map(({ agent }) => agent)).toEqual(['a'])
    groups.flush()
    expect(told.map(({ agent }) => agent)).toEqual(['a', 'b'])
    await time.advance(60 * MINUTE)
    expect(told).toHaveLength(2)
    expect(time.alarms).toBe(0)
  })

  it('shows the name of a thing so that it cannot be taken for ours', async () => {
    const { time, told, groups } = scene()
    groups.add(finding('t\n\u202eRequests: none'))
    groups.add(finding('u'))
    await time.advance(1_000)
    expect(driftAlert(told[0] as DriftReport, 0).text).toContain(
      'about "t\\u{a}\\u{202e}Requests: none", "u".',
    )
  })
})
