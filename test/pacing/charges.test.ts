import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { severest, type ActionClass, type Trait } from '../../proxy/core/action-class.ts'
import { bucketsOf, keyOf, MAX_RESOURCES, type KeyPart, type Subject } from '../../proxy/pacing/bucket-key.ts'
import { chargesOf } from '../../proxy/pacing/charges.ts'
import { LocalLimiter } from '../../proxy/pacing/limiter.ts'
import { pacesFrom } from '../../proxy/pacing/paces.ts'
import { parseRate } from '../../proxy/pacing/rates.ts'
import {
  DIMENSIONS,
  rulesFrom,
  type Dimension,
  type PaceRule,
  type RuleSetting,
} from '../../proxy/pacing/rules.ts'

const WEIGHTS = { unboundedCount: 10, cascadeWeight: 1 }
const PAYER: Subject = {
  agent: 'a',
  root: 'a',
  task: undefined,
  account: '111122223333',
  region: 'us-east-1',
  service: 'ec2',
  resources: ['arn:1'],
}

const setting = (name: string, per: readonly Dimension[], rest: Partial<RuleSetting> = {}): RuleSetting => ({
  name,
  classes: ['destructive', 'disruptive'],
  per,
  rate: parseRate('60/h'),
  burst: 20,
  maxWait: 10_000,
  mode: 'enforce',
  ...rest,
})

interface Ask {
  readonly rules: readonly RuleSetting[]
  readonly classes?: readonly ActionClass[]
  readonly traits?: readonly Trait[]
  readonly count?: number
  readonly payer?: Partial<Subject>
  readonly factor?: number
}

/** What a call is charged beside the paces of its classes. */
function charged({ rules, classes = ['destructive'], traits = [], count = 1, payer = {}, factor = 1 }: Ask) {
  const call = { class: severest(classes), classes, traits, count }
  const dues = chargesOf(call, { ...PAYER, ...payer }, rulesFrom(pacesFrom(), rules), WEIGHTS, factor)
  const ofRules = dues.enforced.filter(({ rule }) => rule.source === 'rule')
  return { dues, ofRules, keys: ofRules.map(({ key }) => key), weights: ofRules.map(({ weight }) => weight) }
}

