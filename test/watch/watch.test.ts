import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../proxy/exchange/outcome.ts'
import { watch as WatchSchema } from '../../proxy/config/schema/watch.ts'
import { resourceKey, observationOf } from '../../proxy/watch/detectors/observation.ts'
import { Watch } from '../../proxy/watch/watch.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { REFUSED, seen, watching } from './observations.ts'

const refused = (resource: string, agent = 'agent') => ({
  ...seen('ec2:TerminateInstances', ['destructive'], { resource, agent }),
  ...REFUSED,
})

describe('Watch', () => {
  it('finds the same thing once while its window lasts, and again afterwards', () => {
    const { see, of } = watching()
    for (let tries = 0; tries < 12; tries++) see(refused('i-1'), 10_000)
    expect(of('retry-storm')).toHaveLength(2)
  })

  it('holds nothing against one agent that another did', () => {
    const { see, drifts } = watching()
    for (let tries = 0; tries < 8; tries++) see(refused('i-1', tries % 2 === 0 ? 'a' : 'b'))
    expect(drifts).toEqual([])
  })

  it('begins anew with an agent that people let go on', () => {
    const { see, of, watch } = watching()
    for (let tries = 0; tries < 5; tries++) see(refused('i-1'))
    watch.forget('agent')
    for (let tries = 0; tries < 4; tries++) see(refused('i-1'))
    expect(of('retry-storm')).toHaveLength(1)
    see(refused('i-1'))
    expect(of('retry-storm')).toHaveLength(2)
  })

  it('hears of each finding once, and apart from that of one that goes on', () => {
    const { see, of, ongoing } = watching()
    for (let tries = 0; tries < 9; tries++) see(refused('i-1'))
    expect(of('retry-storm')).toHaveLength(1)
    expect(ongoing.map(({ detector, requests }) => [detector, requests])).toEqual([
      ['retry-storm', 6],
      ['retry-storm', 7],
      ['retry-storm', 8],
      ['retry-storm', 9],
    ])
  })

  it('names the newest requests, and how many there were', () => {
    const { see, of } = watching({ 'retry-storm': { same: 30 } })
    for (let tries = 0; tries < 30; tries++) see(refused('i-1'))
    const found = of('retry-storm').at(-1)
    expect(found?.requestIds).toHaveLength(20)
    expect(found?.requests).toBe(30)
  })

  it('finds again what it could not respond to', async () => {
    const settings = WatchSchema.parse({}).detectors
    const time = new VirtualTime()
    let asked = 0
    const watch = new Watch({
      settings: () => settings,
      clock: time,
      respond: () => ((asked += 1), Promise.reject(new Error('the store is down'))),
      goesOn: () => undefined,
      bug: () => undefined,
    })
    for (let tries = 0; tries < 7; tries++) {
      watch.look(refused('i-1'))
      await time.advance(0)
    }
    expect(asked).toBe(3)
  })

  it('keeps a bounded number of agents, resources and findings', () => {
    const { see, drifts } = watching()
    for (let index = 0; index < 2_000; index++) see(refused(`i-${index}`, `agent-${index}`))
    for (let index = 0; index < 5_000; index++) see(seen('rds:List', ['list'], { resource: `db-${index}` }))
    expect(drifts).toEqual([])
  })
})

const CALL = {
  service: 'ec2',
  operation: 'TerminateInstances',
  class: 'destructive',
  classes: ['destructive'],
  traits: [],
  count: 1,
  resources: ['arn:aws:ec2:us-east-1:*:instance/i-1', '*'],
}

function outcome(over: object, reason = 'policy_denied'): Outcome {
  const exchange = { requestId: 'r', agent: { id: 'a' }, payload: { kind: 'unsigned' }, call: CALL, ...over }
  return { exchange, decision: 'deny', reason, durationMs: 1 } as unknown as Outcome
}

describe('observationOf', () => {
  it('takes a refusal that no retry changes for one', () => {
    expect(observationOf(outcome({}))).toMatchObject({
      refused: true,
      done: false,
      resources: ['ec2:us-east-1:instance/i-1'],
    })
    expect(observationOf(outcome({}, 'replayed'))).toMatchObject({ refused: false })
  })

  it('sees nothing of a request whose signature was not verified', () => {
    expect(observationOf(outcome({ payload: undefined }, 'bad_signature'))).toBeUndefined()
  })

  it('sees nothing of what a response refused, so that none answers another', () => {
    expect(observationOf(outcome({}, 'quarantined'))).toBeUndefined()
    expect(observationOf(outcome({}, 'revoked'))).toBeUndefined()
  })

  it('sees a call as done only if the service did it', () => {
    const answered = (status: number) =>
      observationOf({ ...outcome({ upstream: { status } }, 'none'), decision: 'allow' })?.done
    expect([200, 204, 400, 503].map(answered)).toEqual([true, true, false, false])
  })

  it('sees a call as done, and not as confirmed, that its agent left after it was signed', () => {
    const left = (over: object, decision: string, reason: string) =>
      observationOf({ ...outcome(over, reason), decision } as Outcome)
    const signed = { signed: {} }
    expect(left(signed, 'abort', 'client_gone')).toMatchObject({ done: true, confirmed: false })
    expect(left(signed, 'error', 'upstream_timeout')).toMatchObject({ done: true, confirmed: false })
    expect(left(signed, 'error', 'upstream_unreachable')).toMatchObject({ done: false })
    expect(left({}, 'abort', 'client_gone')).toMatchObject({ done: false })
    expect(left(signed, 'throttle', 'paced')).toMatchObject({ done: false })
  })

  it('says where a call names another account than its own', () => {
    const of = (resource: string, accountId?: string) =>
      observationOf(outcome({ call: { ...CALL, resources: [resource] }, accountId }))?.elsewhere
    const named = 'arn:aws:dynamodb:us-east-1:111122223333:table/t'
    expect(of(named, '111122223333')).toBe(false)
    expect(of(named, '444455556666')).toBe(true)
    expect(of(named)).toBe(true)
    expect(of('arn:aws:dynamodb:us-east-1:*:table/t')).toBe(false)
  })
})

describe('resourceKey', () => {
  it.each([
    ['arn:aws:rds:us-east-1:*:db:d', 'arn:aws:rds:us-east-1:123456789012:db:d'],
    [
      'arn:aws:cloudformation:us-east-1:*:stack/s/*',
      'arn:aws:cloudformation:us-east-1:1:stack/s/51af3dc0-da77',
    ],
    ['arn:aws:s3:::b', 'arn:aws:s3:::b'],
    ['arn:aws:rds:us-east-1:1:db:Prod', 'arn:aws:rds:us-east-1:1:db:pROD'],
    ['arn:aws:secretsmanager:us-east-1:1:secret:s', 'arn:aws:secretsmanager:us-east-1:1:secret:s-AbCdEf'],
    ['arn:aws:iam::1:role/team/r', 'arn:aws:iam::1:role/r'],
    ['arn:aws:logs:us-east-1:1:log-group:g:*', 'arn:aws:logs:us-east-1:1:log-group:g'],
  ])('gives %s and %s one name', (one, other) => {
    expect(resourceKey(one)).toBe(resourceKey(other))
  })

  it('keeps what differs apart, and bounds what agents choose', () => {
    expect(resourceKey('arn:aws:rds:us-east-1:*:db:d')).not.toBe(resourceKey('arn:aws:rds:eu-west-1:*:db:d'))
    expect(resourceKey(`arn:aws:s3:::${'b'.repeat(9_000)}`).length).toBeLessThan(600)
  })
})
