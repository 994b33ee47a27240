import { describe, expect, it } from 'vitest'
import { FirstSeen } from '../../proxy/pacing/first-seen.ts'

const NOW_MS = 1_795_468_084_000

describe('Sights', () => {
  it('keeps the first time of each resource, by scope', () => {
    const sights = new FirstSeen()
    sights.note('agent a', ['arn:1'], NOW_MS)
    sights.note('agent a', ['arn:1', 'arn:2'], NOW_MS + 5_000)
    expect(sights.youngestMs('agent a', ['arn:1'], NOW_MS + 9_000)).toBe(NOW_MS)
    expect(sights.youngestMs('agent a', ['arn:1', 'arn:2'], NOW_MS + 9_000)).toBe(NOW_MS + 5_000)
    expect(sights.youngestMs('agent b', ['arn:1'], NOW_MS + 9_000)).toBe(NOW_MS + 9_000)
    expect(sights.youngestMs('task a', ['arn:1'], NOW_MS + 9_000)).toBe(NOW_MS + 9_000)
  })

  it('knows a resource whatever the case of its name, where the service does (S25)', () => {
    const sights = new FirstSeen()
    const [db, table] = ['arn:aws:rds:us-east-1:1:db:', 'arn:aws:dynamodb:us-east-1:1:table/']
    sights.note('agent a', [`${db}PROD`, `${table}PROD`], NOW_MS)
    expect(sights.youngestMs('agent a', [`${db}prod`], NOW_MS + 9_000)).toBe(NOW_MS)
    expect(sights.youngestMs('agent a', [`${table}prod`], NOW_MS + 9_000)).toBe(NOW_MS + 9_000)
  })

  it('counts what was never seen from now, and remembers nothing by being asked', () => {
    const sights = new FirstSeen()
    sights.note('agent a', ['arn:1'], NOW_MS)
    for (const later of [1_000, 2_000]) {
      expect(sights.youngestMs('agent a', ['arn:1', 'arn:new'], NOW_MS + later)).toBe(NOW_MS + later)
    }
  })

  it('counts * and no resource from the first call', () => {
    const sights = new FirstSeen()
    expect(sights.youngestMs('agent a', ['*'], NOW_MS)).toBe(NOW_MS)
    sights.note('agent a', ['arn:1'], NOW_MS)
    expect(sights.youngestMs('agent a', ['*'], NOW_MS + 7_000)).toBe(NOW_MS)
    expect(sights.youngestMs('agent a', [], NOW_MS + 7_000)).toBe(NOW_MS)
  })

  it('forgets what was not seen for longest: it counts as new, never as old', () => {
    const sights = new FirstSeen({ perScope: 2, scopes: 2, total: 10 })
    sights.note('agent a', ['arn:1', 'arn:2'], NOW_MS)
    sights.note('agent a', ['arn:1'], NOW_MS + 1_000)
    sights.note('agent a', ['arn:3'], NOW_MS + 2_000)
    expect(sights.youngestMs('agent a', ['arn:1'], NOW_MS + 3_000)).toBe(NOW_MS)
    expect(sights.youngestMs('agent a', ['arn:2'], NOW_MS + 3_000)).toBe(NOW_MS + 3_000)
    sights.note('agent b', ['arn:1'], NOW_MS)
    sights.note('agent c', ['arn:1'], NOW_MS)
    expect(sights.youngestMs('agent a', ['arn:1'], NOW_MS + 4_000)).toBe(NOW_MS + 4_000)
  })

  it('is bounded over all scopes together', () => {
    const sights = new FirstSeen({ perScope: 10, scopes: 10, total: 3 })
    sights.note('agent a', ['arn:1', 'arn:2'], NOW_MS)
    sights.note('agent b', ['arn:1'], NOW_MS)
    sights.note('agent a', ['arn:1'], NOW_MS + 1_000)
    sights.note('agent c', ['arn:1'], NOW_MS + 2_000)
    const firstSeen = (scope: string) => sights.youngestMs(scope, ['arn:1'], NOW_MS + 9_000) - NOW_MS
    expect(['agent a', 'agent b', 'agent c'].map(firstSeen)).toEqual([0, 9_000, 2_000])
  })

  it('tells long names apart', () => {
    const sights = new FirstSeen()
    const long = 'x'.repeat(5_000)
    sights.note('agent a', [`arn:${long}1`], NOW_MS)
    expect(sights.youngestMs('agent a', [`arn:${long}1`], NOW_MS + 1)).toBe(NOW_MS)
    expect(sights.youngestMs('agent a', [`arn:${long}2`], NOW_MS + 1)).toBe(NOW_MS + 1)
  })
})
