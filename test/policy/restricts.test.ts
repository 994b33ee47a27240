import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arnMatch } from '../../policy/arn-match.ts'
import { FOLDS_CASE, OTHER_NAMES } from '../../policy/resource-names.ts'
import { canonicalName, restricts, restrictsByOtherName, restrictsSome } from '../../policy/restricts.ts'

const HERE = 'us-east-1:111122223333'
const SECRET = `arn:aws:secretsmanager:${HERE}:secret`
const EC2 = `arn:aws:ec2:${HERE}`
const KMS = `arn:aws:kms:${HERE}`
const FN = `arn:aws:lambda:${HERE}:function`
const LOGS = `arn:aws:logs:${HERE}:log-group`
const CFN = `arn:aws:cloudformation:${HERE}`
const IAM = 'arn:aws:iam::111122223333'
const ECS = `arn:aws:ecs:${HERE}`
const ASG = (id: string) => `arn:aws:autoscaling:${HERE}:autoScalingGroup:${id}:autoScalingGroupName`
const SSM = `arn:aws:ssm:${HERE}:parameter`

describe('restricts', () => {
  it.each([
    ['a secret without its suffix', `${SECRET}:prod-db-*`, `${SECRET}:prod-db`],
    ['a rule with the whole ARN', `${SECRET}:prod-db-AbCdEf`, `${SECRET}:prod-db`],
    ['a rule without the suffix', `${SECRET}:prod-db`, `${SECRET}:prod-db-AbCdEf`],
    ['a launch template by name', `${EC2}:launch-template/lt-0a1b`, `${EC2}:launch-template/web`],
    ['a launch template by id', `${EC2}:launch-template/web-*`, `${EC2}:launch-template/lt-0a1b`],
    [
      'a security group by a name with a star',
      `${EC2}:security-group/sg-0a1b`,
      `${EC2}:security-group/w\${*}`,
    ],
    ['a role by a star that is none of its name', `${IAM}:role/team/prod`, `${IAM}:role/p*`],
    ['a secret by a star that is none of its name', `${SECRET}:prod-db-*`, `${SECRET}:prod*`],
    ['a security group by name', `${EC2}:security-group/sg-0a1b`, `${EC2}:security-group/web`],
    ['a key by its alias', `${KMS}:key/1234abcd`, `${KMS}:alias/prod`],
    ['an alias by its key', `${KMS}:alias/prod`, `${KMS}:key/1234abcd`],
    ['a version of a function', `${FN}:f`, `${FN}:f:7`],
    ['a function of an alias', `${FN}:f:live`, `${FN}:f`],
    ['a log group with :*', `${LOGS}:g`, `${LOGS}:g:*`],
    ['a log group without :*', `${LOGS}:g:*`, `${LOGS}:g`],
    ['a stack by its id', `${CFN}:stack/prod`, `${CFN}:stack/prod/0a1b-uuid`],
    ['a stack by its name', `${CFN}:stack/prod/0a1b-uuid`, `${CFN}:stack/prod/*`],
    ['a role without its path', `${IAM}:role/team/prod`, `${IAM}:role/prod`],
    ['a role with a path', `${IAM}:role/prod-*`, `${IAM}:role/team/prod-1`],
    ['an old ARN of a service', `${ECS}:service/c/web`, `${ECS}:service/web`],
    ['a task definition by family', `${ECS}:task-definition/web`, `${ECS}:task-definition/web:*`],
    ['a parameter with two slashes', `${SSM}//prod/x`, `${SSM}/prod/x`],
    [
      'a workgroup by its id',
      `arn:aws:redshift-serverless:${HERE}:workgroup/1a2b3c4d-0a1b-0a1b-0a1b-1a2b3c4d5e6f`,
      `arn:aws:redshift-serverless:${HERE}:workgroup/prod`,
    ],
    [
      'an instance by its name',
      `arn:aws:lightsail:${HERE}:Instance/prod`,
      `arn:aws:lightsail:${HERE}:Instance/1a2b3c4d-0a1b-0a1b-0a1b-1a2b3c4d5e6f`,
    ],
    [
      'a rule of Config by its id',
      `arn:aws:config:${HERE}:config-rule/config-rule-0a1b2c`,
      `arn:aws:config:${HERE}:config-rule/prod`,
    ],
    ['a stack by an id that is none', `${CFN}:stack/pr*/any-id`, `${CFN}:stack/prod/*`],
    ['a stack by the begin of its name', `${CFN}:stack/prod-*`, `${CFN}:stack/prod-web/*`],
    ['a stack by the end of its name', `${CFN}:stack/*-prod/*`, `${CFN}:stack/web-prod/*`],
    ['all stacks', `${CFN}:stack/*`, `${CFN}:stack/web/*`],
    ['a stack by a piece of its id', `${CFN}:stack/*/0a1b*`, `${CFN}:stack/web/*`],
    ['a stack by a star that spans its id', `${CFN}:stack/web*-5*`, `${CFN}:stack/web/*`],
    ['a revision', `${ECS}:task-definition/web:3`, `${ECS}:task-definition/web:*`],
    ['a revision of every family', `${ECS}:task-definition/*:3`, `${ECS}:task-definition/web:*`],
    ['a group by the begin of its name', `${ASG('*')}/prod-*`, `${ASG('*')}/prod-1`],
    ['a group by its id', `${ASG('0a1b')}/prod-1`, `${ASG('*')}/prod-1`],
    ['another case', `arn:aws:rds:${HERE}:db:prod-*`, `arn:aws:rds:us-east-1:*:db:Prod-1`],
  ])('%s: a rule for %s is about %s', (_, pattern, arn) => {
    expect(restricts([pattern], arn)).toBe(true)
    expect(restrictsSome([pattern], arn)).toBe(true)
    expect(restricts(['arn:aws:sqs:*:*:other', pattern], arn)).toBe(true)
  })

  it.each([
    ['another secret', `${SECRET}:prod-db-replica-*`, `${SECRET}:prod-db`],
    ['a secret with a longer name', `${SECRET}:prod-db`, `${SECRET}:prod-db-replica`],
    ['another id', `${EC2}:launch-template/lt-0a1b`, `${EC2}:launch-template/lt-0a1c`],
    ['another name', `${EC2}:launch-template/web-*`, `${EC2}:launch-template/api`],
    ['a security group', `${EC2}:launch-template/lt-0a1b`, `${EC2}:security-group/web`],
    ['another key', `${KMS}:key/1234abcd`, `${KMS}:key/1234abce`],
    ['another alias of a function', `${FN}:f:live`, `${FN}:f:test`],
    ['another function', `${FN}:f`, `${FN}:f2:7`],
    [
      'a stack whose name goes on',
      `arn:aws:cloudformation:*:*:stack/prod`,
      'arn:aws:cloudformation:us-east-1:*:stack/production/*',
    ],
    ['a stack by the end of its name', `${CFN}:stack/*-prod`, `${CFN}:stack/test/*`],
    ['a stack by a piece of its name', `${CFN}:stack/*prod*`, `${CFN}:stack/test/*`],
    ['a stack by name and any id', `${CFN}:stack/*-prod/*`, `${CFN}:stack/test/*`],
    ['a change set by its name', `${CFN}:changeSet/*-prod`, `${CFN}:changeSet/test/*`],
    ['a stack set by its name', `${CFN}:stackset/*-prod`, `${CFN}:stackset/test:*`],
    ['a family by the end of its name', `${ECS}:task-definition/*-prod`, `${ECS}:task-definition/test:*`],
    ['another group', `${ASG('*')}/prod-*`, `${ASG('*')}/test-1`],
    ['another group, with any id', `${ASG('0a*')}/prod-*`, `${ASG('*')}/test-1`],
    ['another stack', `${CFN}:stack/prod`, `${CFN}:stack/prod2/*`],
    ['a role with another name', `${IAM}:role/team/prod`, `${IAM}:role/test`],
    ['a role in another path', `${IAM}:role/team/prod`, `${IAM}:role/other/prod`],
    ['a rule of another bus', `arn:aws:events:${HERE}:rule/bus/r`, `arn:aws:events:${HERE}:rule/r`],
    [
      'another name where ARNs have ids',
      `arn:aws:lightsail:${HERE}:Instance/prod-*`,
      `arn:aws:lightsail:${HERE}:Instance/test`,
    ],
    [
      'another id',
      `arn:aws:lightsail:${HERE}:Instance/1a2b3c4d-0a1b-0a1b-0a1b-1a2b3c4d5e6f`,
      `arn:aws:lightsail:${HERE}:Instance/1a2b3c4d-0a1b-0a1b-0a1b-1a2b3c4d5e60`,
    ],
    ['another account', `arn:aws:ec2:*:444455556666:launch-template/lt-1`, `${EC2}:launch-template/web`],
  ])('%s: a rule for %s is not about %s', (_, pattern, arn) => {
    expect(restricts([pattern], arn)).toBe(false)
    expect(restrictsByOtherName([pattern], arn)).toBe(false)
  })

  it('is about a rule of the default bus in both spellings', () => {
    const [short, long] = [`arn:aws:events:${HERE}:rule/r`, `arn:aws:events:${HERE}:rule/default/r`]
    expect([restricts([short], long), restricts([long], short)]).toEqual([true, true])
  })

  it('says when nothing but another name is meant', () => {
    const byId = `${EC2}:launch-template/lt-0a1b`
    expect(restrictsByOtherName([byId], `${EC2}:launch-template/web`)).toBe(true)
    expect(restrictsByOtherName([byId], byId)).toBe(false)
    expect(restrictsByOtherName([byId, `${EC2}:launch-template/web`], `${EC2}:launch-template/web`)).toBe(
      false,
    )
  })

  it('counts long names that an agent chose as what the rule is about, without comparing them', () => {
    const name = 'a-'.repeat(500)
    expect(restricts([`${SECRET}:${'*a'.repeat(20)}b`], `${SECRET}:${name}`)).toBe(true)
  })
})

