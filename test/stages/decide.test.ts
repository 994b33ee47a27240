import { describe, expect, it } from 'vitest'
import { loadPolicy } from '../../policy/bundle.ts'
import type { PolicyEngine, PolicyInput, PolicyVerdict } from '../../policy/engine.ts'
import { PolicyInputSchema } from '../../policy/input.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Authorizable } from '../../proxy/exchange/exchange.ts'
import type { Call } from '../../proxy/core/call.ts'
import { decide, policyInput, type DecideDeps } from '../../proxy/stages/decide.ts'

const clock = { nowMs: () => 1_790_000_000_999 }

const CALL: Call = {
  service: 's3',
  model: 's3',
  operation: 'DeleteBucket',
  protocol: 's3',
  actions: ['s3:DeleteBucket'],
  resources: ['arn:aws:s3:::data'],
  count: 1,
  class: 'destructive',
  classes: ['destructive'],
  traits: ['irreversible'],
  unmodelled: [],
  facts: {},
  accessLevel: 'Write',
  hostPrefix: '',
  bucket: 'data',
}

/** Only what decide reads; the rest of an exchange is not its business. */
function exchangeOf(call: Partial<Call> = {}): Authorizable {
  const facts: Partial<Authorizable> = {
    requestId: 'r-1',
    agent: { id: 'agent-1', root: 'agent-1', accessKeyId: 'AKID', session: undefined },
    authorization: {
      algorithm: 'AWS4-HMAC-SHA256',
      accessKeyId: 'AKID',
      scope: { date: '20260925', region: 'eu-west-1', service: 's3' },
      signedHeaders: ['host'],
      signature: 'f00',
      presigned: undefined,
    },
    call: { ...CALL, ...call },
  }
  return facts as Authorizable
}

const NONE: ReadonlySet<string> = new Set()
const ALLOW: PolicyVerdict = { allow: true, rules: ['test.permit'], messages: [], approvals: 0 }
const DENY: PolicyVerdict = {
  allow: false,
  rules: ['test.deny'],
  messages: ['Not this.', 'Do that.'],
  approvals: 0,
}

function engineOf(evaluate: (input: PolicyInput) => PolicyVerdict): PolicyEngine {
  return { name: 'test', revision: 'r1', evaluate, judgeTask: () => expect.unreachable() }
}

function stageOf(verdict: PolicyVerdict, deps: Partial<DecideDeps> = {}) {
  return decide({
    policy: () => engineOf(() => verdict),
    mode: () => 'enforce',
    allowUnmodelled: () => NONE,
    clock,
    ...deps,
  })
}

function denialOf(run: () => unknown): Denial {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof Denial) return thrown
    throw thrown
  }
  throw new Error('nothing was denied')
}

