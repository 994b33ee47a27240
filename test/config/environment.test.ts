/** The settings that the environment can name are those of the schema, and it loosens none unasked (rules S7, S31). */
import { describe, expect, it } from 'vitest'
import { getAt } from '../../proxy/config/dotted.ts'
import { environmentOverrides } from '../../proxy/config/environment.ts'
import { ConfigError, type LoadedConfig } from '../../proxy/config/loaded.ts'
import { SETTINGS } from '../../proxy/config/settings.ts'
import { settings } from '../support/docs-tables.ts'
import { folderWithCertificates, loadIn, sampleOf, written } from './setting-samples.ts'

/** Not settings yet, or what only the file may say. */
const FILE_ONLY = new Set(['listen.intercept', 'allowEnvironment'])

const paths = settings(new Set(['watch.detectors'])).map(([path]) => path)
const variableOf = (path: string): string =>
  `MODERATO_${path.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).replaceAll('.', '_')}`.toUpperCase()

describe('environmentOverrides', () => {
  it.each(paths.filter((path) => !FILE_ONLY.has(path)))('takes %s from the environment', (path) => {
    const variable = variableOf(path)
    const { overrides, findings } = environmentOverrides({ [variable]: '1' }, { allowEnvironment: true })
    expect(findings).toEqual([])
    expect(overrides.map((override) => override.path)).toEqual([path])
  })

  it('takes allowEnvironment from nobody but the file', () => {
    const { overrides, findings } = environmentOverrides(
      { MODERATO_ALLOW_ENVIRONMENT: 'true' },
      { allowEnvironment: true },
    )
    expect(overrides).toEqual([])
    expect(findings).toEqual([expect.objectContaining({ path: 'MODERATO_ALLOW_ENVIRONMENT' })])
  })

  it.each(['MODERATO_LISTEN_TLS', 'MODERATO_LISTEN_TLS_CLIENT_CA'])(
    'does not loosen TLS by %s',
    (variable) => {
      const { overrides, findings } = environmentOverrides({ [variable]: '{}' }, {})
      expect(overrides).toEqual([])
      expect(findings[0]?.message).toContain('allowEnvironment')
    },
  )
})

const load = loadIn(folderWithCertificates())