const letters = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/)
/** The text, each letter in one case or the other. */
function recased(text: string, upper: readonly boolean[]): string {
  return Array.from(text, (char, at) => (upper[at % upper.length] === true ? char.toUpperCase() : char)).join(
    '',
  )
}
const cases = fc.array(fc.boolean(), { minLength: 1, maxLength: 16 })
/** A type of a service that folds case, as its ARNs have it. */
const folding = fc.constantFrom(...Object.keys(FOLDS_CASE).map((key) => key.split(':') as [string, string?]))

describe('the case of a name', () => {
  it('lets no call escape from a rule that restricts, and has one canonical spelling', () => {
    fc.assert(
      fc.property(
        folding,
        letters,
        cases,
        cases,
        fc.boolean(),
        ([service, type = 'db'], name, one, other, star) => {
          const arn = (text: string) => `arn:aws:${service}:${HERE}:${type}:${text}`
          const pattern = arn(recased(star ? `${name}*` : name, other))
          expect(restricts([pattern], arn(recased(name, one)))).toBe(true)
          expect(restrictsSome([pattern], arn(recased(name, one)))).toBe(true)
          expect(canonicalName(arn(recased(name, one)))).toBe(canonicalName(arn(name)))
        },
      ),
    )
  })

  it('never widens a grant', () => {
    fc.assert(
      fc.property(letters, cases, (name, upper) => {
        const arn = (text: string) => `arn:aws:rds:${HERE}:db:${text}`
        expect(arnMatch([arn(name)], arn(recased(name, upper)))).toBe(recased(name, upper) === name)
      }),
    )
  })

  it('counts where the service keeps it', () => {
    const arn = `arn:aws:dynamodb:${HERE}:table/Orders`
    expect(canonicalName(arn)).toBe(arn)
    expect(canonicalName('*')).toBe('*')
    expect(canonicalName(`${EC2}:security-group/Web`)).toBe(`${EC2}:security-group/web`)
    expect(canonicalName(`${EC2}:key-pair/Web`)).toBe(`${EC2}:key-pair/Web`)
  })
})

