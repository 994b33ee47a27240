import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arnMatch } from '../../policy/arn-match.ts'
import { literalName } from '../../policy/literal-names.ts'
import type { Grant, Scope } from '../../proxy/core/agent.ts'
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import { serviceActions } from '../../proxy/credentials/service-actions.ts'
import {
  callPolicies,
  policyCovers,
  grantPolicy,
  MAX_POLICY_CHARACTERS,
  serviceKey,
} from '../../proxy/credentials/session-policy.ts'
import { iamAllows, statementsOf } from './iam.ts'

const actionsOf = serviceActions(loadCatalogue())
const PLACE = { partition: 'aws', actionsOf }

const grants = (
  resources: readonly string[],
  classes: Grant['classes'] = ['read', 'write', 'data-delete'],
): Scope => ({
  grants: [{ classes, resources }],
})
const call = (action: string, ...resources: string[]) => ({
  service: action.split(':')[0] ?? '',
  actions: [action],
  resources,
})
const getObject = call('s3:GetObject', 'arn:aws:s3:::prod-a/key')

function policyOf(scopes: readonly Scope[], of = getObject, place = PLACE) {
  const policy = grantPolicy(scopes, of, place)
  if (policy === undefined) throw new Error('there is no policy')
  return policy
}

describe('the session policy of a task', () => {
  it('allows the service on the resources that were granted, never credentials, and keys through services alone', () => {
    const { text } = policyOf([
      grants(['arn:aws:s3:::prod-*', 'arn:aws:dynamodb:eu-west-1:111122223333:table/t']),
    ])
    expect(statementsOf(text)).toEqual([
      { Effect: 'Allow', Action: ['s3:*'], Resource: ['arn:aws:s3:::prod-*'] },
      {
        Effect: 'Allow',
        Action: [
          'kms:CreateGrant',
          'kms:Decrypt',
          'kms:DescribeKey',
          'kms:GenerateDataKey*',
          'kms:ReEncrypt*',
        ],
        Resource: '*',
        Condition: { StringLike: { 'kms:ViaService': '*' } },
      },
      {
        Effect: 'Allow',
        Action: ['*'],
        Resource: ['arn:aws:s3:::prod-*', 'arn:aws:dynamodb:eu-west-1:111122223333:table/t'],
        Condition: { Bool: { 'aws:ViaAWSService': 'true' } },
      },
      {
        Effect: 'Deny',
        Action: expect.arrayContaining([
          's3:getdataaccess',
          's3express:createsession',
          'iam:createaccesskey',
          'sts:assumerole',
        ]),
        Resource: ['*'],
      },
    ])
  })

  it('denies the operations that issue credentials, on whatever was granted', () => {
    for (const [service, action] of [
      ['sts', 'sts:AssumeRole'],
      ['iam', 'iam:CreateAccessKey'],
      ['iam', 'iam:CreateLoginProfile'],
      ['ec2', 'ec2:GetPasswordData'],
      ['ecr', 'ecr:GetAuthorizationToken'],
    ] as const) {
      const every: Scope = { grants: [{ classes: ['credentials', 'write'], resources: ['*'] }] }
      const { text } = policyOf([every], call(`${service}:Other`, '*'))
      expect(iamAllows(text, action, '*')).toBe(false)
      expect(iamAllows(text, `${service}:Other`, '*')).toBe(true)
    }
  })

  it('has the actions that read, and no others, where nothing else was granted', () => {
    const { text } = policyOf([grants(['*'], ['read', 'list'])])
    expect(iamAllows(text, 's3:GetObject', 'arn:aws:s3:::b/k')).toBe(true)
    expect(iamAllows(text, 's3:ListBucket', 'arn:aws:s3:::b')).toBe(true)
    expect(iamAllows(text, 's3:PutObject', 'arn:aws:s3:::b/k')).toBe(false)
    expect(iamAllows(text, 's3:DeleteObject', 'arn:aws:s3:::b/k')).toBe(false)
  })

  it('has of other services no more than the action that the call needs beside', () => {
    const role = 'arn:aws:iam::111122223333:role/f'
    const create = {
      service: 'lambda',
      actions: ['lambda:CreateFunction', 'iam:PassRole'],
      resources: ['arn:aws:lambda:eu-west-1:111122223333:function:f', role],
    }
    const policy = policyOf([grants(['*'])], create)
    expect(policyCovers(policy, create)).toBe(true)
    expect(iamAllows(policy.text, 'iam:PassRole', role)).toBe(true)
    expect(iamAllows(policy.text, 'iam:DeleteRole', role)).toBe(false)
  })

  it.each([
    ['*', '*'],
    ['arn:*', 'arn:aws:s3:*:*:*'],
    ['arn:aws:s3*', 'arn:aws:s3:*:*:*'],
    ['arn:aws:s3:::prod-*', 'arn:aws:s3:::prod-*'],
    ['arn:*:s3:::prod-*', 'arn:aws:s3:::prod-*'],
    ['arn:aws:*:*:*:prod-*', 'arn:aws:s3:*:*:prod-*'],
    [
      'arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/*',
      'arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/*',
    ],
    ['arn:aws:s3:::b/what?', 'arn:aws:s3:::b/what${?}'],
    ['arn:aws:s3:::b/${aws:username}', 'arn:aws:s3:::b/${$}{aws:username}'],
  ])('writes the pattern %s as IAM reads it', (pattern, written) => {
    const [first] = statementsOf(policyOf([grants([pattern])]).text)
    expect(first?.Resource).toEqual([written])
  })

  it.each(['*prod*', 'arn:aws:s3:*key', 'arn:aws-cn:s3:::b', 'arn:aws:sqs:*:*:q', 'a*', 'prod'])(
    'leaves out %s, which IAM cannot say or which is about something else',
    (pattern) => expect(grantPolicy([grants([pattern])], getObject, PLACE)).toBeUndefined(),
  )

  it.each([
    ['aws-cn', 'cn-north-1'],
    ['aws-us-gov', 'us-gov-west-1'],
  ])('is of its role’s partition: %s', (partition, region) => {
    const table = call('dynamodb:GetItem', `arn:${partition}:dynamodb:${region}:111122223333:table/t`)
    const policy = policyOf([grants(['arn:*:dynamodb:*:*:table/t'])], table, { ...PLACE, partition })
    expect(statementsOf(policy.text)[0]?.Resource).toEqual([`arn:${partition}:dynamodb:*:*:table/t`])
    expect(policyCovers(policy, table)).toBe(true)
  })

  it('has what all scopes allow, and no more', () => {
    const policy = policyOf([
      grants(['arn:aws:s3:::prod-*', 'arn:aws:s3:::logs']),
      grants(['arn:aws:s3:::prod-a/*', 'arn:aws:s3:::other']),
      {
        statements: [
          { effect: 'Allow', actions: ['s3:get*', 's3:putobject'], resources: ['*'] },
          { effect: 'Deny', actions: ['s3:getobjectacl'], resources: ['arn:aws:s3:::prod-a/x*'] },
        ],
      },
    ])
    expect(policy.allow).toEqual([
      { actions: ['s3:get*', 's3:putobject'], resource: 'arn:aws:s3:::prod-a/*' },
    ])
    expect(iamAllows(policy.text, 's3:GetObjectAcl', 'arn:aws:s3:::prod-a/y')).toBe(true)
    expect(iamAllows(policy.text, 's3:GetObjectAcl', 'arn:aws:s3:::prod-a/xy')).toBe(false)
    expect(policyCovers(policy, getObject)).toBe(true)
    expect(policyCovers(policy, call('s3:DeleteObject', 'arn:aws:s3:::prod-a/key'))).toBe(false)
    expect(policyCovers(policy, call('s3:GetObject', 'arn:aws:s3:::logs/key'))).toBe(false)
  })

  it('is none where a denial cannot be said, or where it would be too long', () => {
    const statements = [
      { effect: 'Allow', actions: ['*'], resources: ['*'] },
      { effect: 'Deny', actions: ['s3:*'], resources: ['arn:aws:s3:*key'] },
    ] as const
    expect(grantPolicy([grants(['*']), { statements }], getObject, PLACE)).toBeUndefined()
    const many = Array.from({ length: 60 }, (_, i) => `arn:aws:s3:::bucket-number-${i}/prefix/*`)
    expect(grantPolicy([grants(many)], getObject, PLACE)).toBeUndefined()
    const crowd = Array.from({ length: 2000 }, (_, i) => `arn:aws:s3:::b${i}`)
    expect(grantPolicy([grants(crowd), grants(crowd)], getObject, PLACE)).toBeUndefined()
  })

  it('is shared by calls that need the same of it', () => {
    expect(serviceKey(getObject)).toBe(serviceKey(call('s3:PutObject', 'arn:aws:s3:::other')))
    expect(serviceKey(getObject)).not.toBe(serviceKey(call('sqs:SendMessage', 'arn:aws:sqs:r:1:q')))
  })
})

