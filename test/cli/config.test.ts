import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigSchema } from '../../proxy/config/schema/config.ts'
import { run } from '../../proxy/cli/config.ts'
import { captured } from './captured.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, config: object): string {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(config))
  return path
}

async function config(...args: string[]) {
  const { io, out, err } = captured()
  return { code: await run(args, io), out: out(), err: err() }
}

describe('moderato config', () => {
  it('says what is wrong with a file, or that it is good', async () => {
    expect(await config('check', file('good', {}))).toMatchObject({
      code: 0,
      out: expect.stringContaining('good'),
    })
    const wrong = file('wrong', { agent: [] })
    const message = `is not a setting: give ${Object.keys(ConfigSchema.shape).join(', ')} (did you mean agents?)`
    expect(await config('check', wrong)).toMatchObject({
      code: 1,
      err: `${wrong}:\n  agent: ${message}\n`,
    })
    expect(JSON.parse((await config('show', wrong, '--json')).out)).toEqual({
      ok: false,
      findings: [{ path: 'agent', message }],
    })
  })

  it('warns of patterns of restricting rules that leave out names of a thing, and lets the file pass (S25)', async () => {
    const secret = 'arn:aws:secretsmanager:*:*:secret:prod-db-*'
    const path = file('warned', {
      admin: { people: [{ id: 'alice@example.org', tokenSha256: '0'.repeat(64) }] },
      policy: {
        approvals: [{ classes: ['destructive'], resources: ['arn:aws:s3:::prod/*', secret] }],
        taskApprovals: [{ classes: ['destructive'], resources: ['arn:aws:kms:*:*:alias/prod'] }],
      },
      catalogue: {
        overrides: [{ operation: 'rds:*', resources: ['arn:aws:rds:*:*:db:PROD'], add: ['protection'] }],
      },
      freeze: {
        windows: [
          { name: 'night', from: '22:00', to: '06:00', timeZone: 'UTC', services: ['docdb', 'dynamo'] },
        ],
      },
    })
    const { code, out, err } = await config('check', path)
    expect({ code, out }).toEqual({ code: 0, out: `${path}: good\n` })
    expect(err).toContain(`warning: policy.approvals.0.resources.1: "${secret}" names only one of the names`)
    expect(JSON.parse((await config('check', path, '--json')).out)).toMatchObject({
      ok: true,
      findings: [],
      warnings: [
        { path: 'policy.approvals.0.resources.1' },
        { path: 'policy.taskApprovals.0.resources.0' },
        { path: 'catalogue.overrides.0.resources.0', message: expect.stringContaining('in lower case') },
        { path: 'freeze.windows.0.services.1', message: expect.stringContaining('IAM prefix') },
      ],
    })
    expect((await config('check', file('unwarned', {}))).err).toBe('')
  })

  it('warns of variables, which no pattern has, in every rule', async () => {
    const resources = ['arn:aws:s3:::home/${aws:username}/*', 'arn:aws:s3:::home/${*}']
    const grants = [{ classes: ['read'], resources }]
    const path = file('variables', {
      admin: { people: [{ id: 'alice@example.org', tokenSha256: '0'.repeat(64) }] },
      agents: [
        { id: 'a', accessKeyId: 'AKIDA', secretAccessKey: 'a-secret-of-32-characters-or-more', grants },
      ],
      breakglass: { classes: ['read'], resources },
      policy: { approvals: [{ classes: ['read'], resources }] },
    })
    const { warnings } = JSON.parse((await config('check', path, '--json')).out)
    const message = expect.stringContaining('has ${aws:username}, which stands for itself')
    expect(warnings).toEqual([
      { path: 'policy.approvals.0.resources.0', message },
      { path: 'agents.0.grants.0.resources.0', message },
      { path: 'breakglass.resources.0', message },
    ])
  })

  it('names what may stand where something else does, or nothing', async () => {
    const classes = { write: { rate: '1/s', burts: 3 }, destruktive: {} }
    const wrong = file('misspelt', { pacing: { classes } })
    const { err } = await config('check', wrong)
    expect(err).toContain('pacing.classes.write.burst: is missing\n')
    expect(err).toContain(
      'pacing.classes.write.burts: is not a setting: give rate, burst, maxWait (did you mean burst?)\n',
    )
    expect(err).toMatch(/pacing\.classes\.destruktive: is not a setting: give read, .*destructive/)
  })

  it('fails for what hurts, and says it of a file that a start would take', async () => {
    const grants = [{ classes: ['read'], resources: ['s3://bucket/key'] }]
    const agent = { id: 'a', accessKeyId: 'AKIDA', secretAccessKey: 's'.repeat(32), grants }
    const path = file('hurts', { agents: [agent], listen: { agents: '0.0.0.0:8080' } })
    expect(await config('check', path)).toMatchObject({
      code: 1,
      err: expect.stringContaining('agents.0.grants.0.resources.0: "s3://bucket/key" is no ARN'),
    })
    expect((await config('show', path)).code).toBe(0)
    const plain = await config('check', file('plain', { listen: { agents: '0.0.0.0:8080' } }))
    expect(plain).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^warning: listen\.agents: takes plain HTTP from other machines/),
    })
  })

  it('says which form an address has, with the port that was given', async () => {
    for (const [agents, words] of [
      [8480, 'write 127.0.0.1:8480 for this machine alone, or 0.0.0.0:8480 for all'],
      [':8480', 'write 127.0.0.1:8480 for this machine alone'],
      ['8480', 'write 127.0.0.1:8480 for this machine alone'],
      ['proxy.internal', 'for example proxy.internal:8080'],
      [{ port: 1 }, 'for example 127.0.0.1:8080'],
    ] as const) {
      const { code, err } = await config('check', file('address', { listen: { agents } }))
      expect([code, err]).toEqual([1, expect.stringContaining(`listen.agents: must be HOST:PORT`)])
      expect(err).toContain(words)
    }
  })

  it('says what a start would say of the secrets in files that it names', async () => {
    const alerts = { url: 'https://hooks.example.org', secretFile: 'short' }
    const path = file('short-secret', {
      watch: { alerts },
      admin: { people: [{ id: 'a', tokenFile: 'open' }] },
    })
    writeFileSync(join(dirname(path), 'short'), 'too-short', { mode: 0o600 })
    writeFileSync(join(dirname(path), 'open'), 'x'.repeat(40), { mode: 0o644 })
    const { code, err } = await config('check', path)
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(
        /secretFile: the secret in .*short has fewer than 32 characters: make one with openssl rand -base64 33\n/,
      ),
    })
    expect(err).toMatch(/admin\.people\.0\.tokenFile: .*open is open to other users: set its mode to 0600\n/)
    expect(err).not.toContain('too-short')
  })

  it('misses the files that it names', async () => {
    const people = [{ id: 'alice@example.org', tokenFile: 'alice.token' }]
    const path = file('people', { admin: { people } })
    const { code, err } = await config('check', path)
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/^.*:\n {2}admin\.people\.0\.tokenFile: .*alice\.token does not exist\n$/),
    })
  })

  it('says what is allowed where a value is not', async () => {
    const agents = [{ id: 'a', grants: [{ classes: ['delete'], resources: ['*'] }] }]
    const wrong = { agents, upstream: { accountId: 123456789012 }, approvals: { expire: 3600 } }
    const { err } = await config('check', file('values', wrong))
    expect(err).toContain('agents.0.grants.0.classes.0: "delete" is unknown: give read, list,')
    expect(err).toContain('upstream.accountId: must be 12 digits, in quotes')
    expect(err).toContain('approvals.expire: must be a duration such as 20s')
  })

  it('prints what differs between two files, and what of it needs a restart', async () => {
    const [one, two] = [
      file('one', { stateDir: '/a' }),
      file('two', { stateDir: '/b', policy: { mode: 'observe' } }),
    ]
    expect(await config('diff', one, two)).toEqual({
      code: 0,
      out: 'stateDir: "/a" -> "/b"  # needs a restart\npolicy.mode: "enforce" -> "observe"\n',
      err: '',
    })
    expect(await config('diff', one, one)).toMatchObject({ code: 0, out: '' })
    expect(JSON.parse((await config('diff', one, two, '--json')).out)).toMatchObject([
      { path: 'stateDir', restart: true },
      { path: 'policy.mode', restart: false },
    ])
  })

  it('prints the JSON Schema of the file, with what is said of each setting', async () => {
    const schema = JSON.parse((await config('schema')).out)
    const { mode, bundle } = schema.properties.policy.properties
    expect(mode).toMatchObject({
      enum: ['enforce', 'observe'],
      default: 'enforce',
      'x-moderato': {
        changedBy: 'reload',
        variable: 'MODERATO_POLICY_MODE',
        environment: 'may only set it to enforce',
      },
    })
    expect(bundle['x-moderato']).toMatchObject({ environment: 'guarded', file: 'bundle' })
    expect(schema.properties.admin.properties.token['x-moderato']).toMatchObject({ secret: true })
    expect(schema.additionalProperties).toBe(false)
  })

  it('misses a socket and what Moderato makes itself in no file', async () => {
    const bundle = { workloadApi: 'unix:///run/spire/api.sock' }
    const provider = {
      type: 'spiffe-jwt',
      name: 'spire',
      trustDomain: 'example.org',
      audience: 'moderato',
      bundle,
      rules: [{ match: { sub: '*' }, agent: 'a' }],
    }
    const identity = { sealingKeys: 'not-yet', providers: [provider] }
    const path = file('later', { stateDir: 'not-yet', identity, agents: [{ id: 'a' }] })
    expect(await config('check', path)).toMatchObject({ code: 0, err: '' })
  })

  it('is used as it says', async () => {
    for (const args of [
      [],
      ['check'],
      ['check', 'a', 'b'],
      ['diff', 'a'],
      ['constructor', 'a'],
      ['show', 'a', '--nope'],
    ])
      expect(await config(...args), args.join(' ')).toMatchObject({ code: 2, out: '' })
    expect((await config('--help')).out).toContain('moderato config diff OLD NEW')
  })
})
