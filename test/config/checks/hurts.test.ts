import { describe, expect, it } from 'vitest'
import { everyOperation, loadCatalogue } from '../../../proxy/aws/catalogue/catalogue.ts'
import { whatHurts } from '../../../proxy/config/checks/hurts.ts'
import { parseConfig } from '../../../proxy/config/load.ts'

const KEY = { accessKeyId: 'AKIDA', secretAccessKey: 's'.repeat(32) }
const PEOPLE = ['alice', 'bob'].map((id, index) => ({ id, tokenSha256: String(index).repeat(64) }))

function hurts(given: object) {
  const { config } = parseConfig(given, { file: 'f', folder: '/', environment: {} })
  return whatHurts(config, loadCatalogue())
}
const granting = (resources: readonly string[], classes: readonly string[] = ['read']) => ({
  agents: [{ id: 'a', ...KEY, grants: [{ classes, resources }] }],
})
const problems = (given: object) => hurts(given).problems.map(({ path, message }) => `${path}: ${message}`)

describe('a pattern', () => {
  it.each([
    ['s3://bucket', 'write arn:aws:s3:::bucket'],
    ['s3://bucket/a/*', 'write arn:aws:s3:::bucket/a/*'],
    ['bucket/*', 'matches no ARN: write arn:aws:SERVICE'],
    ['table/orders', 'matches no ARN: write arn:aws:SERVICE'],
    ['arn:aws:s3', 'fewer than six parts'],
    ['arn:asw:s3:::bucket', 'there is no partition asw (did you mean aws?)'],
    ['arn:aws:dynamdb:*:*:table/t', 'there is no service dynamdb (did you mean dynamodb?)'],
    ['arn:aws:sqs:us-esat-1:*:q', 'there is no region us-esat-1 (did you mean us-east-1?)'],
    ['arn:aws:sqs:us-east-1:1234:q', 'an account has 12 digits, and 1234 has 4'],
    ['arn:aws:dynamodb:*:11112222333:table/t', 'an account has 12 digits, and 11112222333 has 11'],
    ['arn:aws:iam:us-east-1:111122223333:role/r', 'write arn:aws:iam::111122223333:role/r'],
    ['arn:aws:s3:us-east-1:111122223333:bucket/*', 'write arn:aws:s3:::bucket/*'],
    ['arn:aws:dynamodb:::table/t', 'write arn:aws:dynamodb:*:*:table/t'],
    ['arn:aws:lambda::111122223333:function:f', 'write arn:aws:lambda:*:111122223333:function:f'],
  ])('that can match no ARN is found: %s', (pattern, words) => {
    expect(problems(granting([pattern, '*']))).toEqual([
      expect.stringMatching(/^agents\.0\.grants\.0\.resources\.0: /),
    ])
    expect(problems(granting([pattern, '*']))[0]).toContain(words)
  })

  it.each([
    ['*'],
    ['arn:*'],
    ['a*'],
    ['*:table/t'],
    ['arn:aws:s3:::bucket'],
    ['arn:aws:s3:::bucket/*'],
    ['arn:aws-cn:s3:::bucket'],
    ['arn:*:s3:::bucket'],
    ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
    ['arn:aws:dynamodb:*:111122223333:table/*'],
    ['arn:aws:lambda:us-*:*:function:*'],
    ['arn:aws:a-service-of-next-year:*'],
    ['arn:aws:ec2:us-east-1::image/ami-1'],
    ['arn:aws:s3:*:*:bucket/*'],
    ['arn:aws:s3:us-east-1:111122223333:accesspoint/a/object/*'],
    ['arn:aws:s3::111122223333:accesspoint/m.mrap'],
    ['arn:aws:sts::111122223333:assumed-role/r/s'],
    ['arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/t'],
    ['arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31'],
    ['arn:aws:logs:*:log-group:/a:*'],
  ])('that can match one is not: %s', (pattern) => {
    expect(problems(granting([pattern]))).toEqual([])
  })

  it('that names a resource as AWS does is never a problem, whatever the service', () => {
    const VALUES: Readonly<Record<string, string>> = {
      Partition: 'aws',
      Region: 'us-east-1',
      Account: '111122223333',
    }
    const named = everyOperation(loadCatalogue()).flatMap(({ resources }) =>
      resources.flatMap(({ template, arnService }) => (arnService.includes('$') ? [] : (template ?? []))),
    )
    const patterns = [...new Set(named)].flatMap((template) => [
      template.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? 'name'),
      template.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => (name === 'Partition' ? 'aws' : '*')),
    ])
    expect(patterns.length).toBeGreaterThan(2_000)
    // One grant for each, of a class that any service has.
    expect(problems(granting(patterns))).toEqual([])
  })

  it('is looked at in every list of the configuration', () => {
    const resources = ['s3://b']
    const rule = { classes: ['destructive'], resources }
    const found = problems({
      agents: [{ id: 'a', ...KEY }],
      admin: { people: PEOPLE },
      policy: { approvals: [rule], taskApprovals: [rule] },
      catalogue: { overrides: [{ operation: '*:*', resources, add: ['protection'] }] },
      breakglass: { resources },
    })
    expect(found.map((each) => each.split(':')[0])).toEqual([
      'policy.approvals.0.resources.0',
      'policy.taskApprovals.0.resources.0',
      'catalogue.overrides.0.resources.0',
      'breakglass.resources.0',
    ])
  })
})