describe('what services may do for a call', () => {
  const template = call('cloudformation:CreateStack', 'arn:aws:cloudformation:us-east-1:1:stack/s/*')
  const viaOf = (text: string) =>
    statementsOf(text).filter(({ Condition }) => JSON.stringify(Condition ?? '').includes('ViaAWSService'))

  it('is what was granted of other services, and nothing for who may only read', () => {
    const all = policyOf([grants(['arn:aws:cloudformation:*:*:*', 'arn:aws:s3:::prod-*'])], template)
    expect(viaOf(all.text)[0]?.Resource).toEqual(['arn:aws:cloudformation:*:*:*', 'arn:aws:s3:::prod-*'])
    expect(viaOf(policyOf([grants(['*'])], template).text)[0]?.Resource).toEqual(['*'])
    expect(viaOf(policyOf([grants(['*'], ['read', 'list'])]).text)).toEqual([])
  })

  it('is no more than all scopes allow', () => {
    const statements = [
      { effect: 'Allow', actions: ['s3:put*'], resources: ['arn:aws:s3:::prod-a/*'] },
      { effect: 'Allow', actions: ['cloudformation:*'], resources: ['*'] },
      { effect: 'Deny', actions: ['s3:putobjectacl'], resources: ['*'] },
    ] as const
    const { via, deny } = policyOf([grants(['*']), { statements }], template)
    expect(via).toEqual([
      { actions: ['s3:put*'], resource: 'arn:aws:s3:::prod-a/*' },
      { actions: ['cloudformation:*'], resource: '*' },
    ])
    expect(deny[0]).toEqual({ actions: ['s3:putobjectacl'], resource: '*' })
  })

  it('is nothing where a denial of other services cannot be said, or there is no room', () => {
    const statements = [
      { effect: 'Allow', actions: ['*'], resources: ['*'] },
      { effect: 'Deny', actions: ['*'], resources: ['arn:aws:*:*:*:*prod*'] },
    ] as const
    expect(policyOf([grants(['*']), { statements }], template).via).toEqual([])
    const many = Array.from({ length: 40 }, (_, i) => `arn:aws:s3:::bucket-number-${i}/*`)
    const full = policyOf([grants(['arn:aws:cloudformation:*:*:*', ...many])], template)
    expect(full.via).toEqual([])
    expect(policyCovers(full, template)).toBe(true)
  })
})

