import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyOf, type KeyPart } from '../../proxy/pacing/bucket-key.ts'
import { emptiestOf, headOf, latestOf, RuleFinder } from '../../proxy/pacing/live-buckets.ts'
import { pacesFrom } from '../../proxy/pacing/paces.ts'
import { parseRate } from '../../proxy/pacing/rates.ts'
import { rulesFrom, type Dimension, type PaceRule } from '../../proxy/pacing/rules.ts'
import { widenedRules } from '../../proxy/pacing/widened.ts'

const setting = (name: string, per: readonly Dimension[], mode: 'enforce' | 'observe' = 'enforce') => ({
  name,
  classes: ['destructive'] as const,
  per,
  rate: parseRate('60/h'),
  burst: 4,
  maxWait: 0,
  mode,
})
const RULES = rulesFrom(pacesFrom(), [
  setting('fleet', ['fleet']),
  setting('trial', ['agent', 'resource'], 'observe'),
  setting('tasks', ['task']),
])
const rule = (name: string, first: Dimension): PaceRule => {
  const found = RULES.get('destructive')?.find((each) => each.name === name && each.per[0] === first)
  if (found === undefined) throw new Error(`no rule ${name}`)
  return found
}
const finder = new RuleFinder(RULES)

describe('RuleFinder', () => {
  it.each<[string, PaceRule, KeyPart[]]>([
    ['a class, per agent', rule('destructive', 'agent'), [['agent', 'a']]],
    ['a class, per root', rule('destructive', 'root'), [['root', 'a']]],
    ['the fleet', rule('fleet', 'fleet'), [['fleet', '']]],
    [
      'a rule that observes',
      rule('trial', 'agent'),
      [
        ['agent', 'a'],
        ['resource', 'arn:aws:s3:::b'],
      ],
    ],
    ['a task', rule('tasks', 'task'), [['task', 'root\ntask']]],
    ['the agent in place of a task', rule('tasks', 'task'), [['agent', 'a']]],
  ])('finds %s by its key', (_, wanted, parts) => {
    expect(finder.find(keyOf(wanted, parts))).toEqual({ rule: wanted, parts })
  })

  it('reads every value as it is, whatever an agent puts into it', () => {
    const trial = rule('trial', 'agent')
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.string({ maxLength: 60 }), (agent, resource) => {
        const parts: KeyPart[] = [
          ['agent', agent],
          ['resource', resource],
        ]
        expect(finder.find(keyOf(trial, parts))).toEqual({ rule: trial, parts })
      }),
    )
    const forged: KeyPart[] = [
      ['agent', 'a|fleet 0:'],
      ['resource', '|sha256:x'],
    ]
    expect(finder.find(keyOf(trial, forged))).toEqual({ rule: trial, parts: forged })
  })

  it('shows the hash of a key that was too long to be kept', () => {
    const key = keyOf(rule('trial', 'agent'), [
      ['agent', 'a'],
      ['resource', 'x'.repeat(600)],
    ])
    expect(finder.find(key)).toEqual({
      rule: rule('trial', 'agent'),
      parts: [['sha256', expect.stringMatching(/^[\w-]{43}$/)]],
    })
  })

  it('finds nothing for a rule that is not in force, and for what is no key', () => {
    const gone = { ...rule('fleet', 'fleet'), name: 'gone' }
    expect(finder.find(keyOf(gone, [['fleet', '']]))).toBeUndefined()
    for (const key of [
      '',
      'x',
      'rule fleet',
      'rule fleet|fleet',
      'rule fleet|fleet 9999999:',
      '|',
      'rule fleet|agent 1:a',
    ])
      expect(finder.find(key), key).toBeUndefined()
  })

  it('finds the pace that a break-glass widens while it is open', () => {
    const pace = { rate: parseRate('60/min'), burst: 9, maxWait: 0 }
    const under = { id: 'bg-1', classes: ['destructive'] as const, pace }
    const widened = widenedRules(RULES, under)
    const own = widened.get('destructive')?.find(({ name }) => name === 'bg-1 destructive')
    if (own === undefined) throw new Error('nothing is widened')
    const key = keyOf(own, [['agent', 'a']])
    expect(finder.find(key)).toBeUndefined()
    expect(new RuleFinder(RULES, widened).find(key)?.rule).toBe(own)
  })

  it('says how full the emptiest bucket of each rule is, under its name', () => {
    const levels = finder.levels(
      [
        ['class destructive', 5_000],
        ['~rule trial', 60_000],
        ['rule gone', 60_000],
        ['rule fleet', 1_000_000_000],
      ].map(([head, fullInMs]) => ({
        key: `${head}|agent 1:x`,
        fullInMs: Number(fullInMs),
        intervalMs: undefined,
      })),
    )
    expect(levels.get('destructive')).toBeCloseTo(0.75, 3)
    expect([levels.get('trial'), levels.get('fleet'), levels.get('tasks'), levels.has('gone')]).toEqual([
      0.75,
      0,
      1,
      false,
    ])
  })
})

describe('a bucket that was charged by another rate', () => {
  it('is as full as it was then', () => {
    const key = 'class destructive|agent 1:x'
    const [rule] = RULES.get('destructive') ?? []
    const intervalMs = 10 * (rule?.intervalMs ?? 0)
    const levels = finder.levels([{ key, fullInMs: intervalMs / 2, intervalMs }])
    expect(levels.get('destructive')).toBeCloseTo(1 - 0.5 / (rule?.burst ?? 0), 6)
  })
})

describe('live buckets', () => {
  const live = [
    { key: 'rule a|fleet 0:', fullInMs: 1, intervalMs: 1 },
    { key: 'rule b|agent 1:x', fullInMs: 3, intervalMs: 1 },
    { key: 'rule b|agent 1:y', fullInMs: 2, intervalMs: 1 },
    { key: 'rule b|agent 1:z', fullInMs: 2, intervalMs: undefined },
  ]

  it('are sorted and cut', () => {
    expect(latestOf(live, 2)).toEqual({ buckets: [live[1], live[2]], more: 2 })
  })

  it('are told by the rule that their keys begin with, and by what they were charged by', () => {
    expect(headOf('rule b|agent 1:x')).toBe('rule b')
    expect(emptiestOf(live)).toEqual([live[0], live[1], live[3]])
  })
})
