/** S25 through the packaged policy: what restricts knows a thing by all its names, what grants knows one. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadPolicy } from '../../policy/bundle.ts'
import { literalName } from '../../policy/literal-names.ts'
import type { PolicyEngine, PolicyStatement } from '../../policy/engine.ts'
import { inputOf } from './samples.ts'

const HERE = 'us-east-1:111122223333'
const SECRET = `arn:aws:secretsmanager:${HERE}:secret:prod-db`
const DB = `arn:aws:rds:${HERE}:db:`
const RULE = { classes: ['read'], agents: ['*'], traits: [], approvers: 1, minCount: 1 } as const

async function engineOf(
  approved: readonly string[],
  granted: readonly string[] = ['*'],
): Promise<PolicyEngine> {
  return loadPolicy({
    data: {
      agents: { [inputOf().agent.id]: { grants: [{ classes: ['read'], resources: granted }] } },
      approvals: [{ ...RULE, resources: approved }],
      tasks: {
        maxSeconds: 3600,
        require: [],
        approvals: [{ classes: ['read'], resources: approved, agents: ['*'], approvers: 1, minSeconds: 0 }],
      },
    },
  })
}

const on = (...resources: string[]) => ({
  ...inputOf(),
  call: { ...inputOf().call, class: 'read', classes: ['read'], resources },
})
const taskOn = (resource: string) => ({
  agent: inputOf().agent,
  task: {
    id: 't',
    intent: '',
    justification: '',
    ticket: '',
    grants: [{ classes: ['read'], resources: [resource] }],
    durationSeconds: 60,
    child: false,
  },
})

describe('an approval by resource', () => {
  it.each([
    [`${SECRET}-*`, SECRET],
    [`${SECRET}-*`, `${SECRET}-AbCdEf`],
    [SECRET, `${SECRET}-AbCdEf`],
    [`${DB}prod-*`, `${DB}PROD-1`],
    [`arn:aws:ec2:${HERE}:launch-template/lt-0a`, `arn:aws:ec2:${HERE}:launch-template/web`],
  ])('for %s is asked for %s, and so is a task', async (rule, resource) => {
    const engine = await engineOf([rule])
    expect(engine.evaluate(on(resource))).toMatchObject({ allow: true, approvals: 1 })
    expect(engine.judgeTask(taskOn(resource))).toMatchObject({ allow: true, approvals: 1 })
  })

  it('is asked for no other thing', async () => {
    const engine = await engineOf([SECRET, `${DB}prod-1`])
    for (const other of [`${SECRET}-replica`, `${DB}prod-2`]) {
      expect(engine.evaluate(on(other)).approvals).toBe(0)
      expect(engine.judgeTask(taskOn(other)).approvals).toBe(0)
    }
  })

  it('says which pattern may mean the thing, if the name alone does not', async () => {
    const engine = await engineOf([`arn:aws:ec2:${HERE}:launch-template/lt-0a`, `${DB}prod`])
    const [message] = engine.evaluate(on(`arn:aws:ec2:${HERE}:launch-template/web`)).messages
    expect(message).toBe(
      `One person must approve read on arn:aws:ec2:${HERE}:launch-template/web, which is or may be another name of ` +
        `arn:aws:ec2:${HERE}:launch-template/lt-0a.`,
    )
  })
})

describe('the case of a name', () => {
  const cases = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })
  const recased = (upper: readonly boolean[]) =>
    Array.from('prod', (char, at) => (upper[at] === true ? char.toUpperCase() : char)).join('')
  let engine: PolicyEngine
  beforeAll(async () => {
    engine = await engineOf([`${DB}prod`], [`${DB}prod`, `arn:aws:sqs:${HERE}:*`])
  })

  it('changes nothing for a rule that restricts, and never widens a grant', () => {
    fc.assert(
      fc.property(cases, (upper) => {
        const name = `${DB}${recased(upper)}`
        const verdict = engine.evaluate(on(name))
        expect(verdict.allow).toBe(name === `${DB}prod`)
        if (verdict.allow) expect(verdict.approvals).toBe(1)
      }),
    )
  })

  it('does not help against a Deny of a session policy, and does not widen its Allow', async () => {
    const all = await engineOf([])
    const within = (statements: readonly PolicyStatement[], resource: string) =>
      all.evaluate({
        ...on(resource),
        call: { ...on(resource).call, actions: ['rds:DescribeDBInstances'] },
        task: { id: 't', scopes: [{ statements }] },
      }).allow
    const statement = (effect: 'Allow' | 'Deny', resource: string) => ({
      effect,
      actions: ['rds:*'],
      resources: [resource],
    })
    fc.assert(
      fc.property(cases, (upper) => {
        const name = `${DB}${recased(upper)}`
        expect(within([statement('Allow', '*'), statement('Deny', `${DB}prod`)], name)).toBe(false)
        expect(within([statement('Allow', `${DB}prod`)], name)).toBe(name === `${DB}prod`)
      }),
    )
  })
})

describe('a star that is a part of a name', () => {
  const key = (name: string) => `arn:aws:s3:::vault/${name}`

  it.each([
    [key('logs/*'), key('logs/${*}'), 1],
    [key('*'), key('logs/${*}'), 1],
    [key('logs/${*}'), key('logs/${*}'), 1],
    [key('LOGS/${*}'), key('logs/${*}'), 1],
    [key('logs/prod-1'), key('logs/${*}'), 0],
    [key('logs/prod-*'), key('logs/${*}'), 0],
    [key('logs/${*}'), key('logs/prod-1'), 0],
    [key('logs/${*}'), key('logs/${$}{${*}}'), 0],
    // Nobody knows which one it is.
    [key('logs/prod-1'), key('logs/*'), 1],
    [key('logs/${*}'), key('logs/*'), 1],
  ])('a rule for %s is asked for %s: %s', async (rule, resource, approvals) => {
    const engine = await engineOf([rule])
    expect(engine.evaluate(on(resource))).toMatchObject({ allow: true, approvals })
    expect(engine.judgeTask(taskOn(resource))).toMatchObject({ allow: true, approvals })
  })

  it('is granted by what covers its name, and by nothing else', async () => {
    const engine = await engineOf([], [key('logs/${*}'), key('own/*'), key('dollar$*'), key('x*}')])
    const allows = (name: string) => engine.evaluate(on(key(literalName(name)))).allow
    expect(['logs/*', 'own/*', 'own/a*', 'dollar$*', 'xa}'].filter(allows)).toHaveLength(5)
    expect(['logs/a', 'logs/**', 'logs/${*}', 'own*', '*', 'dollar*', 'x*'].filter(allows)).toEqual([])
    // A task gets no more of it either.
    const asks = (name: string) => engine.judgeTask(taskOn(key(name))).allow
    expect([asks('logs/${*}'), asks('own/${*}'), asks('own/*')]).toEqual([true, true, true])
    expect([asks('logs/*'), asks('${*}'), asks('dollar${*}'), asks('logs/a')]).toEqual([
      false,
      false,
      false,
      false,
    ])
  })

  it('is held by a Deny of a session policy only if that names it', async () => {
    const engine = await engineOf([])
    const allows = (denied: string, name: string) =>
      engine.evaluate({
        ...on(key(name)),
        call: { ...on(key(name)).call, actions: ['s3:GetObject'] },
        task: {
          id: 't',
          scopes: [
            {
              statements: [
                { effect: 'Allow', actions: ['s3:*'], resources: ['*'] },
                { effect: 'Deny', actions: ['s3:*'], resources: [key(denied)] },
              ],
            },
          ],
        },
      }).allow
    expect(allows('logs/prod-1', 'logs/${*}')).toBe(true)
    expect(allows('logs/${*}', 'logs/${*}')).toBe(false)
    expect(allows('logs/*', 'logs/${*}')).toBe(false)
    expect(allows('logs/prod-1', 'logs/*')).toBe(false)
    expect(allows('logs/prod-1', 'logs/${$}{*}')).toBe(false)
  })
})