describe('the session policy of a call', () => {
  it('allows its actions on its resources', () => {
    const [text = '', ...others] = callPolicies(
      call('s3:GetObject', 'arn:aws:s3:::b/${aws:x}?', '*'),
      undefined,
    )
    expect(others).toEqual([])
    expect(iamAllows(text, 's3:GetObject', 'arn:aws:s3:::b/${aws:x}?')).toBe(true)
    expect(iamAllows(text, 's3:PutObject', 'arn:aws:s3:::b/${aws:x}?')).toBe(false)
    const [star = ''] = callPolicies(call('s3:GetObject', 'arn:aws:s3:::b/${*}/${$}{${*}}'), undefined)
    expect(iamAllows(star, 's3:GetObject', 'arn:aws:s3:::b/*/${*}')).toBe(true)
    expect(iamAllows(star, 's3:GetObject', 'arn:aws:s3:::b/a/${*}')).toBe(false)
    const [one = ''] = callPolicies(call('s3:GetObject', 'arn:aws:s3:::b/${aws:x}?'), undefined)
    expect(iamAllows(one, 's3:GetObject', 'arn:aws:s3:::b/${aws:x}y')).toBe(false)
    const [any = ''] = callPolicies(call('s3:ListAllMyBuckets'), undefined)
    expect(iamAllows(any, 's3:ListAllMyBuckets', '*')).toBe(true)
  })

  it('goes by the patterns of the grant where the call names too much, and is none without them', () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `arn:aws:s3:::prod-a/key-${i}`)
    const remove = call('s3:DeleteObject', ...keys)
    expect(callPolicies(remove, undefined)).toEqual([])
    const wider = policyOf([grants(['arn:aws:s3:::prod-*', 'arn:aws:s3:::other'])])
    const [text = '', bare = '', ...others] = callPolicies(remove, wider)
    expect(others).toEqual([])
    expect(statementsOf(bare)).toHaveLength(2)
    expect(statementsOf(text)[0]).toEqual({
      Effect: 'Allow',
      Action: ['s3:DeleteObject'],
      Resource: ['arn:aws:s3:::prod-*'],
    })
    expect(callPolicies(call('s3:DeleteObject', ...keys, 'arn:aws:s3:::foreign/k'), wider)).toEqual([])
  })
})