describe('duesOf', () => {
  it('charges the pace of each class and every rule that applies, and waits as the strictest says', () => {
    const { dues } = charged({
      rules: [setting('fleet', ['fleet']), setting('writes', ['agent'], { classes: ['write'] })],
      classes: ['destructive', 'disruptive'],
    })
    expect(dues.enforced.map(({ rule }) => rule.name)).toEqual(['destructive', 'fleet', 'disruptive'])
    expect(dues.maxWaitMs).toBe(10_000)
  })

  it('charges each class to the root as well, where agents share one, and not twice where they do not', () => {
    const classes = ['destructive', 'write'] as const
    const keysFor = (payer: Partial<Subject>) =>
      charged({ rules: [], classes, payer }).dues.enforced.map(({ key }) => key)
    const own = ['class destructive|agent 1:a', 'class write|agent 1:a']
    expect(keysFor({})).toEqual(own)
    expect(keysFor({ root: 'r' })).toEqual([
      'class destructive|agent 1:a',
      'class destructive|root 1:r',
      'class write|agent 1:a',
      'class write|root 1:r',
    ])
  })

  it('slows an agent without slowing those that share its root', () => {
    const { dues } = charged({ rules: [], payer: { root: 'r' }, factor: 3 })
    const [own, shared] = dues.enforced.map(({ rate, rule }) => rate.intervalMs / rule.intervalMs)
    expect({ own, shared }).toEqual({ own: 3, shared: 1 })
  })

  it('charges a rule once for a call of several of its classes, and once each where it has a bucket a class', () => {
    const classes = ['destructive', 'disruptive'] as const
    expect(charged({ rules: [setting('r', ['agent'])], classes }).keys).toHaveLength(1)
    expect(charged({ rules: [setting('r', ['fleet', 'class'])], classes }).keys).toEqual([
      'rule r|fleet 0:|class 11:destructive',
      'rule r|fleet 0:|class 10:disruptive',
    ])
  })

  it.each<[Dimension, Partial<Subject>]>([
    ['agent', { agent: 'b' }],
    ['root', { root: 'r' }],
    ['task', { task: 't' }],
    ['account', { account: '*' }],
    ['region', { region: 'eu-west-1' }],
    ['service', { service: 's3' }],
    ['resource', { resources: ['arn:2'] }],
  ])('has a bucket for each %s, and fleet one for all', (dimension, payer) => {
    const apart = [setting('r', [dimension])]
    expect(charged({ rules: apart }).keys).not.toEqual(charged({ rules: apart, payer }).keys)
    const together = [setting('r', ['fleet'])]
    expect(charged({ rules: together }).keys).toEqual(charged({ rules: together, payer }).keys)
  })

  it('falls back to the agent where there is no task, and to no name that a task could have', () => {
    const rules = [setting('r', ['task'])]
    const fallen = charged({ rules, payer: { agent: 'x' } }).keys
    expect(fallen).toEqual(['rule r|agent 1:x'])
    expect(charged({ rules, payer: { agent: 'y', task: 'x' } }).keys).not.toEqual(fallen)
  })

  it('charges each resource of a call, with the most that can be its share of the count', () => {
    const rules = [setting('r', ['agent', 'resource'])]
    const resources = ['arn:1', 'arn:2', 'arn:2', 'arn:3']
    expect(charged({ rules, count: 3, payer: { resources } }).weights).toEqual([1, 1, 1])
    expect(charged({ rules, count: 5, payer: { resources } }).weights).toEqual([3, 3, 3])
    expect(charged({ rules, count: 5 }).weights).toEqual([5])
  })

  it('charges one thing in one bucket, whatever the case and the name that a call gives it (S25)', () => {
    const rules = [setting('r', ['agent', 'resource'])]
    const keyFor = (...resources: string[]) => charged({ rules, payer: { resources } }).keys
    const db = 'arn:aws:rds:us-east-1:1:db:'
    expect(keyFor(`${db}PROD`)).toEqual(keyFor(`${db}prod`))
    expect(keyFor(`${db}PROD`, `${db}prod`)).toHaveLength(1)
    const secret = 'arn:aws:secretsmanager:us-east-1:1:secret:prod-db'
    expect(keyFor(`${secret}-AbCdEf`)).toEqual(keyFor(secret))
    const table = 'arn:aws:dynamodb:us-east-1:1:table/'
    expect(keyFor(`${table}PROD`)).not.toEqual(keyFor(`${table}prod`))
  })

  it('charges one bucket of the rule for more resources than it keeps apart, and never none', () => {
    const rules = [setting('r', ['agent', 'resource'])]
    const many = Array.from({ length: MAX_RESOURCES + 1 }, (_, index) => `arn:${index}`)
    expect(charged({ rules, count: many.length, payer: { resources: many } })).toMatchObject({
      keys: ['rule r|agent 1:a|resource 6:(many)'],
      weights: [many.length],
    })
    expect(charged({ rules, payer: { resources: [] } }).keys).toEqual(['rule r|agent 1:a|resource 1:*'])
  })

  it('charges what reaches an unknown number of things as configured, at most the burst of the rule', () => {
    const rules = [setting('wide', ['fleet']), setting('narrow', ['agent'], { burst: 4 })]
    expect(charged({ rules, traits: ['unbounded'] }).weights).toEqual([10, 4])
  })

  it('slows the buckets of the agent alone', () => {
    const rules = [
      setting('fleet', ['fleet']),
      setting('region', ['region']),
      setting('own', ['agent', 'region']),
    ]
    const { dues } = charged({ rules, factor: 4 })
    expect(dues.enforced.map(({ rule, rate }) => [rule.name, rate.intervalMs / rule.intervalMs])).toEqual([
      ['destructive', 4],
      ['fleet', 1],
      ['region', 1],
      ['own', 4],
    ])
  })

  it('keeps what an observing rule charges apart from what it would charge when it is enforced', () => {
    const enforced = charged({ rules: [setting('r', ['fleet'])] })
    const { dues, keys } = charged({ rules: [setting('r', ['fleet'], { mode: 'observe', maxWait: 0 })] })
    expect(keys).toEqual([])
    expect(dues.observed.map(({ key }) => key)).toEqual(['~rule r|fleet 0:'])
    expect(enforced.keys).toEqual(['rule r|fleet 0:'])
    expect(dues.maxWaitMs).toBe(20_000)
  })

  it('is charged all or nothing: what one rule refuses costs nothing in the others', () => {
    const rules = [setting('tight', ['fleet'], { burst: 1 })]
    const limiter = new LocalLimiter()
    const { dues } = charged({ rules })
    expect(limiter.take(dues.enforced, 1_000).kind).toBe('now')
    const before = limiter.peek(dues.enforced.map(({ key }) => key))
    expect(limiter.take(dues.enforced, 1_000)).toMatchObject({ kind: 'at', limiting: 1 })
    expect(limiter.peek(dues.enforced.map(({ key }) => key))).toEqual(before)
  })
})

describe('keyOf', () => {
  const rule = (name: string, per: readonly Dimension[]): PaceRule =>
    rulesFrom(new Map(), [setting(name, per)]).get('destructive')?.[0] as PaceRule

  it('gives two buckets one name only if they are the same, whatever text agents choose', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('', 'a|region 1:b', '1:b', '|', ' ', 'a|', 'fleet 0:', '9:us-east-1|'),
    )
    const parts = fc.array(fc.tuple(fc.constantFrom(...DIMENSIONS), text), { minLength: 1, maxLength: 3 })
    const named = fc.record({ name: fc.constantFrom('r', 'r-1', 'rr'), parts })
    const keyOfNamed = (each: { name: string; parts: KeyPart[] }) =>
      keyOf(rule(each.name, ['agent']), each.parts)
    fc.assert(
      fc.property(named, named, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other)
        expect(keyOfNamed(one) === keyOfNamed(other)).toBe(same)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is bounded, and still another for another text', () => {
    const long = (end: string) => {
      const resources = [`arn:${'x'.repeat(20_000)}${end}`]
      const own = rule('r', ['resource'])
      return bucketsOf(own, { ...PAYER, resources }, ['destructive']).map((parts) => keyOf(own, parts))
    }
    expect(long('1')[0]?.length).toBeLessThan(520)
    expect(long('1')).not.toEqual(long('2'))
  })
})
