import { describe, expect, it } from 'vitest'
import { CREATES } from '../../../proxy/watch/detectors/creates.ts'
import { loadCatalogue } from '../../../proxy/aws/catalogue/catalogue.ts'
import type { Observation } from '../../../proxy/watch/detectors/observation.ts'
import { seen, watching } from '../observations.ts'

const SECOND = 1_000
const MINUTE = 60_000
const STACK = 'cloudformation:us-east-1:stack/test'
const TABLE = 'dynamodb:us-east-1:table/test'
const QUEUE = 'sqs:us-east-1:test'

type Over = Partial<Observation>
const make = (resource: string, over: Over = {}) => {
  const [service = ''] = resource.split(':')
  const noun = { cloudformation: 'Stack', dynamodb: 'Table', sqs: 'Queue', s3: 'Bucket' }[service]
  return seen(`${service}:Create${noun}`, ['write'], { resource, ...over })
}
const destroy = (resource: string, over: Over = {}) => {
  const made = make(resource)
  return {
    ...made,
    ...seen(`${made.service}:Delete${made.operation.slice(6)}`, ['destructive'], { resource, ...over }),
  }
}
const task = (id: string) => ({ id, root: 'r', intent: undefined, scopes: [], openedAtMs: 0 })
/** Twice made and destroyed within seconds. */
const loop = (resource: string, over: Over = {}) =>
  [make, destroy, make, destroy, make, destroy].map((each) => each(resource, over))

describe('scratch things', () => {
  it.each([[STACK], [TABLE]])('are no news when their own task destroys them: %s', (resource) => {
    const { see, drifts } = watching()
    for (let round = 0; round < 60; round++)
      for (const each of loop(resource, { task: task('ci') })) see(each, 10 * SECOND)
    expect(drifts).toEqual([])
  })

  it('are buckets too, which only go when they are empty; but one that comes again may have been there', () => {
    const { see, drifts, of } = watching()
    for (let round = 0; round < 60; round++)
      for (const each of [make(`s3::test-${round}`), destroy(`s3::test-${round}`)]) see(each, 10 * SECOND)
    expect(drifts).toEqual([])
    for (const each of loop('s3::test')) see(each, SECOND)
    expect(drifts).toEqual(of('recreate-loop'))
    expect(drifts).toHaveLength(1)
  })

  it('are what an agent without a task made itself, too', () => {
    const { see, drifts } = watching()
    for (const each of loop(STACK)) see(each, SECOND)
    expect(drifts).toEqual([])
  })

  it('are destroyed with all that is on them: over many services, unguarded, with their logs', () => {
    const { see, drifts } = watching()
    const made = [
      make(STACK),
      make(TABLE),
      seen('logs:CreateLogGroup', ['write'], { resource: 'logs:us-east-1:log-group:test' }),
      seen('iam:CreateRole', ['permissions'], { resource: 'iam::role/test' }),
      seen('iam:AttachRolePolicy', ['permissions'], { resource: 'iam::role/test' }),
      seen('logs:PutRetentionPolicy', ['destructive', 'protection'], {
        resource: 'logs:us-east-1:log-group:test',
      }),
      seen('cloudformation:UpdateTerminationProtection', ['protection'], { resource: STACK }),
      seen('dynamodb:UpdateContinuousBackups', ['protection'], { resource: TABLE }),
    ]
    const gone = [
      destroy(STACK),
      destroy(TABLE),
      seen('logs:DeleteLogGroup', ['destructive'], { resource: 'logs:us-east-1:log-group:test' }),
      seen('iam:DetachRolePolicy', ['destructive', 'permissions'], { resource: 'iam::role/test' }),
      seen('iam:DeleteRolePolicy', ['destructive', 'permissions'], { resource: 'iam::role/test' }),
      seen('iam:DeleteRole', ['destructive', 'permissions'], { resource: 'iam::role/test' }),
    ]
    for (const each of [...made, ...gone]) see(each, SECOND)
    expect(drifts).toEqual([])
  })
})

