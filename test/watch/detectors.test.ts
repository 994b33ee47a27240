import { describe, expect, it } from 'vitest'
import type { Scope } from '../../proxy/core/agent.ts'
import type { Observation } from '../../proxy/watch/detectors/observation.ts'
import { REFUSED, seen, THROTTLED, watching } from './observations.ts'

const SECOND = 1_000
const MINUTE = 60_000
const TABLE = 'dynamodb:us-east-1:table/t'
const gone = (resource = TABLE) => seen('dynamodb:DeleteTable', ['destructive'], { resource })
const made = (resource = TABLE) => seen('dynamodb:CreateTable', ['write'], { resource })

describe('recreate-loop', () => {
  it('finds the second time that something is deleted and made again, and says what and how', () => {
    const { see, of } = watching()
    for (const each of [gone(), made(), gone()]) see(each, MINUTE)
    expect(of('recreate-loop')).toEqual([])
    see(made(), MINUTE)
    const [drift] = of('recreate-loop')
    expect(drift?.words).toContain(`Deleted "${TABLE}" and made it again 2 times within 30 min`)
    expect(drift?.requestIds).toHaveLength(4)
  })

  it('does not find it when the pairs are further apart than its window', () => {
    const { see, of } = watching()
    for (const each of [gone(), made()]) see(each, MINUTE)
    for (const each of [gone(), made()]) see(each, 31 * MINUTE)
    expect(of('recreate-loop')).toEqual([])
  })

  it('does not pair different things, nor what the service refused', () => {
    const { see, of } = watching()
    for (const each of [gone('a'), made('b'), gone('c'), made('d')]) see(each)
    for (const each of [gone(), made(), gone(), made()]) see({ ...each, done: false })
    expect(of('recreate-loop')).toEqual([])
  })
})

describe('fanout', () => {
  const destroy = (service: string, resource: string) =>
    seen(`${service}:DeleteThing`, ['destructive'], { resource })

  it('finds five destructions over three services within a minute', () => {
    const { see, of } = watching()
    for (const [index, service] of ['rds', 'ecs', 'ec2', 'ec2'].entries())
      see(destroy(service, `r${index}`), SECOND)
    expect(of('fanout')).toEqual([])
    see(destroy('s3', 'r9'), SECOND)
    expect(of('fanout')[0]?.words).toContain('5 destructions over 4 services (rds, ecs, ec2 and s3)')
  })

  it('finds neither five in two services, nor five in more than a minute', () => {
    const { see, of } = watching()
    const slow = watching()
    for (const [index, service] of ['rds', 'rds', 'ec2', 'ec2', 'ec2', 'ec2'].entries())
      see(destroy(service, `r${index}`))
    for (const [index, service] of ['a', 'b', 'c', 'd', 'e', 'f'].entries())
      slow.see(destroy(service, `s${index}`), 16 * SECOND)
    expect([...of('fanout'), ...slow.of('fanout')]).toEqual([])
  })

  it('counts neither what was throttled or refused, nor the tries of one call twice', () => {
    const { see, of } = watching()
    for (const service of ['rds', 'ecs', 'ec2', 's3', 'sqs']) {
      see({ ...destroy(service, 'r'), ...THROTTLED })
      see({ ...destroy(service, 'r'), ...REFUSED })
    }
    for (const service of ['rds', 'ecs', 'ec2'])
      for (let tries = 0; tries < 3; tries++) see(destroy(service, 'r'))
    expect(of('fanout')).toEqual([])
  })
})

describe('a call that was throttled, refused or answered with an error', () => {
  const notMade: readonly Partial<Observation>[] = [THROTTLED, REFUSED, { done: false, confirmed: false }]

  it.each(notMade)('destroys nothing, and trips nothing that says so: %j', (how) => {
    const { see, drifts } = watching({ 'mass-delete': { things: 5 }, 'retry-storm': { same: 500, any: 500 } })
    const calls = [
      seen('rds:ModifyDBInstance', ['protection'], { resource: 'db' }),
      seen('iam:AttachRolePolicy', ['permissions'], { resource: 'role' }),
      ...['rds', 'ecs', 'ec2', 's3', 'sqs', 'sns'].map((service) =>
        seen(`${service}:DeleteThing`, ['destructive'], { resource: `${service}-thing` }),
      ),
      seen('rds:DeleteDBInstance', ['destructive'], { resource: 'db' }),
      seen('lambda:CreateFunction', ['write'], { resource: 'role' }),
      seen('s3:DeleteObjects', ['data-delete'], { resource: 'b', count: 1_000 }),
    ]
    for (const each of calls) see({ ...each, ...how }, SECOND)
    expect(drifts).toEqual([])
  })

  it('is found as soon as it goes', () => {
    const { see, of } = watching()
    const drop = seen('rds:DeleteDBInstance', ['destructive'], { resource: 'db' })
    for (let tries = 0; tries < 3; tries++) see({ ...drop, ...THROTTLED }, 2 * SECOND)
    see(drop, 2 * SECOND)
    expect(of('read-to-destructive')).toHaveLength(1)
  })

  it('is told as a try where it would have turned off what shows damage, and was refused', () => {
    const { see, of } = watching()
    see({ ...seen('cloudtrail:StopLogging', ['protection'], { resource: 'trail' }), ...REFUSED })
    see({ ...seen('cloudtrail:StopLogging', ['protection'], { resource: 'other' }), ...THROTTLED })
    see(seen('dynamodb:DeleteTable', ['destructive'], { resource: TABLE }))
    expect(of('blind-and-burn').map(({ words }) => words)).toEqual([
      'cloudtrail:StopLogging on "trail" would have turned off or weakened what would show or undo damage; ' +
        'it was refused (policy_denied).',
    ])
  })
})