describe('a grant', () => {
  it('of classes that no call to its services has is found', () => {
    expect(problems(granting(['arn:aws:lambda:*'], ['data-delete']))).toEqual([
      'agents.0.grants.0.classes: no call to lambda is data-delete',
    ])
    expect(problems(granting(['arn:aws:lambda:*', 'arn:aws:sqs:*'], ['data-delete']))).toEqual([])
  })

  it('of some such classes is warned of', () => {
    const { problems: none, warnings } = hurts(granting(['arn:aws:lambda:*'], ['write', 'data-delete']))
    expect([none, warnings.map(({ message }) => message)]).toEqual([[], ['no call to lambda is data-delete']])
  })

  it('is left alone where it may be of any service, or operators or templates give other classes', () => {
    const classes = ['data-delete']
    for (const resource of ['*', 'arn:aws:*', 'arn:aws:l*', 'arn:aws:cloudformation:*'])
      expect(problems(granting([resource], classes))).toEqual([])
    const overrides = [{ operation: 'lambda:Invoke', classes: ['data-delete'] }]
    expect(problems({ ...granting(['arn:aws:lambda:*'], classes), catalogue: { overrides } })).toEqual([])
    expect(problems(granting(['arn:aws:secretsmanager:*'], ['reads-secret']))).toEqual([])
    expect(problems(granting(['arn:aws:lambda:*'], ['unknown']))).toEqual([])
    // A role is passed by calls to other services.
    expect(problems(granting(['arn:aws:iam::*:role/worker'], ['opaque']))).toEqual([])
  })
})

describe('an approval', () => {
  const grants = [{ classes: ['destructive'], resources: ['*'] }]
  const agents = (owner?: string) => [{ id: 'a', ...KEY, grants, ...(owner === undefined ? {} : { owner }) }]
  const rule = (approvers: number, only = '*') => ({ classes: ['destructive'], agents: [only], approvers })
  const asking = (owner: string | undefined, people: number, approvers: number, only?: string) =>
    problems({
      agents: agents(owner),
      admin: { people: PEOPLE.slice(0, people) },
      policy: { approvals: [rule(approvers, only)] },
    })

  it('that nobody can give is found: every person is the owner', () => {
    expect(asking('alice', 1, 1)).toEqual([
      'policy.approvals.0: asks for an approval that nobody can give for agent a: its owner cannot, and admin.people names too few others',
    ])
    expect(asking('alice', 2, 2)).toEqual([expect.stringContaining('that too few people can give')])
  })

  it('of two people is no matter where the agent may do nothing of the kind', () => {
    const [agent] = agents('alice')
    const reader = { ...agent, grants: [{ classes: ['read'], resources: ['*'] }] }
    const policy = { approvals: [rule(2)] }
    expect(problems({ agents: [reader], admin: { people: PEOPLE }, policy })).toEqual([])
  })

  it('that somebody can give is not', () => {
    expect([asking('alice', 2, 1), asking(undefined, 1, 1), asking('alice', 1, 1, 'other')]).toEqual([
      [],
      [],
      [],
    ])
  })

  it('is looked for in task approvals and the responses of watchers, too', () => {
    const found = problems({
      agents: agents('alice'),
      admin: { people: PEOPLE.slice(0, 1) },
      policy: { taskApprovals: [{ classes: ['destructive'] }] },
      watch: { detectors: { fanout: { response: 'approve' } } },
    })
    expect(found.map((each) => each.split(':')[0])).toEqual([
      'policy.taskApprovals.0',
      'watch.detectors.fanout.response',
    ])
  })
})

