import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadPolicy } from '../../policy/bundle.ts'
import type { PolicyEngine, PolicyInput } from '../../policy/engine.ts'
import { PolicyInputSchema } from '../../policy/input.ts'
import { remembering } from '../../policy/verdict-memory.ts'
import { dataOf, inputOf } from './samples.ts'

/** Says in its verdict what it was asked, so that a verdict that belongs to another input shows. */
function echo(): PolicyEngine & { readonly asked: PolicyInput[] } {
  const asked: PolicyInput[] = []
  return {
    name: 'echo',
    revision: 'r1',
    asked,
    judgeTask: () => expect.unreachable(),
    evaluate(input) {
      asked.push(input)
      return {
        allow: input.call.count % 2 === 0,
        rules: ['echo.rule'],
        messages: [withoutTime(input)],
        approvals: 0,
      }
    },
  }
}

function withoutTime(input: PolicyInput): string {
  return JSON.stringify({ ...input, timeSeconds: 0 })
}

/** Any text, and often text that tries to pass for the end of a member and the beginning of the next. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '"', '\\', '","', '"],["', '\\"', 'a","b', '\u0000', '\ud800', '\udfff', '*', 'null'),
)
const texts = fc.array(text, { maxLength: 3 })
const call = fc.record({
  service: text,
  operation: fc.option(text),
  actions: texts,
  resources: texts,
  count: fc.integer({ min: 1, max: 3 }),
  class: text,
  classes: texts,
  traits: texts,
  accessLevel: text,
  facts: fc.dictionary(text, fc.oneof(fc.boolean(), fc.array(text, { maxLength: 2 })), { maxKeys: 2 }),
  region: text,
})
const scope = fc.oneof(
  fc.record({ grants: fc.array(fc.record({ classes: texts, resources: texts }), { maxLength: 2 }) }),
  fc.record({
    statements: fc.array(
      fc.record({ effect: fc.constantFrom('Allow', 'Deny'), actions: texts, resources: texts }),
      { maxLength: 2 },
    ),
  }),
)
const input = fc.record(
  {
    agent: fc.record({ id: text }),
    call,
    timeSeconds: fc.integer({ min: 0, max: 2 ** 40 }),
    task: fc.record({ id: text, scopes: fc.array(scope, { maxLength: 2 }) }),
    breakglass: fc.record({ id: text, classes: texts, resources: texts }),
  },
  { requiredKeys: ['agent', 'call', 'timeSeconds'] },
)

describe('remembering', () => {
  it('asks once for the same call, whatever the time', () => {
    const engine = echo()
    const remembered = remembering(engine)
    const first = remembered.evaluate(inputOf())
    expect(remembered.evaluate({ ...inputOf(), timeSeconds: 1 })).toBe(first)
    expect(engine.asked).toHaveLength(1)
  })

  it('is known by the name and revision of its engine', () => {
    expect(remembering(echo())).toMatchObject({ name: 'echo', revision: 'r1' })
  })

  it('never gives one input the verdict of another', () => {
    const remembered = remembering(echo())
    fc.assert(
      fc.property(input, (each) => {
        expect(PolicyInputSchema.safeParse(each).success).toBe(true)
        for (let time = 0; time < 2; time += 1) {
          expect(remembered.evaluate(each).messages).toEqual([withoutTime(each)])
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('tells inputs apart that differ in one member, whichever it is', () => {
    fc.assert(
      fc.property(
        input,
        call,
        text,
        fc.constantFrom('agent', ...Object.keys(inputOf().call)),
        (one, other, id, member) => {
          const remembered = remembering(echo())
          const changed =
            member === 'agent'
              ? { ...one, agent: { id } }
              : { ...one, call: { ...one.call, [member]: Reflect.get(other, member) } }
          remembered.evaluate(one)
          expect(remembered.evaluate(changed).messages).toEqual([withoutTime(changed)])
        },
      ),
    )
  })

  it('keeps no verdict of a break-glass beyond it, nor for the next one', async () => {
    const engine = await loadPolicy({ data: dataOf() })
    const glass = (id: string) => ({ ...inputOf(), breakglass: { id, classes: ['read'], resources: ['*'] } })
    expect(engine.evaluate(inputOf()).allow).toBe(false)
    expect(engine.evaluate(glass('bg-1'))).toMatchObject({
      allow: true,
      rules: ['moderato.rules.breakglass.permit'],
    })
    expect(engine.evaluate(inputOf()).allow).toBe(false)
    const asked = echo()
    const remembered = remembering(asked)
    for (const each of [glass('bg-1'), glass('bg-1'), glass('bg-2'), inputOf()]) remembered.evaluate(each)
    expect(asked.asked).toHaveLength(3)
  })

  it('knows every member of the schema but the time', () => {
    const schema = PolicyInputSchema.shape
    expect(Object.keys(schema)).toEqual([...Object.keys(inputOf()), 'task', 'breakglass'])
    expect(Object.keys(schema.call.unwrap().shape)).toEqual(Object.keys(inputOf().call))
  })

  it('hands out verdicts that nobody can change', () => {
    const verdict = remembering(echo()).evaluate(inputOf())
    for (const each of [verdict, verdict.rules, verdict.messages]) expect(Object.isFrozen(each)).toBe(true)
  })

  it('remembers no failure', () => {
    const engine = echo()
    let broken = true
    const remembered = remembering({
      ...engine,
      evaluate(each) {
        if (broken) throw new Error('no')
        return engine.evaluate(each)
      },
    })
    expect(() => remembered.evaluate(inputOf())).toThrow('no')
    broken = false
    expect(remembered.evaluate(inputOf()).rules).toEqual(['echo.rule'])
  })

  it('does not remember a long input', () => {
    const engine = echo()
    const remembered = remembering(engine)
    const long = inputOf({
      resources: Array.from({ length: 100 }, (_, index) => `${'x'.repeat(40)}${index}`),
    })
    remembered.evaluate(long)
    remembered.evaluate(long)
    expect(engine.asked).toHaveLength(2)
  })

  it('forgets the oldest and keeps what is used, within its bound', () => {
    const engine = echo()
    const remembered = remembering(engine, 20_000)
    const kept = inputOf({ resources: ['kept'] })
    remembered.evaluate(kept)
    for (let index = 0; index < 1000; index += 1) {
      remembered.evaluate(inputOf({ resources: [String(index)] }))
      remembered.evaluate(kept)
    }
    expect(engine.asked).toHaveLength(1001)
    remembered.evaluate(inputOf({ resources: ['0'] }))
    expect(engine.asked).toHaveLength(1002)
  })
})