describe('read-to-destructive', () => {
  const look = () => seen('rds:DescribeDBInstances', ['list'], { resource: 'db' })
  const drop = () => seen('rds:DeleteDBInstance', ['destructive'], { resource: 'db' })

  it('finds what is destroyed within 30 s of the first look at it, and says how long it was', () => {
    const { see, of } = watching()
    see(look())
    see(drop(), 9 * SECOND)
    expect(of('read-to-destructive')[0]?.words).toBe(
      'rds:DeleteDBInstance on "db", 9 s after it first came upon it by rds:DescribeDBInstances.',
    )
  })

  it('finds what was never looked at', () => {
    const { see, of } = watching()
    see(drop())
    expect(of('read-to-destructive')[0]?.words).toContain('which it had never looked at before')
  })

  it('does not find what was known for 30 s', () => {
    const { see, of } = watching()
    see(look())
    see(drop(), 30 * SECOND)
    expect(of('read-to-destructive')).toEqual([])
  })

  it('does not take refused calls for a look: nobody ages a resource by calls that never go', () => {
    const { see, of } = watching()
    see({ ...look(), ...REFUSED })
    see(drop(), MINUTE)
    expect(of('read-to-destructive')).toHaveLength(1)
  })

  it('takes what a flood of other looks made it forget for never looked at', () => {
    const { see, of } = watching()
    see(look())
    for (let index = 0; index < 1_100; index++) see(seen('rds:List', ['list'], { resource: `db${index}` }))
    see(drop(), MINUTE)
    expect(of('read-to-destructive')).toHaveLength(1)
  })

  it('finds what a task destroys that was opened just now', () => {
    const { see, of, time } = watching()
    const task = { id: 't', root: 'r', intent: undefined, scopes: [], openedAtMs: time.nowMs() }
    see({ ...drop(), resources: [], task }, 5 * SECOND)
    see({ ...drop(), resources: [], task }, MINUTE)
    expect(of('read-to-destructive').map(({ words }) => words)).toEqual([
      'rds:DeleteDBInstance 5 s after task "t" was opened.',
    ])
  })
})

describe('guard-removal', () => {
  const off = (resource = 'db') => seen('rds:ModifyDBInstance', ['write', 'protection'], { resource })
  const drop = (resource = 'db') => seen('rds:DeleteDBInstance', ['destructive'], { resource })

  it('finds a guard taken off and its thing destroyed within 15 min', () => {
    const { see, of } = watching()
    see(off())
    see(drop(), 14 * MINUTE)
    expect(of('guard-removal')[0]?.words).toContain(
      'rds:ModifyDBInstance weakened what guards "db", and 14 min later rds:DeleteDBInstance went for it',
    )
  })

  it('finds neither another thing, nor a later time, nor one call that is both', () => {
    const { see, of } = watching()
    see(off('other'))
    see(drop())
    see(off())
    see(drop(), 16 * MINUTE)
    see(seen('cloudtrail:DeleteTrail', ['destructive', 'protection'], { resource: 'trail' }), MINUTE)
    expect(of('guard-removal')).toEqual([])
  })
})