describe('a name', () => {
  it('of an agent that nobody is gets a warning, unless a template may make it', () => {
    const rule = (agents: readonly string[]) => ({ classes: ['destructive'], agents })
    const window = {
      name: 'w',
      days: ['mon'],
      from: '18:00',
      to: '20:00',
      timeZone: 'UTC',
      agents: ['cleanpu', 'x*'],
    }
    const given = {
      agents: [{ id: 'cleanup', ...KEY }],
      admin: { people: PEOPLE },
      policy: { approvals: [rule(['clean*']), rule(['clenup'])], taskApprovals: [rule(['*', 'other'])] },
      freeze: { windows: [window] },
    }
    const warned = (more: object) =>
      hurts({ ...given, ...more }).warnings.map(({ path, message }) => `${path}: ${message}`)
    expect(warned({})).toEqual([
      'policy.approvals.1.agents.0: "clenup" is no agent of this configuration (did you mean cleanup?)',
      'policy.taskApprovals.0.agents.1: "other" is no agent of this configuration',
      'freeze.windows.0.agents.0: "cleanpu" is no agent of this configuration (did you mean cleanup?)',
      'freeze.windows.0.agents.1: "x*" is no agent of this configuration',
    ])
    const rules = [
      { match: { sub: '*' }, agent: 'x/{sub}', grants: [{ classes: ['read'], resources: ['*'] }] },
    ]
    const provider = { name: 'p', type: 'oidc', issuer: 'https://i.example.org', audience: 'moderato', rules }
    expect(warned({ identity: { providers: [provider] } }).join()).not.toContain('"x*"')
  })

  it('of a region or an operation that does not exist is found, with what was meant', () => {
    expect(problems({ upstream: { regions: ['eu-central-1', 'eu-centrl-1'] } })).toEqual([
      'upstream.regions.1: "eu-centrl-1" is no known region (did you mean eu-central-1?)',
    ])
    const overriding = (operation: string) =>
      problems({ catalogue: { overrides: [{ operation, add: ['protection'] }] } })
    expect(overriding('dynamodb:DeletTable')).toEqual([
      'catalogue.overrides.0.operation: dynamodb has no operation DeletTable (did you mean DeleteTable?)',
    ])
    expect(problems({ policy: { allowUnmodelled: ['dynamodb:UpdateTabel:NewParameter'] } })).toEqual([
      'policy.allowUnmodelled.0: dynamodb has no operation UpdateTabel (did you mean UpdateTable?)',
    ])
    expect(problems({ policy: { allowUnmodelled: ['dynamodb:UpdateTable:NewParameter'] } })).toEqual([])
    expect(overriding('dynamo:DeleteTable')).toEqual([
      expect.stringContaining('there is no service dynamo (did you mean dynamodb?)'),
    ])
    for (const operation of [
      '*:*',
      '*:Delete',
      'dynamodb:*',
      'dynamodb:DeleteTable',
      'docdb:DeleteDBCluster',
    ])
      expect(overriding(operation)).toEqual([])
  })
})

describe('plain HTTP', () => {
  it('from other machines is warned of', () => {
    const at = (agents: string) => hurts({ listen: { agents } })
    expect(at('0.0.0.0:8080')).toMatchObject({ problems: [], warnings: [{ path: 'listen.agents' }] })
    expect(at('127.0.0.1:8080').warnings).toEqual([])
    expect(at('[::1]:8080').warnings).toEqual([])
    const url = (text: string) => hurts({ approvals: { url: text } }).warnings
    expect(url('http://moderato.internal')).toMatchObject([{ path: 'approvals.url' }])
    expect([...url('https://moderato.internal'), ...url('http://127.0.0.1:8081')]).toEqual([])
  })
})
