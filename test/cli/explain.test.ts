import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { loadPolicy } from '../../policy/bundle.ts'
import { run, type ExplainDeps } from '../../proxy/cli/explain.ts'
import { unknownNames } from '../../proxy/cli/unknown-names.ts'
import { parseConfig } from '../../proxy/config/load.ts'

const data = {
  agents: { demo: { grants: [{ classes: ['read', 'write'], resources: ['arn:aws:s3:::data/*'] }] } },
}
const deps: ExplainDeps = {
  loadEngine: () => loadPolicy({ data }),
  unknownNames: () => [],
  nowMs: () => 1_790_000_000_000,
}

async function explain(args: readonly string[], stdin = '', given: ExplainDeps = deps) {
  const io = { stdin: Readable.from([stdin]), stdout: new PassThrough(), stderr: new PassThrough() }
  const code = await run(args, io, given)
  io.stdout.end()
  io.stderr.end()
  return { code, out: await text(io.stdout), err: await text(io.stderr) }
}

function line(facts: object): string {
  return `${JSON.stringify({ service: 's3', count: 1, traits: [], reason: null, ...facts })}\n`
}

const WHO = ['--config', 'moderato.yaml', '--agent', 'demo']

describe('explain', () => {
  it('says why a described call is refused, with exit code 1', async () => {
    const call = ['--service', 's3', '--operation', 'DeleteBucket', '--class', 'destructive']
    const { code, out } = await explain([...WHO, ...call, '--resource', 'arn:aws:s3:::data'])
    expect(code).toBe(1)
    expect(out).toContain('DENY  s3:DeleteBucket by demo')
    expect(out).toContain('rules      moderato.rules.grants.deny')
    expect(out).toContain('because    Class destructive is not granted on arn:aws:s3:::data.')
  })

  it('says which rule allows a call, with exit code 0', async () => {
    const call = [
      '--service',
      's3',
      '--operation',
      'PutObject',
      '--class',
      'write',
      '--resource',
      'arn:aws:s3:::data/k',
    ]
    const { code, out } = await explain([...WHO, ...call])
    expect(code).toBe(0)
    expect(out).toContain('ALLOW  s3:PutObject by demo')
    expect(out).toContain('moderato.rules.grants.permit')
  })

  it('reads the lines of `catalogue identify`, and answers one JSON line for each', async () => {
    const read = {
      operation: 'GetObject',
      resources: ['arn:aws:s3:::data/k'],
      class: 'read',
      classes: ['read'],
    }
    const lost = { operation: null, resources: ['*'], class: 'unknown', classes: [] }
    const { code, out } = await explain([...WHO, '--json', '--region', 'eu-west-1'], line(read) + line(lost))
    const answers = out
      .trim()
      .split('\n')
      .map((each) => JSON.parse(each))
    expect(code).toBe(1)
    expect(answers[0]).toMatchObject({ input: { call: { region: 'eu-west-1' } }, verdict: { allow: true } })
    expect(answers[1].verdict).toMatchObject({
      allow: false,
      rules: ['moderato.rules.unknown_operation.deny'],
    })
  })

  it('takes what is not said for unknown', async () => {
    const { code, out } = await explain([...WHO, '--service', 's3', '--operation', 'GetObject'])
    expect(code).toBe(1)
    expect(out).toContain('classes    unknown')
    expect(out).toContain('resources  "*"')
  })

  it('takes the gravest class for the label', async () => {
    const flags = ['--service', 's3', '--class', 'permissions', '--class', 'write', '--json']
    const { out } = await explain([...WHO, ...flags])
    expect(JSON.parse(out).input.call).toMatchObject({
      class: 'permissions',
      classes: ['permissions', 'write'],
    })
  })

  it.each([
    ['no agent', ['--config', 'x'], ''],
    ['an unknown flag', [...WHO, '--wrong'], ''],
    ['an unknown class', [...WHO, '--service', 's3', '--class', 'gentle'], ''],
    ['a count below 1', [...WHO, '--service', 's3', '--class', 'read', '--count', '0'], ''],
    ['a line that is no JSON', WHO, 'text\n'],
  ])('ends with exit code 2 on %s', async (_, args, stdin) => {
    const { code, out, err } = await explain(args, stdin)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).not.toBe('')
  })

  it('ends with exit code 2 when nothing is described', async () => {
    expect((await explain(WHO, '\n')).code).toBe(2)
  })

  it('ends with exit code 1 when the engine cannot be loaded', async () => {
    const broken = { ...deps, loadEngine: () => Promise.reject(new Error('no policy.wasm')) }
    const { code, err } = await explain([...WHO, '--service', 's3'], '', broken)
    expect(code).toBe(1)
    expect(err).toContain('no policy.wasm')
  })

  it('prints its usage', async () => {
    const { code, out } = await explain(['--help'])
    expect(code).toBe(0)
    expect(out).toContain('usage: moderato explain')
  })
})

describe('the names of an explained call', () => {
  const rule = { match: { sub: '*' }, agent: 'ci/{sub}', grants: [{ classes: ['read'], resources: ['*'] }] }
  const provider = { name: 'p', type: 'oidc', issuer: 'https://i.example.org', audience: 'm', rules: [rule] }
  const given = {
    agents: [{ id: 'cleanup', accessKeyId: 'AKIDA', secretAccessKey: 's'.repeat(32) }],
    identity: { providers: [provider] },
  }
  const { config } = parseConfig(given, { file: 'f', folder: '/', environment: {} })
  const unknown = (agent: string, service?: string, operation?: string) =>
    unknownNames({ agent, service, operation }, config)

  it('are said to be unknown, with what may be meant', async () => {
    expect(unknown('clenup', 'dynamo', 'DeleteTable')).toEqual([
      'the configuration has no agent clenup (did you mean cleanup?)',
      'the catalogue has no service dynamo (did you mean dynamodb?)',
    ])
    expect(unknown('cleanup', 'dynamodb', 'DeletTable')).toEqual([
      'the catalogue has no dynamodb:DeletTable (did you mean DeleteTable?)',
    ])
    for (const service of ['dynamodb', undefined])
      expect(unknown('ci/main', service, 'DeleteTable')).toEqual([])
    const saying = { ...deps, unknownNames: () => ['the catalogue has no service dynamo'] }
    const { code, err } = await explain([...WHO, '--service', 'dynamo', '--class', 'write'], '', saying)
    expect({ code, err }).toEqual({ code: 1, err: 'moderato: the catalogue has no service dynamo\n' })
  })
})