describe('retry-storm', () => {
  const refused = (resource = 'i-1', operation = 'ec2:TerminateInstances') => ({
    ...seen(operation, ['destructive'], { resource }),
    ...REFUSED,
  })

  it('finds the fifth refusal of the same call within a minute, once', () => {
    const { see, of } = watching()
    for (let tries = 0; tries < 4; tries++) see(refused(), 5 * SECOND)
    expect(of('retry-storm')).toEqual([])
    for (let tries = 0; tries < 4; tries++) see(refused(), 5 * SECOND)
    expect(of('retry-storm')).toHaveLength(1)
    expect(of('retry-storm')[0]?.words).toContain('was refused 5 times within 60 s (policy_denied)')
  })

  it('finds the twentieth refusal of any calls within five minutes', () => {
    const { see, of } = watching()
    for (let tries = 0; tries < 20; tries++) see(refused(`i-${tries}`), 10 * SECOND)
    expect(of('retry-storm')[0]?.words).toContain('20 calls were refused within 5 min (policy_denied)')
  })

  it('finds neither slow tries, nor what is throttled and retried by SDKs', () => {
    const { see, of } = watching()
    for (let tries = 0; tries < 19; tries++) see(refused(), 16 * SECOND)
    for (let tries = 0; tries < 30; tries++) see({ ...refused(), ...THROTTLED })
    expect(of('retry-storm')).toEqual([])
  })
})

describe('privilege-chain', () => {
  const ROLE = 'iam::role/admin'
  const grant = () => seen('iam:AttachRolePolicy', ['permissions'], { resource: ROLE })
  const use = () =>
    seen('lambda:CreateFunction', ['write', 'opaque'], { resources: ['lambda:us-east-1:function:f', ROLE] })

  it('finds a role that was given power and is passed on within 15 min', () => {
    const { see, of } = watching()
    see(grant())
    see(use(), 2 * MINUTE)
    expect(of('privilege-chain')[0]?.words).toContain(
      `iam:AttachRolePolicy gave power to "${ROLE}", and 2 min later lambda:CreateFunction put it to use`,
    )
  })

  it('finds neither a role that nobody changed, nor a look at one, nor a later use', () => {
    const { see, of } = watching()
    see(use())
    see(grant())
    see(seen('iam:GetRole', ['read'], { resource: ROLE }))
    see(use(), 16 * MINUTE)
    expect(of('privilege-chain')).toEqual([])
  })

  it('finds at once what gives power to a principal that agents act as', () => {
    const { see, of } = watching({ 'privilege-chain': { own: ['arn:aws:iam::123456789012:role/admin'] } })
    see(grant())
    expect(of('privilege-chain')[0]?.words).toContain('it gives power to itself')
  })
})

describe('mass-delete', () => {
  const remove = (count: number) => seen('s3:DeleteObjects', ['data-delete'], { resource: 'b', count })

  it('finds a hundred things within a minute, in many calls or in one', () => {
    const many = watching()
    for (let calls = 0; calls < 10; calls++) many.see(remove(10), SECOND)
    expect(many.of('mass-delete')[0]?.words).toBe('Deleted 100 things within 60 s by s3:DeleteObjects.')
    const one = watching()
    one.see(remove(1_000))
    expect(one.of('mass-delete')[0]?.words).toBe('s3:DeleteObjects deletes 1000 things in one call.')
  })

  it('names a hundred of them, and says how many more there are', () => {
    const names = (from: number, number: number) =>
      Array.from({ length: number }, (_, at) => `b/${from + at}`)
    const many = watching()
    for (let at = 0; at < 130; at++) many.see({ ...remove(1), resources: names(at, 1) })
    expect(many.of('mass-delete')[0]).toMatchObject({ things: names(0, 100), moreThings: 0 })
    const some = watching()
    for (let at = 0; at < 6; at++) some.see({ ...remove(25), resources: names(at * 25, 25) }, 10)
    expect(some.of('mass-delete')[0]).toMatchObject({ things: names(0, 100), moreThings: 0 })
    expect(some.ongoing.at(-1)).toMatchObject({ things: names(0, 100), moreThings: 50 })
    const one = watching()
    one.see({ ...remove(120), resources: names(0, 100) })
    expect(one.of('mass-delete')[0]).toMatchObject({ things: names(0, 100), moreThings: 20 })
    const unnamed = watching()
    unnamed.see({ ...remove(1_000), resources: [] })
    expect(unnamed.of('mass-delete')[0]).toMatchObject({ things: [], moreThings: 0 })
  })

  it('does not find them spread over more time, nor calls that were not made', () => {
    const { see, of } = watching()
    for (let calls = 0; calls < 30; calls++) see(remove(10), 7 * SECOND)
    for (let calls = 0; calls < 30; calls++) see({ ...remove(10), done: false })
    see({ ...remove(1_000), done: false, decision: 'deny', reason: 'pace_exceeds_burst' })
    expect(of('mass-delete')).toEqual([])
  })
})