describe('decide', () => {
  it('lets an allowed call on with the decision, and changes nothing else', () => {
    const exchange = exchangeOf()
    expect(stageOf(ALLOW)(exchange)).toEqual({
      ...exchange,
      decision: {
        engine: 'test',
        revision: 'r1',
        rules: ['test.permit'],
        wouldDeny: undefined,
        approvals: 0,
        why: [],
      },
    })
  })

  it('denies in the words of the rules, and keeps who decided', () => {
    const denial = denialOf(() => stageOf(DENY)(exchangeOf()))
    expect(denial.reason).toBe('policy_denied')
    expect(denial.message).toBe('Not this. Do that.')
    expect(denial.policy).toEqual({ engine: 'test', revision: 'r1', rules: ['test.deny'] })
  })

  it('bounds the words', () => {
    const verdict = { ...DENY, messages: ['x'.repeat(100_000)] }
    expect(denialOf(() => stageOf(verdict)(exchangeOf())).message).toHaveLength(2048)
  })

  it('hands policy exactly the facts of its schema, time in whole seconds', () => {
    const seen: PolicyInput[] = []
    const engine = engineOf((input) => {
      seen.push(input)
      return ALLOW
    })
    decide({ policy: () => engine, mode: () => 'enforce', allowUnmodelled: () => NONE, clock })(exchangeOf())
    expect(seen).toEqual([policyInput({ id: 'agent-1' }, CALL, 'eu-west-1', clock.nowMs())])
    expect(PolicyInputSchema.parse(seen[0])).toMatchObject({
      agent: { id: 'agent-1' },
      call: { operation: 'DeleteBucket', region: 'eu-west-1' },
      timeSeconds: 1_790_000_000,
    })
  })

  it.each(['enforce', 'observe'] as const)('fails closed in mode %s when the engine throws', (mode) => {
    const cause = new Error('secret detail')
    const engine = engineOf(() => {
      throw cause
    })
    const denial = denialOf(() =>
      decide({ policy: () => engine, mode: () => mode, allowUnmodelled: () => NONE, clock })(exchangeOf()),
    )
    expect(denial.reason).toBe('policy_error')
    expect(denial.cause).toBe(cause)
    expect(denial.message).not.toContain('secret detail')
    expect(denial.policy).toEqual({ engine: 'test', revision: 'r1', rules: [] })
  })

  it.each(['enforce', 'observe'] as const)(
    'refuses class unknown in mode %s though policy allows it',
    (mode) => {
      const unknown = exchangeOf({ operation: null, class: 'unknown', classes: ['unknown'] })
      expect(denialOf(() => stageOf(ALLOW, { mode: () => mode })(unknown)).reason).toBe('unclassified')
      const beside = exchangeOf({ classes: ['destructive', 'unknown'] })
      expect(denialOf(() => stageOf(ALLOW, { mode: () => mode })(beside)).reason).toBe('unclassified')
      expect(denialOf(() => stageOf(DENY, { mode: () => mode })(unknown)).message).toBe('Not this. Do that.')
    },
  )

  it('lets a denied call on in observe mode, with what would have been', () => {
    const { decision } = stageOf(DENY, { mode: () => 'observe' })(exchangeOf())
    expect(decision).toEqual({
      engine: 'test',
      revision: 'r1',
      rules: ['test.deny'],
      wouldDeny: 'policy_denied',
      approvals: 0,
      why: [],
    })
    expect(stageOf(ALLOW, { mode: () => 'observe' })(exchangeOf()).decision.wouldDeny).toBeUndefined()
  })

  it('S7: refuses denied credentials in observe mode too, as the label or beside it', () => {
    const observe = stageOf(DENY, { mode: () => 'observe' })
    const label = exchangeOf({ class: 'credentials', classes: ['credentials'] })
    expect(denialOf(() => observe(label)).reason).toBe('policy_denied')
    const beside = exchangeOf({ classes: ['write', 'credentials'] })
    expect(denialOf(() => observe(beside)).reason).toBe('policy_denied')
    expect(stageOf(ALLOW, { mode: () => 'observe' })(label).decision.wouldDeny).toBeUndefined()
  })

  it('hands on how many people must approve the call, and why', () => {
    const verdict = { ...ALLOW, messages: ['Two people must.'], approvals: 2 } as const
    const asks = { wouldDeny: undefined, approvals: 2, why: ['Two people must.'] }
    expect(stageOf(verdict)(exchangeOf()).decision).toMatchObject(asks)
    const observed = stageOf(verdict, { mode: () => 'observe' })
    expect(observed(exchangeOf()).decision).toMatchObject({ wouldDeny: 'approval_required', approvals: 0 })
    // S7: what issues credentials is enforced in observe mode too.
    expect(observed(exchangeOf({ classes: ['write', 'credentials'] })).decision).toMatchObject(asks)
  })

  it('asks the engine in force at each call', () => {
    let engine = engineOf(() => ALLOW)
    const stage = decide({ policy: () => engine, mode: () => 'enforce', allowUnmodelled: () => NONE, clock })
    stage(exchangeOf())
    engine = engineOf(() => DENY)
    expect(denialOf(() => stage(exchangeOf())).reason).toBe('policy_denied')
  })

  it('reports how long each evaluation took, failed ones too', () => {
    const seconds: number[] = []
    const observeEvaluationSeconds = (each: number) => void seconds.push(each)
    stageOf(ALLOW, { observeEvaluationSeconds })(exchangeOf())
    const engine = engineOf(() => {
      throw new Error('broken')
    })
    denialOf(() =>
      decide({
        policy: () => engine,
        mode: () => 'enforce',
        allowUnmodelled: () => NONE,
        clock,
        observeEvaluationSeconds,
      })(exchangeOf()),
    )
    expect(seconds).toHaveLength(2)
    for (const each of seconds) expect(each).toBeGreaterThanOrEqual(0)
  })

  it('refuses a class that the default policy does not find among the grants', async () => {
    const grants = [{ classes: ['read', 'write'], resources: ['*'] }]
    const engine = await loadPolicy({ data: { agents: { 'agent-1': { grants } } } })
    const stage = decide({ policy: () => engine, mode: () => 'enforce', allowUnmodelled: () => NONE, clock })
    const denial = denialOf(() => stage(exchangeOf()))
    expect(denial.reason).toBe('policy_denied')
    expect(denial.message).toBe('Class destructive is not granted on arn:aws:s3:::data.')
    expect(denial.policy?.rules).toEqual(['moderato.rules.grants.deny'])
    expect(stage(exchangeOf({ class: 'write', classes: ['write'] })).decision.rules).toEqual([
      'moderato.rules.grants.permit',
    ])
  })
})