function refusals(given: object, environment: Record<string, string>) {
  try {
    load(given, environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.findings
    throw error
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const valueIn = ({ config }: LoadedConfig, path: string): unknown => getAt(config, path)
const may = (rule: 'set' | 'tighten' | 'never' | undefined) =>
  SETTINGS.list.filter(({ about }) => about?.environment?.may === rule)
const pathsOf = (list: readonly { readonly path: string }[]) => list.map(({ path }) => path)

describe('the environment', () => {
  it('may set these and tighten those: a setting more here is a decision', () => {
    expect(pathsOf(may('set'))).toEqual([
      'listen.agents',
      'listen.hosts',
      'listen.tls.cert',
      'listen.tls.key',
      'admin.tls.cert',
      'admin.tls.key',
      'stateDir',
      'state.passwordFile',
      'upstream.credentials.accessKeyId',
      'upstream.credentials.secretAccessKey',
      'upstream.credentials.sessionToken',
      'upstream.connections',
      'upstream.connectTimeout',
      'upstream.headersTimeout',
      'upstream.bodyTimeout',
      'tasks.defaultDuration',
      'approvals.hold',
      'limits.agentLabels',
      'drain',
      'log.level',
    ])
    expect(pathsOf(may('tighten')).filter((path) => !path.startsWith('limits.'))).toEqual([
      'state.timeout',
      'tasks.rate',
      'tasks.burst',
      'policy.mode',
      'pacing.classes',
      'pacing.unboundedCount',
      'pacing.cascadeWeight',
      'pacing.dwell',
    ])
    expect(pathsOf(may('never'))).toEqual(['allowEnvironment'])
  })

  it.each(pathsOf([...may(undefined), ...may('tighten')]))(
    'may not loosen %s, unless the file allows it',
    (path) => {
      const { value, beside } = sampleOf(path)
      const variable = variableOf(path)
      const environment = { [variable]: text(value) }
      expect(refusals({ ...beside }, environment)).toEqual([
        {
          path,
          message: expect.stringContaining(
            `may not come from ${variable} unless the file says allowEnvironment: true`,
          ),
        },
      ])
      expectSet(path, value, load({ ...beside, allowEnvironment: true }, environment))
    },
  )

  it.each(pathsOf(may('tighten')))('may tighten %s', (path) => {
    const { tighter, beside } = sampleOf(path)
    expect(tighter).toBeDefined()
    expectSet(path, tighter, load({ ...beside }, { [variableOf(path)]: text(tighter) }))
  })

  it.each(pathsOf(may('set')))('may set %s', (path) => {
    const { value, beside } = sampleOf(path)
    expectSet(path, value, load({ ...beside }, { [variableOf(path)]: text(value) }))
  })

  it('does not allow itself everything, not even where the file allows it everything', () => {
    for (const allowEnvironment of [false, true])
      expect(refusals({ allowEnvironment }, { MODERATO_ALLOW_ENVIRONMENT: 'true' })).toEqual([
        {
          path: 'MODERATO_ALLOW_ENVIRONMENT',
          message: 'sets nothing: write allowEnvironment in the file',
        },
      ])
  })

  /** As if the file said it, and by name of the variable. */
  function expectSet(path: string, value: unknown, loaded: LoadedConfig): void {
    expect(valueIn(loaded, path)).toEqual(valueIn(load(written(path, value)), path))
    expect(loaded.sources.get(path)).toBe(variableOf(path))
  }

  it('tightens what the file says, not what would be without it', () => {
    const slow = { pacing: { classes: { destructive: { rate: '1/h', burst: 1, maxWait: '1s' } } } }
    const write = '{"write":{"rate":"1/s","burst":1,"maxWait":"1s"}}'
    // Alone it slows writes down; here it would bring destructions back to their default, which is faster.
    expect(refusals(slow, { MODERATO_PACING_CLASSES: write })).toMatchObject([{ path: 'pacing.classes' }])
    expect(refusals({ limits: { held: 5 } }, { MODERATO_LIMITS_HELD: '6' })).toMatchObject([
      {
        path: 'limits.held',
        message: expect.stringMatching(/; without that, MODERATO_LIMITS_HELD may only lower it$/),
      },
    ])
    expect(refusals({ policy: { mode: 'observe' } }, { MODERATO_POLICY_MODE: 'observe' })).toHaveLength(1)
  })

  it.each([
    ['faster', { rate: '301/min', burst: 1, maxWait: '1s' }],
    ['more at once', { rate: '1/min', burst: 61, maxWait: '1s' }],
    ['longer held', { rate: '1/min', burst: 1, maxWait: '6s' }],
  ])('does not make writes go %s', (_, write) => {
    expect(refusals({}, { MODERATO_PACING_CLASSES: JSON.stringify({ write }) })).toHaveLength(1)
  })

  it('replaces nothing that the file says wrongly, and says what is wrong with its own', () => {
    const wrong = { limits: { held: 'many' } }
    expect(refusals(wrong, { MODERATO_LIMITS_HELD: '5' })).toMatchObject([
      { path: 'limits.held', message: expect.stringContaining('may not come from') },
      { path: 'limits.held', message: 'must be a number' },
    ])
    const slow = '{"write":{"rate":"1/s","burst":1,"maxWait":"1s"}}'
    expect(refusals({ pacing: { classes: 7 } }, { MODERATO_PACING_CLASSES: slow })).toMatchObject([
      { path: 'pacing.classes', message: expect.stringContaining('may not come from') },
      { path: 'pacing.classes', message: 'must be a map' },
    ])
    expect(refusals({}, { MODERATO_LIMITS_HELD: '"5"' })).toMatchObject([
      { path: 'limits.held', message: 'must be a number' },
    ])
  })

  it('may name a whole group only if it may set everything in there', () => {
    const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' }
    const { config } = load({}, { MODERATO_UPSTREAM_CREDENTIALS: JSON.stringify(credentials) })
    expect(config.upstream.credentials).toEqual(credentials)
    const groups = SETTINGS.optionalGroups.filter(({ path }) => path !== 'upstream.credentials')
    expect(pathsOf(groups)).toEqual([
      'listen.tls',
      'admin.tls',
      'upstream.signing',
      'approvals.webhook',
      'approvals.callback',
      'watch.alerts',
      'breakglass.pace',
    ])
    for (const { path, variable } of groups)
      expect(refusals({}, { [variable]: '{}' }), path).toMatchObject([
        { path, message: expect.stringContaining('allowEnvironment: true') },
      ])
  })
})
