import { describe, expect, it } from 'vitest'
import { describeConfig } from '../../proxy/config/describe.ts'
import { parseConfig } from '../../proxy/config/load.ts'
import { ConfigError } from '../../proxy/config/loaded.ts'

const SECRET = 'a-secret-with-more-than-32-characters'
const agent = { id: 'spiffe://example.org/agent/a', accessKeyId: 'AKIDA', secretAccessKey: SECRET }

function load(given: unknown, environment: Record<string, string> = {}) {
  return parseConfig(given, { file: 'moderato.yaml', folder: '/etc/moderato', environment })
}

function findings(given: unknown, environment: Record<string, string> = {}): Record<string, string> {
  try {
    load(given, environment)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return Object.fromEntries(error.findings.map(({ path, message }) => [path, message]))
  }
  return {}
}

describe('config', () => {
  it('paces writes that replace something as the writes that are configured', () => {
    const write = { rate: '10/s', burst: 7, maxWait: '1s' }
    const { classes } = load({ pacing: { classes: { write } } }).config.pacing
    expect(classes['may-overwrite']).toEqual(classes.write)
  })

  it('fills every default of the contract into an empty file', () => {
    const { config } = load({})
    expect(config.listen.agents).toEqual({ host: '127.0.0.1', port: 8080 })
    expect(config.listen.admin).toEqual({ host: '127.0.0.1', port: 8081 })
    expect(config.policy.mode).toBe('enforce')
    expect(config.limits.bufferedBodyBytes).toBe(10 * 1024 * 1024)
    expect(config.stateDir).toBe('/etc/moderato/.moderato')
    expect(Object.keys(config.pacing.classes).toSorted()).toEqual([
      'credentials',
      'data-delete',
      'destructive',
      'disruptive',
      'may-overwrite',
      'opaque',
      'permissions',
      'protection',
      'write',
    ])
  })

  it('keeps the default pace of a class that the file leaves out', () => {
    const { config } = load({ pacing: { classes: { write: { rate: '1/s', burst: 5, maxWait: '1s' } } } })
    expect(config.pacing.classes.write?.burst).toBe(5)
    expect(config.pacing.classes.destructive).toMatchObject({ burst: 2, maxWait: 20_000 })
  })

  it('names the path of every unknown key and every wrong value at once', () => {
    const found = findings({
      upstraem: {},
      listen: { agents: 'nowhere' },
      pacing: { classes: { destructive: { rate: 'fast', burst: 0, maxWait: '60s' } } },
      agents: [{ ...agent, grants: [{ classes: ['destroy'], resources: ['*'] }] }],
    })
    expect(Object.keys(found).toSorted()).toEqual([
      'agents.0.grants.0.classes.0',
      'listen.agents',
      'pacing.classes.destructive.burst',
      'pacing.classes.destructive.maxWait',
      'pacing.classes.destructive.rate',
      'upstraem',
    ])
    expect(found['pacing.classes.destructive.maxWait']).toContain('45s')
    expect(found['pacing.classes.destructive.rate']).toContain('6/min')
  })

  it('says of a setting that comes later that it is not built', () => {
    expect(findings({ listen: { intercept: '127.0.0.1:8082' } })['listen.intercept']).toContain(
      'not built yet',
    )
  })

  const rule = {
    name: 'fleet-destructive',
    classes: ['destructive', 'disruptive'],
    per: ['fleet', 'region'],
    rate: '60/h',
    burst: 5,
    maxWait: '20s',
  }

  it('takes pace rules, which are enforced unless they say otherwise', () => {
    const { rules, dwell } = load({ pacing: { rules: [rule], dwell: '30s' } }).config.pacing
    expect(rules).toEqual([
      { ...rule, rate: { things: 60, perMs: 3_600_000 }, maxWait: 20_000, mode: 'enforce' },
    ])
    expect(dwell).toBe(30_000)
  })

  it.each([
    [
      'an unknown part of a key, by name',
      { per: ['agent', 'team'] },
      'per.1',
      '"team" is unknown: give agent',
    ],
    ['an unknown class, by name', { classes: ['destroy'] }, 'classes.0', '"destroy" is unknown: give read'],
    ['a pace for what is always refused', { classes: ['unknown'] }, 'classes.0', '"unknown" is unknown'],
    ['fleet behind another part', { per: ['agent', 'fleet'] }, 'per', 'fleet alone or first'],
    ['a part that stands twice', { per: ['agent', 'agent'] }, 'per', 'twice'],
    ['no part', { per: [] }, 'per', ''],
    ['no class', { classes: [] }, 'classes', ''],
    ['the name of a class', { name: 'destructive' }, 'name', 'is the name of a class'],
    ['a name with a separator of keys', { name: 'a|b' }, 'name', 'a-z'],
    ['a wait longer than clients wait', { maxWait: '46s' }, 'maxWait', '45s'],
    ['an unknown key', { perAgent: true }, 'perAgent', ''],
    ['another mode', { mode: 'off' }, 'mode', ''],
  ])('refuses a pace rule with %s', (_, wrong, path, message) => {
    const found = findings({ pacing: { rules: [{ ...rule, ...wrong }] } })
    expect(Object.keys(found)).toEqual([`pacing.rules.0.${path}`])
    expect(found[`pacing.rules.0.${path}`]).toContain(message)
  })

  it('refuses two pace rules of one name', () => {
    const found = findings({ pacing: { rules: [rule, { ...rule, per: ['agent'] }] } })
    expect(found).toEqual({ 'pacing.rules.1.name': 'fleet-destructive stands twice' })
  })

  it.each([
    ['policy', 'approvals', { classes: ['destructive'] }],
    ['policy', 'taskApprovals', { classes: ['destructive'] }],
    ['catalogue', 'overrides', { operation: 's3:*', classes: ['write'] }],
  ])('takes a name of a rule in %s.%s: once, and short enough for a label', (group, list, entry) => {
    const found = (...names: string[]) =>
      findings({
        [group]: { [list]: names.map((name) => ({ ...entry, name })) },
        admin: { people: [{ id: 'a', tokenSha256: '0'.repeat(64) }] },
      })
    expect(found('one', 'two')).toEqual({})
    expect(found('one', 'one')).toEqual({ [`${group}.${list}.1.name`]: 'one stands twice' })
    for (const wrong of ['', 'a'.repeat(65), 'a|b', 'A'])
      expect(Object.keys(found(wrong)), wrong).toEqual([`${group}.${list}.0.name`])
  })

  it('refuses a short or published secret unless the upstream is loopback (S7)', () => {
    const short = { agents: [{ ...agent, secretAccessKey: 'demo-secret' }] }
    expect(findings(short)['agents.0.secretAccessKey']).toContain('32')
    expect(findings({ ...short, upstream: { endpoint: 'http://127.0.0.1:5000' } })).toEqual({})
    const known = { agents: [{ ...agent, secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }] }
    expect(findings(known)['agents.0.secretAccessKey']).toContain('example')
  })

  it('refuses an upstream endpoint that is plain HTTP off loopback (S5)', () => {
    for (const endpoint of [
      'http://10.0.0.1',
      'http://localhost.evil.example',
      'ftp://127.0.0.1',
      'https://a@b',
      'https://:p@b',
      'https://a/b',
    ]) {
      expect(findings({ upstream: { endpoint } })['upstream.endpoint'], endpoint).toBeDefined()
    }
    expect(findings({ upstream: { endpoint: 'https://aws.example' } })).toEqual({})
  })

  it('refuses an admin listener off loopback (S6) and a remote bundle (S7)', () => {
    expect(findings({ listen: { admin: '0.0.0.0:8081' } })['listen.admin']).toContain('loopback')
    expect(findings({ policy: { bundle: 'https://policy.example/b.tar.gz' } })['policy.bundle']).toContain(
      'refused',
    )
  })

  it('knows people by names that are one person each (S18)', () => {
    const tokenSha256 = 'ab'.repeat(32)
    const people = [
      { id: 'alice@example.org', tokenSha256, slack: 'U012AB3CD' },
      { id: 'bob@example.org', tokenSha256, slack: 'U012AB3CD', certificate: 'CN=bob' },
    ]
    expect(findings({ admin: { people } })).toEqual({
      'admin.people.1.tokenSha256': 'stands twice',
      'admin.people.1.slack': 'stands twice',
      'admin.people.1.certificate': 'needs admin.tls.clientCa',
    })
    const both = [{ id: 'alice', tokenSha256, tokenFile: 'alice' }]
    expect(findings({ admin: { people: both } })['admin.people.0']).toContain('together')
    const shown = describeConfig(load({ admin: { people: people.slice(0, 1) } }))
    expect(JSON.stringify(shown)).not.toContain(tokenSha256)
  })

  it('does not let the environment name people or who signs their certificates (S7)', () => {
    for (const variable of ['MODERATO_ADMIN_PEOPLE', 'MODERATO_ADMIN_TLS_CLIENT_CA', 'MODERATO_ADMIN_TLS'])
      expect(JSON.stringify(findings({}, { [variable]: '[]' })), variable).toContain('allowEnvironment')
  })

  it('reads freeze windows, every day where none is named, and says what is wrong with one', () => {
    const good = { name: 'nights', from: '22:00', to: '06:00', timeZone: 'Europe/Berlin' }
    const { windows } = load({ freeze: { windows: [good] } }).config.freeze
    expect(windows[0]?.days).toEqual(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])
    const wrong = (change: object): string =>
      JSON.stringify(findings({ freeze: { windows: [{ ...good, ...change }] } }))
    expect(wrong({ timeZone: 'Berlin' })).toContain('IANA')
    expect(wrong({ from: '24:00' })).toContain('HH:MM')
    expect(wrong({ to: '22:00' })).toContain('must differ')
    expect(wrong({ days: ['monday'] })).toContain('windows.0.days.0')
    expect(wrong({ classes: [] })).toContain('windows.0.classes')
    expect(wrong({ reason: 'a\nb' })).toContain('line breaks')
    expect(JSON.stringify(findings({}, { MODERATO_FREEZE_WINDOWS: '[]' }))).toContain('allowEnvironment')
  })

  it('takes names of ours in lower case, and none of AWS', () => {
    const hosts = ['moderato', 'moderato.internal', 's3.moderato.internal']
    expect(load({ listen: { hosts } }).config.listen.hosts).toEqual(hosts)
    for (const host of [
      '',
      'A.internal',
      'a.internal:80',
      '*.internal',
      '10.0.0.1',
      '.a',
      'a.',
      'a..b',
      '-a.b',
      'a b',
    ]) {
      expect(findings({ listen: { hosts: [host] } })['listen.hosts.0'], host).toContain('DNS name')
    }
    expect(findings({ listen: { hosts: ['ok', 's3.amazonaws.com'] } })['listen.hosts.1']).toContain('AWS')
  })

  it('refuses two agents with one id or one key', () => {
    const found = findings({ agents: [agent, agent] })
    expect(Object.keys(found)).toEqual(['agents.1.id', 'agents.1.accessKeyId'])
  })

  it('takes scalars and JSON from the environment, and says so', () => {
    const environment = {
      MODERATO_STATE_DIR: '/var/lib/moderato',
      MODERATO_LIMITS_BUFFERED_BODY_BYTES: '1024',
      MODERATO_PACING_CLASSES: '{"write":{"rate":"1/s","burst":1,"maxWait":"1s"}}',
    }
    const loaded = load({ stateDir: 'here' }, environment)
    expect(loaded.config.stateDir).toBe('/var/lib/moderato')
    expect(loaded.config.limits.bufferedBodyBytes).toBe(1024)
    expect(loaded.config.pacing.classes.write?.burst).toBe(1)
    const source = new Map(describeConfig(loaded).map((line) => [line.path, line.source]))
    expect(source.get('stateDir')).toBe('MODERATO_STATE_DIR')
    expect(source.get('limits.bufferedBodyBytes')).toBe('MODERATO_LIMITS_BUFFERED_BODY_BYTES')
    expect(source.get('drain')).toBe('default')
  })

  it('does not let the environment disarm it unless the file allows it (S7)', () => {
    const loosening = {
      MODERATO_POLICY_MODE: 'observe',
      MODERATO_AGENTS: JSON.stringify([agent]),
      MODERATO_LISTEN_ADMIN: '127.0.0.1:9',
      MODERATO_UPSTREAM_ENDPOINT: 'http://127.0.0.1:1',
      MODERATO_POLICY_BUNDLE: 'mine.tar.gz',
    }
    for (const [variable, value] of Object.entries(loosening)) {
      expect(Object.values(findings({}, { [variable]: value })).join(), variable).toContain(
        'allowEnvironment',
      )
    }
    expect(findings({ allowEnvironment: true }, loosening)).toEqual({})
    expect(findings({ policy: { mode: 'observe' } }, { MODERATO_POLICY_MODE: 'enforce' })).toEqual({})
  })

  it('names a variable that is no setting, and one that holds no JSON', () => {
    expect(findings({}, { MODERATO_STATEDIR: 'x' })['MODERATO_STATEDIR']).toContain('no setting')
    expect(findings({}, { MODERATO_LIMITS_HELD: 'many' })['limits.held']).toContain('JSON')
  })

  it('masks secrets wherever they are shown', () => {
    const loaded = load({
      agents: [agent],
      admin: { token: SECRET },
      upstream: { credentials: { accessKeyId: 'A', secretAccessKey: SECRET } },
    })
    expect(JSON.stringify(describeConfig(loaded))).not.toContain(SECRET)
  })

  it('picks upstream roles by rules that can all be reached, and plain credentials only for their own account', () => {
    const role = 'arn:aws:iam::111122223333:role/worker'
    const upstream = (...roles: object[]) => ({ upstream: { accountId: '111122223333', roles } })
    expect(
      findings(
        upstream(
          { agents: ['a*'], roleArns: ['arn:aws:iam::*:role/deploy*'], roleArn: role, externalId: 'x-1' },
          { accounts: ['111122223333'], plain: true },
          { roleArn: role.replace('aws', 'aws-us-gov') },
        ),
      ),
    ).toEqual({})
    expect(findings(upstream({ roleArn: role, plain: true, accounts: ['111122223333'] }, {}))).toEqual({
      'upstream.roles.0.roleArn': 'must be set, or else plain: true; not both',
      'upstream.roles.1.roleArn': 'must be set, or else plain: true; not both',
    })
    expect(findings(upstream({ plain: true }, { roleArn: 'worker' }, { role }))).toMatchObject({
      'upstream.roles.0.accounts': 'must name the account in which plain credentials may be used',
      'upstream.roles.1.roleArn': 'must be the ARN of a role',
    })
    expect(
      findings(upstream({ roleArn: role }, { accounts: ['111122223333', '444455556666'], plain: true })),
    ).toEqual({
      'upstream.roles.1': 'is never reached: upstream.roles.0 takes every call',
      'upstream.roles.1.accounts':
        'may hold upstream.accountId only: that is whose the plain credentials are',
    })
    const signing = { upstream: { roles: [{ roleArn: role }], signing: { roleArn: role } } }
    expect(findings(signing)).toEqual({
      'upstream.signing': 'cannot be set together with upstream.roles, whose roles sign too',
    })
    expect(findings({}, { MODERATO_UPSTREAM_ROLES: '[]' })).toMatchObject({
      'upstream.roles': expect.stringContaining('may not come from MODERATO_UPSTREAM_ROLES'),
    })
  })
})
