import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadBundle, loadPolicy } from '../../policy/bundle.ts'
import type { PolicyApproval } from '../../policy/engine.ts'
import { HOST_BUILTINS, loadOpaWasm } from '../../policy/opa-wasm.ts'
import { ACTION_CLASSES } from '../../proxy/core/action-class.ts'
import { AGENT, dataOf, inputOf } from './samples.ts'

const bundle = await loadBundle()
const GRANTABLE = ACTION_CLASSES.filter((each) => each !== 'unknown')

function union(left: readonly string[], right: readonly string[]): readonly string[] {
  return [...new Set([...left, ...right])]
}

describe('the default policy', () => {
  it('denies by default', async () => {
    const engine = await loadPolicy({ data: dataOf() })
    expect(engine.evaluate(inputOf())).toEqual({
      allow: false,
      rules: ['moderato.rules.grants.deny'],
      messages: ['Class read is not granted on arn:aws:s3:::data/reports/1.csv.'],
      approvals: 0,
    })
  })

  it('denies an agent that it does not know, whatever its id', async () => {
    const engine = await loadPolicy({ data: dataOf({ classes: ['read'], resources: ['*'] }) })
    for (const id of ['', 'other', '__proto__', 'constructor', `${AGENT} `]) {
      expect(engine.evaluate(inputOf({}, id)).allow, id).toBe(false)
    }
    expect(engine.evaluate(inputOf()).allow).toBe(true)
  })

  it.each(GRANTABLE)('lets class %s pass with a grant of that class and with no other', async (each) => {
    const input = inputOf({ class: each, classes: [each] })
    const own = await loadPolicy({ data: dataOf({ classes: [each], resources: ['arn:aws:s3:::data/*'] }) })
    expect(own.evaluate(input)).toEqual({
      allow: true,
      rules: ['moderato.rules.grants.permit'],
      messages: [],
      approvals: 0,
    })
    const others = GRANTABLE.filter((other) => other !== each)
    const all = await loadPolicy({ data: dataOf({ classes: others, resources: ['*'] }) })
    expect(all.evaluate(input).allow).toBe(false)
  })

  it('refuses class unknown even where a grant names it', async () => {
    const engine = await loadPolicy({ data: dataOf({ classes: [...ACTION_CLASSES], resources: ['*'] }) })
    const verdict = engine.evaluate(inputOf({ operation: null, class: 'unknown', classes: ['unknown'] }))
    expect(verdict).toMatchObject({ allow: false, rules: ['moderato.rules.unknown_operation.deny'] })
  })

  it('wants every resource covered, and names those that are not', async () => {
    const engine = await loadPolicy({
      data: dataOf({ classes: ['read'], resources: ['arn:aws:s3:::data/*'] }),
    })
    const outside = ['e', 'd', 'c', 'b', 'a'].map((key) => `arn:aws:s3:::other/${key}`)
    const verdict = engine.evaluate(inputOf({ resources: ['arn:aws:s3:::data/1', ...outside] }))
    expect(verdict.allow).toBe(false)
    expect(verdict.messages).toEqual([
      'Class read is not granted on arn:aws:s3:::other/a, arn:aws:s3:::other/b, arn:aws:s3:::other/c and 2 more.',
    ])
  })

  it.each([
    ['whose resource is unknown', { resources: ['*'] }],
    ['without resources', { resources: [] }],
    ['that is unbounded', { traits: ['unbounded'] }],
  ])('wants the literal pattern * for a call %s', async (_, facts) => {
    const wide = await loadPolicy({ data: dataOf({ classes: ['read'], resources: ['**', 'arn:*', '*a*'] }) })
    expect(wide.evaluate(inputOf(facts)).allow).toBe(false)
    expect(wide.evaluate(inputOf(facts)).messages.join()).toContain('only the pattern * covers')
    const all = await loadPolicy({ data: dataOf({ classes: ['read'], resources: ['*'] }) })
    expect(all.evaluate(inputOf(facts)).allow).toBe(true)
  })

  it('S13: wants reads-secret granted by name', async () => {
    const input = inputOf({ traits: ['reads-secret'] })
    const all = await loadPolicy({ data: dataOf({ classes: GRANTABLE, resources: ['*'] }) })
    expect(all.evaluate(input)).toMatchObject({ allow: false, rules: ['moderato.rules.reads_secret.deny'] })
    const named = await loadPolicy({ data: dataOf({ classes: ['read', 'reads-secret'], resources: ['*'] }) })
    expect(named.evaluate(input).allow).toBe(true)
  })

  it('S2: adding classes, resources or traits never gets a call through with the same grants', async () => {
    const classes = fc.subarray([...ACTION_CLASSES], { minLength: 1 })
    const traits = fc.subarray(['unbounded', 'reads-secret', 'cascade', 'irreversible'])
    const resources = fc.subarray(['arn:aws:s3:::a/1', 'arn:aws:s3:::b', '*', 'arn:aws:s3:::a/*'])
    const patterns = fc.subarray(['*', 'arn:aws:s3:::a/*', 'arn:aws:s3:::b', '**'], { minLength: 1 })
    const grantClasses = fc.subarray([...GRANTABLE, 'reads-secret'], { minLength: 1 })
    const grants = fc.array(fc.record({ classes: grantClasses, resources: patterns }), {
      minLength: 1,
      maxLength: 4,
    })
    const some = fc.record({ classes, traits, resources: fc.constant(['arn:aws:s3:::a/1']) })
    const more = fc.record({ classes, traits, resources })
    let allowed = 0
    await fc.assert(
      fc.asyncProperty(grants, some, more, async (given, few, added) => {
        const engine = await loadOpaWasm({ ...bundle, data: dataOf(...given) })
        const label = few.classes[0] ?? 'unknown'
        const lesser = engine.evaluate(inputOf({ ...few, class: label })).allow
        const graver = inputOf({
          class: added.classes.at(-1) ?? label,
          classes: union(few.classes, added.classes),
          traits: union(few.traits, added.traits),
          resources: union(few.resources, added.resources),
        })
        if (lesser) allowed++
        if (!lesser) expect(engine.evaluate(graver).allow).toBe(false)
      }),
      { numRuns: 300, seed: 11 },
    )
    expect(allowed).toBeGreaterThan(5)
  })

  it('counts the label as a class, though `classes` leaves it out', async () => {
    const engine = await loadPolicy({ data: dataOf({ classes: ['read'], resources: ['*'] }) })
    expect(engine.evaluate(inputOf({ class: 'destructive', classes: ['read'] })).allow).toBe(false)
  })
})