describe('blind-and-burn', () => {
  const blind = () => seen('cloudtrail:StopLogging', ['protection'], { resource: 'trail' })
  const burn = () => seen('dynamodb:DeleteTable', ['destructive'], { resource: TABLE })

  it('finds any one call that turns logging, backup or retention off', () => {
    for (const name of [
      'cloudtrail:StopLogging',
      'dynamodb:UpdateContinuousBackups',
      's3:PutBucketVersioning',
      'kms:DisableKey',
    ]) {
      const { see, of } = watching()
      see(seen(name, ['protection'], { resource: 'x' }))
      expect(of('blind-and-burn')[0]?.words).toContain(`${name} on "x" turns off or weakens`)
    }
  })

  it.each([[[blind, burn]], [[burn, blind]]])(
    'is graver with a destruction within the hour, in either order',
    (calls) => {
      const { see, of } = watching({ 'blind-and-burn': { response: 'mark', burnResponse: 'quarantine' } })
      for (const each of calls) see(each(), 50 * MINUTE)
      const drift = of('blind-and-burn').at(-1)
      expect(drift?.response).toBe('quarantine')
      expect(drift?.words).toBe(
        'Within 60 min it weakened what would show or undo damage (cloudtrail:StopLogging) and destroyed (dynamodb:DeleteTable).',
      )
    },
  )

  it('finds neither the guard of a single thing, nor two that are further apart', () => {
    const { see, of } = watching({ 'blind-and-burn': { response: 'mark', burnResponse: 'quarantine' } })
    see(seen('rds:ModifyDBInstance', ['write', 'protection'], { resource: 'db' }))
    see(burn())
    expect(of('blind-and-burn')).toEqual([])
    see(blind(), 61 * MINUTE)
    expect(of('blind-and-burn').map(({ response }) => response)).toEqual(['mark'])
  })
})

describe('novelty', () => {
  const SCOPE: Scope = { grants: [{ classes: ['read', 'write'], resources: ['arn:aws:s3:::own/*'] }] }
  const task = (scopes: readonly Scope[]) => ({
    id: 'tidy',
    root: 'r',
    intent: 'tidy up <b>',
    scopes,
    openedAtMs: 0,
  })
  const put = (service = 's3') => seen(`${service}:PutThing`, ['write'], {})

  it("finds a service and a class that the task's grants name nowhere, in the agent's own quoted words", () => {
    const { see, of } = watching()
    see({ ...put(), task: task([SCOPE]) })
    expect(of('novelty')).toEqual([])
    see({ ...put('ec2'), ...REFUSED, task: task([SCOPE]) })
    see({ ...put('ec2'), ...REFUSED, task: task([SCOPE]) })
    see({ ...seen('s3:DeleteBucket', ['destructive']), ...REFUSED, task: task([SCOPE]) })
    expect(of('novelty').map(({ words }) => words)).toEqual([
      'ec2:PutThing: task "tidy" (in its own words: "tidy up <b>") names service ec2 nowhere in what it may do.',
      's3:DeleteBucket: task "tidy" (in its own words: "tidy up <b>") names class destructive nowhere in what it may do.',
    ])
  })

  it('goes by actions where a task was opened with statements', () => {
    const { see, of } = watching()
    const scope: Scope = { statements: [{ effect: 'Allow', actions: ['s3:Get*'], resources: ['*'] }] }
    see({ ...put(), task: task([scope]) })
    see({ ...put('ec2'), task: task([scope]) })
    expect(of('novelty').map(({ words }) => words)).toEqual([expect.stringContaining('service ec2')])
  })

  it('finds the first use of a service or a grave class after the time of learning', () => {
    const { see, of } = watching()
    see(put())
    see(put('sqs'), MINUTE)
    see(put('sqs'), 60 * MINUTE)
    see(seen('sqs:DeleteQueue', ['destructive']))
    see(put('ec2'))
    expect(of('novelty').map(({ words }) => words)).toEqual([
      'sqs:DeleteQueue is its first use of class destructive in the 61 min that it has been watched.',
      'ec2:PutThing is its first use of service ec2 in the 61 min that it has been watched.',
    ])
  })

  it('finds nothing in what tasks do because they are tasks', () => {
    const { see, of } = watching()
    see({ ...seen('moderato:GetCredentials', ['credentials']), task: task([SCOPE]) })
    see({ ...seen('moderato:EndTask', ['write']), task: task([SCOPE]) })
    see({ ...seen('sts:GetCallerIdentity', ['read']), task: task([SCOPE]) })
    expect(of('novelty')).toEqual([])
  })

  it('learns nothing from calls that were refused', () => {
    const { see, of } = watching()
    see({ ...put('ec2'), ...REFUSED })
    see(put('ec2'), 61 * MINUTE)
    expect(of('novelty')).toHaveLength(1)
  })
})