describe('any session policy', () => {
  const word = fc.constantFrom(
    'a',
    'b',
    'ab',
    'prod',
    '*',
    'a*',
    '*b',
    'a*b',
    '?',
    '$',
    '${*}',
    'a${*}*',
    '${$}{*',
    '${?}',
    '$*',
    '*}',
  )
  const resource = fc
    .tuple(
      fc.constantFrom('aws', '*', 'aws-cn'),
      fc.constantFrom('s3', '*', 's*', 'sqs'),
      fc.constantFrom('', '*', 'eu-*'),
      fc.constantFrom('', '*', '111122223333'),
      word,
      fc.constantFrom('', '/', '/x*', '/*'),
    )
    .map(([partition, service, region, account, name, rest]) =>
      ['arn', partition, service, region, account, `${name}${rest}`].join(':'),
    )
  const patterns = fc.array(fc.oneof(resource, fc.constantFrom('*', 'arn:aws:s3*', 'arn:*')), {
    minLength: 1,
    maxLength: 4,
  })
  const classes = fc.constantFrom<Grant['classes']>(['read', 'list'], ['write'], ['read', 'credentials'])
  const scope = fc.array(fc.record({ classes, resources: patterns }), { minLength: 1, maxLength: 3 })
  const scopes = fc.array(scope, { minLength: 1, maxLength: 3 })
  const place = fc.constantFrom('', 'eu-west-1')
  const thing = fc
    .tuple(
      place,
      fc.constantFrom('', '111122223333'),
      fc.constantFrom('a', 'ab', 'axb', 'prod', '$', '?', '*', 'a*', 'a*b', '${*}', '{', '$*'),
      fc.constantFrom('', '/', '/xy', '/y'),
    )
    .map(([region, account, name, rest]) => `arn:aws:s3:${region}:${account}:${name}${rest}`)
  const action = fc.constantFrom('s3:GetObject', 's3:PutObject', 's3:GetDataAccess', 's3:ListBucket')

  it('is never wider than the grants, lets through what it is said to, and fits', () => {
    fc.assert(
      fc.property(scopes, action, thing, (given, name, arn) => {
        const all = given.map((each) => ({ grants: each }))
        // IAM compares the name itself, Moderato its spelling.
        const spelled = literalName(arn)
        const one = call(name, spelled)
        const policy = grantPolicy(all, one, PLACE)
        if (policy === undefined) return
        expect(policy.text.length).toBeLessThanOrEqual(MAX_POLICY_CHARACTERS)
        const granted = given.every((each) => each.some(({ resources }) => arnMatch(resources, spelled)))
        const allowed = iamAllows(policy.text, name, arn)
        if (allowed) expect(granted).toBe(true)
        if (name === 's3:GetDataAccess') expect(allowed).toBe(false)
        // Where it is said to cover the call, IAM agrees.
        expect(policyCovers(policy, one)).toBe(allowed)
      }),
      { numRuns: 3000 },
    )
  })
})