describe('what people must approve', () => {
  const RULE = {
    classes: ['destructive'],
    resources: ['arn:aws:s3:::prod/*'],
    agents: ['*'],
    traits: [],
    approvers: 2,
    minCount: 1,
  } as const
  const asking = (...approvals: readonly PolicyApproval[]) =>
    loadPolicy({ data: { ...dataOf({ classes: ['destructive'], resources: ['*'] }), approvals } })
  const call = (resource: string) =>
    inputOf({ class: 'destructive', classes: ['destructive'], resources: [resource] })

  it('is said with the number of people, the rule and the reason', async () => {
    expect((await asking(RULE)).evaluate(call('arn:aws:s3:::prod/1'))).toEqual({
      allow: true,
      rules: ['moderato.rules.approvals.ask', 'moderato.rules.grants.permit'],
      messages: ['Two people must approve destructive on arn:aws:s3:::prod/1.'],
      approvals: 2,
    })
  })

  it('is what the rules name, and what may be that', async () => {
    const engine = await asking(RULE, { ...RULE, resources: ['arn:aws:s3:::test/x'], approvers: 1 })
    const approvals = (resource: string) => engine.evaluate(call(resource)).approvals
    expect(approvals('arn:aws:s3:::other/1')).toBe(0)
    expect(approvals('arn:aws:s3:::test/x')).toBe(1)
    // All objects of a bucket, all buckets, and what is not known.
    expect(approvals('arn:aws:s3:::prod*')).toBe(2)
    expect(approvals('arn:aws:s3:::*')).toBe(2)
    expect(approvals('*')).toBe(2)
    expect(approvals('arn:aws:s3:::test/*')).toBe(1)
  })

  it('is part of the revision', async () => {
    expect((await asking(RULE)).revision).not.toBe((await asking()).revision)
  })

  it('never needs fewer people as a call grows', async () => {
    const pool = ['arn:aws:s3:::prod/1', 'arn:aws:s3:::b', '*', 'arn:aws:s3:::p*']
    const part = fc.record({
      classes: fc.subarray(['destructive', 'write', 'opaque']),
      traits: fc.subarray(['unbounded', 'irreversible']),
      resources: fc.subarray(pool),
      count: fc.integer({ min: 1, max: 20 }),
    })
    const all = dataOf({ classes: ['destructive', 'write', 'opaque'], resources: ['*'] })
    const rules = [
      RULE,
      { ...RULE, classes: ['write'], resources: ['*'], approvers: 1, minCount: 10 },
    ] as const
    const engine = await loadPolicy({ data: { ...all, approvals: rules } })
    fc.assert(
      fc.property(part, part, (few, added) => {
        const less = inputOf({ ...few, class: 'write' })
        const more = inputOf({
          class: 'write',
          classes: union(few.classes, added.classes),
          traits: union(few.traits, added.traits),
          // A call that names nothing touches whatever there is.
          resources: few.resources.length === 0 ? [] : union(few.resources, added.resources),
          count: Math.max(few.count, added.count),
        })
        expect(engine.evaluate(more).approvals).toBeGreaterThanOrEqual(engine.evaluate(less).approvals)
      }),
    )
  })
})