describe('what is not a scratch thing', () => {
  const found = (calls: readonly Observation[], afterMs = SECOND) => {
    const { see, drifts } = watching()
    for (const each of calls) see(each, afterMs)
    return [...new Set(drifts.map(({ detector }) => detector))]
  }

  it('is what another task of the agent made', () => {
    expect(found([make(TABLE, { task: task('one') }), destroy(TABLE, { task: task('two') })])).toEqual([
      'read-to-destructive',
    ])
  })

  it('is what an agent destroyed and made again: the incident is found at its second pair', () => {
    const { see, of } = watching()
    const calls = [destroy(STACK), make(STACK), destroy(STACK)]
    for (const each of calls) see(each, MINUTE)
    expect(of('recreate-loop')).toEqual([])
    see(make(STACK), MINUTE)
    expect(of('recreate-loop')).toHaveLength(1)
  })

  it('is what may have been there before: a queue is made again as it is', () => {
    expect(found([make(QUEUE), destroy(QUEUE)])).toEqual(['read-to-destructive'])
    expect(found(loop(QUEUE), MINUTE)).toEqual(['recreate-loop'])
  })

  it('is what is in a bucket that may have been there before, and what expires in it', () => {
    const bucket = make('s3::prod')
    const expire = seen('s3:PutBucketLifecycleConfiguration', ['destructive'], { resource: 's3::prod' })
    expect(found([bucket, expire])).toEqual(['read-to-destructive'])
    const keys = Array.from({ length: 100 }, (_, index) => `s3::prod/${index}`)
    const empty = seen('s3:DeleteObjects', ['data-delete'], { resources: keys, count: 100 })
    expect(found([bucket, empty])).toEqual(['mass-delete'])
  })

  it('is what nobody has confirmed: an agent that leaves before the answer may have met what was there', () => {
    expect(found([make(TABLE, { confirmed: false }), destroy(TABLE)])).toEqual(['read-to-destructive'])
    expect(found([make(TABLE, { done: false, confirmed: false }), destroy(TABLE)])).toEqual([
      'read-to-destructive',
    ])
  })

  it('is a thing of the same name in another account', () => {
    const inOne = { account: '111122223333' }
    expect(found([make(TABLE, inOne), destroy(TABLE, { account: '444455556666' })])).toEqual([
      'read-to-destructive',
    ])
    expect(found([make(TABLE, inOne), destroy(TABLE, { ...inOne, elsewhere: true })])).toEqual([
      'read-to-destructive',
    ])
    expect(found([make(TABLE, { ...inOne, elsewhere: true }), destroy(TABLE, inOne)])).toEqual([
      'read-to-destructive',
    ])
  })

  it('is what a call names beside what it makes', () => {
    const bob = seen('iam:CreateAccessKey', ['credentials'], { resource: 'iam::user/bob' })
    const gone = seen('iam:DeleteUser', ['destructive', 'permissions'], { resource: 'iam::user/bob' })
    expect(found([bob, gone])).toEqual(['read-to-destructive'])
    const two = seen('rds:CreateDBInstance', ['write'], {
      resources: ['rds:us-east-1:db:new', 'rds:us-east-1:db:prod'],
    })
    const drop = seen('rds:DeleteDBInstance', ['destructive'], { resource: 'rds:us-east-1:db:prod' })
    expect(found([two, drop])).toEqual(['read-to-destructive'])
  })

  it('is what a call names beside scratch things, or has no name', () => {
    const mine = make(TABLE)
    const both = seen('dynamodb:DeleteTable', ['destructive'], {
      resources: [TABLE, 'dynamodb:us-east-1:table/prod'],
    })
    expect(found([mine, both])).toEqual(['read-to-destructive'])
    const many = seen('dynamodb:DeleteTable', ['destructive'], { resource: TABLE, count: 100 })
    expect(found([mine, many])).toEqual(['read-to-destructive', 'mass-delete'])
  })

  it('is what has lasted for hours: others may rely on it', () => {
    const { see, of } = watching()
    see(seen('dynamodb:DescribeTable', ['read'], { resource: TABLE }))
    see(make(TABLE))
    see(seen('dynamodb:UpdateContinuousBackups', ['protection'], { resource: TABLE }), 121 * MINUTE)
    see(destroy(TABLE), MINUTE)
    expect(of('guard-removal')).toHaveLength(1)
  })

  it('is what a flood of other things made it forget', () => {
    const { see, of } = watching()
    see(make(TABLE))
    for (let index = 0; index < 1_001; index++) see(make(`dynamodb:us-east-1:table/t${index}`))
    see(destroy(TABLE))
    expect(of('read-to-destructive')).toHaveLength(1)
  })
})

describe('CREATES', () => {
  it('names operations of the catalogue, and the type that their resources have', () => {
    const catalogue = loadCatalogue()
    for (const [name, { type, emptyOnly }] of CREATES) {
      const [service = '', operation = ''] = name.split(':')
      const named = catalogue.named(service, operation)
      const patterns = named.flatMap(({ resources }) =>
        resources.map(({ template = '' }) => template.split(':').slice(5).join(':')),
      )
      expect(
        patterns.some((pattern) => pattern.startsWith(type === '' ? '${' : type)),
        name,
      ).toBe(true)
      if (emptyOnly !== undefined) expect(catalogue.named(service, emptyOnly), name).not.toEqual([])
    }
  })
})