describe('another name', () => {
  /** A pattern for the name, and an ARN of a call, for each type of the table. */
  const types = fc.constantFrom(...Object.keys(OTHER_NAMES).map((key) => key.split(':') as [string, string]))

  it('never escapes from a rule for every name of its type', () => {
    fc.assert(
      fc.property(types, letters, cases, ([service, type], name, upper) => {
        const separator = /^(secret|function|log-group|stateMachine)$/.test(type) ? ':' : '/'
        const arn = `arn:aws:${service}:${HERE}:${type}${separator}${recased(name, upper)}`
        expect(restricts([`arn:aws:${service}:*:*:${type}${separator}*`], arn)).toBe(true)
      }),
    )
  })

  it('is not looked for in other resource types', () => {
    fc.assert(
      fc.property(letters, letters, (one, other) => {
        fc.pre(one !== other)
        const table = (name: string) => `arn:aws:dynamodb:${HERE}:table/${name}`
        expect(restricts([table(one)], table(other))).toBe(false)
      }),
    )
  })
})

describe('what nobody knows of a name', () => {
  const uuid = fc.uuid({ version: 4 })
  const number = fc.nat(99_999).map(String)
  /** What a call names, and the ARN that the thing has. */
  const named = fc
    .tuple(
      fc.constantFrom(
        ...(['stack', 'changeSet'] as const).map((type) => [`${CFN}:${type}/`, '/', uuid] as const),
        [`${CFN}:stackset/`, ':', uuid] as const,
        [`${ECS}:task-definition/`, ':', number] as const,
        [`arn:aws:batch:${HERE}:job-definition/`, ':', number] as const,
      ),
      fc.stringMatching(/^[a-f][a-f0-9-]{0,8}$/),
    )
    .chain(([[start, separator, id], name]) =>
      id.map((known) => [`${start}${name}${separator}*`, `${start}${name}${separator}${known}`] as const),
    )
  const group = fc
    .tuple(fc.stringMatching(/^[a-f-]{1,6}$/), uuid)
    .map(([name, id]) => [`${ASG('*')}/${name}`, `${ASG(id)}/${name}`] as const)

  it('lets no thing escape from a rule that covers its ARN', () => {
    const cuts = fc.array(fc.nat(200), { maxLength: 8 })
    fc.assert(
      fc.property(fc.oneof(named, group), cuts, ([given, arn], where) => {
        const sorted = [0, ...where.map((at) => at % arn.length).toSorted((a, b) => a - b), arn.length]
        const pieces = sorted.slice(1).map((end, index) => arn.slice(sorted[index], end))
        const pattern = pieces.map((piece, index) => (index % 2 === 0 ? piece : '*')).join('')
        expect(arnMatch([pattern], arn)).toBe(true)
        expect(restricts([pattern], given)).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  it('does not make a rule be about a thing whose name it does not fit', () => {
    const word = fc.stringMatching(/^[g-z]{1,6}$/)
    fc.assert(
      fc.property(named, word, ([given], other) => {
        const start = given.slice(0, given.indexOf('/') + 1)
        for (const pattern of [`*${other}`, `*${other}*`, `${other}*`])
          expect(restricts([`${start}${pattern}`], given)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})