describe('loadOpaWasm', () => {
  const data = dataOf({ classes: ['read'], resources: ['arn:aws:s3:::data/*'] })

  it('changes its revision with the data and with the module', async () => {
    const one = await loadOpaWasm({ ...bundle, data })
    const same = await loadOpaWasm({ ...bundle, data })
    const other = await loadOpaWasm({ ...bundle, data: dataOf() })
    expect(same.revision).toBe(one.revision)
    expect(other.revision).not.toBe(one.revision)
    expect(one.revision).toMatch(new RegExp(`^${bundle.revision.slice(0, 16)}\\.[0-9a-f]{16}$`))
  })

  it('rejects a module that is cut short, or is no policy', async () => {
    const cut = bundle.wasm.subarray(0, 5000)
    await expect(loadOpaWasm({ ...bundle, wasm: cut, data })).rejects.toThrow()
    const empty = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    await expect(loadOpaWasm({ ...bundle, wasm: empty, data })).rejects.toThrow(
      "policy bundle can't be loaded",
    )
  })

  it('rejects a bundle that needs a builtin which the host lacks', async () => {
    await expect(loadOpaWasm({ ...bundle, data, builtins: {} })).rejects.toThrow(
      'builtins that the host lacks: moderato.arn_match',
    )
  })

  it.each(['agents', 'approvals'])('rejects a bundle that brings %s of its own', async (name) => {
    const bundleData = { [name]: {} }
    await expect(loadOpaWasm({ ...bundle, bundleData, data })).rejects.toThrow(`data.${name}`)
  })

  it.each([
    ['an Error', new Error('broken'), 'broken'],
    ['a string', 'broken text', 'broken text'],
    ['a plain object', { message: 'broken object' }, 'broken object'],
  ])('throws an Error when a builtin throws %s, and answers again afterwards', async (_, thrown, message) => {
    let broken = true
    const builtins = {
      ...HOST_BUILTINS,
      'moderato.arn_match': (patterns: readonly string[], arn: string) => {
        if (broken) throw thrown
        return HOST_BUILTINS['moderato.arn_match']?.(patterns as never, arn as never)
      },
    }
    const engine = await loadOpaWasm({ ...bundle, data, builtins })
    let caught: unknown
    try {
      engine.evaluate(inputOf())
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(Error)
    expect(String(caught)).toContain(message)
    broken = false
    expect(engine.evaluate(inputOf()).allow).toBe(true)
  })

  it.each([null, undefined, 0, 1, 'yes', {}, false])(
    'never allows when the matcher answers %j',
    async (answer) => {
      const engine = await loadOpaWasm({
        ...bundle,
        data,
        builtins: { ...HOST_BUILTINS, 'moderato.arn_match': () => answer },
      })
      let allow: unknown = 'thrown'
      try {
        allow = engine.evaluate(inputOf()).allow
      } catch {}
      expect(['thrown', false]).toContain(allow)
    },
  )

  it('throws on text that is no Unicode, and answers again afterwards', async () => {
    const engine = await loadOpaWasm({ ...bundle, data })
    expect(() => engine.evaluate(inputOf({ resources: ['arn:aws:s3:::data/\ud800'] }))).toThrow(
      'not valid Unicode',
    )
    expect(engine.evaluate(inputOf()).allow).toBe(true)
  })

  it.each(['a\u0000b', '\\ud800', '\\\\ud800', 'é😀', '"\\\u001f', '\u2028'])(
    'carries the key %j through unharmed',
    async (key) => {
      const exact = await loadOpaWasm({
        ...bundle,
        data: dataOf({ classes: ['read'], resources: [`arn:${key}`] }),
      })
      expect(exact.evaluate(inputOf({ resources: [`arn:${key}`] })).allow).toBe(true)
      expect(exact.evaluate(inputOf({ resources: [`arn:${key}x`] })).allow).toBe(false)
      expect(exact.evaluate(inputOf({ resources: ['arn:a'] })).allow).toBe(false)
    },
  )

  it('throws on an input beyond its limit', async () => {
    const engine = await loadOpaWasm({ ...bundle, data })
    const resources = ['x'.repeat(3 << 20)]
    expect(() => engine.evaluate(inputOf({ resources }))).toThrow('the policy input has more than')
    expect(engine.evaluate(inputOf()).allow).toBe(true)
  })

  it('judges a batch of a thousand keys, again and again', async () => {
    const engine = await loadOpaWasm({ ...bundle, data })
    const resources = Array.from(
      { length: 1000 },
      (_, index) => `arn:aws:s3:::data/${'k'.repeat(900)}${index}`,
    )
    for (let round = 0; round < 20; round++) {
      expect(engine.evaluate(inputOf({ resources })).allow).toBe(true)
      expect(engine.evaluate(inputOf({ resources: [...resources, 'arn:aws:s3:::other'] })).allow).toBe(false)
    }
  })
})
