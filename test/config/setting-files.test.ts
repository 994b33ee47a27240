/** The files and the secrets that settings hold, wherever in the schema: none is forgotten by those who treat them. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../../proxy/cli/config.ts'
import { probedFor } from '../../proxy/cli/separation.ts'
import { configDiff } from '../../proxy/config/diff.ts'
import { namedFiles, protectedFiles, watchedFiles } from '../../proxy/config/files.ts'
import { loadConfig } from '../../proxy/config/load.ts'
import type { SettingNode } from '../../proxy/config/schema/tree.ts'
import { SETTINGS } from '../../proxy/config/settings.ts'
import { captured } from '../cli/captured.ts'
import { startScene } from '../support/scene.ts'
import { folderWithCertificates, loadIn } from './setting-samples.ts'

const FOLDER = folderWithCertificates()
const load = loadIn(FOLDER)

/** Paths of the schema of which it says something of the kind; `*` is any entry of a list or a map. */
function patterns(says: (node: SettingNode) => boolean): string[] {
  const visit = (node: SettingNode, at: readonly string[]): string[] => [
    ...(says(node) ? [at.join('.')] : []),
    ...[...node.members].flatMap(([name, inner]) => visit(inner, [...at, name])),
    ...(node.entry === undefined ? [] : visit(node.entry, [...at, '*'])),
  ]
  return visit(SETTINGS.root, []).toSorted()
}

const RULES = [{ match: { sub: '*' }, agent: 'a' }]
const TLS = { cert: 'one.pem', key: 'one.key', clientCa: 'one.pem' }
const SPIFFE = { type: 'spiffe-jwt', audience: 'moderato', rules: RULES }

/** Names every file that a configuration can name. */
const FILES = {
  listen: { tls: TLS },
  admin: { tls: TLS, tokenFile: 'admin-token', people: [{ id: 'alice', tokenFile: 'alice-token' }] },
  stateDir: 'state',
  state: {
    store: 'valkey',
    url: 'valkeys://store.example:6379',
    keyFile: 'ledger-key',
    passwordFile: 'password',
    ca: 'ca.pem',
  },
  identity: {
    sealingKeys: 'sealing-keys',
    providers: [
      {
        type: 'oidc',
        name: 'idp',
        issuer: 'https://idp.example',
        audience: 'm',
        rules: RULES,
        caFile: 'ca.pem',
      },
      { ...SPIFFE, name: 'file', trustDomain: 'a.example', bundle: { file: 'bundle.json' } },
      {
        ...SPIFFE,
        name: 'fetched',
        trustDomain: 'b.example',
        bundle: { endpoint: 'https://b.example', caFile: 'ca.pem' },
      },
      { ...SPIFFE, name: 'socket', trustDomain: 'c.example', bundle: { workloadApi: 'unix:api.sock' } },
    ],
  },
  agents: [{ id: 'a' }],
  policy: { bundle: 'bundle.tar.gz' },
  approvals: {
    webhook: { url: 'https://hooks.example', secretFile: 'webhook-secret' },
    callback: { secretFile: 'callback-secret' },
  },
  watch: { alerts: { url: 'https://hooks.example', secretFile: 'alerts-secret' } },
}
/** A store has a file or a URL. */
const SQLITE = { state: { file: 'state.sqlite', keyFile: 'ledger-key' } }

const ofKind = (...kinds: string[]) =>
  namedFiles(load(FILES).config)
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ file }) => file)
const at = (...names: string[]) => names.map((name) => join(FOLDER, name))

describe('files that settings name', () => {
  it('are all known, and resolved against the folder of the configuration', () => {
    const named = [...namedFiles(load(FILES).config), ...namedFiles(load(SQLITE).config)]
    const asPatterns = named.map(({ path }) => path.replaceAll(/\.\d+(?=\.|$)/g, '.*'))
    const known = patterns(({ about }) => about?.file !== undefined)
    expect([...new Set(asPatterns)].toSorted()).toEqual(known)
    for (const { path, file } of named) expect(file, path).toMatch(`${FOLDER}/`)
    expect(named.find(({ kind }) => kind === 'socket')?.file).toBe(join(FOLDER, 'api.sock'))
  })

  it('are all that have such a name', () => {
    const named = /(?:File|Dir|Keys|[cC]a)$|^(?:ca|cert|key|file|bundle|workloadApi)$/
    const known = new Set(patterns(({ about }) => about?.file !== undefined))
    const others = patterns(({ isGroup }) => !isGroup).filter(
      (path) => named.test(path.split('.').at(-1) ?? '') && !known.has(path),
    )
    // A time.
    expect(others).toEqual(['identity.providers.*.staleKeys'])
  })

  it('are watched where a reload reads them anew', () => {
    expect(watchedFiles(load(FILES))).toEqual(at('moderato.yaml', 'alice-token', 'bundle.tar.gz'))
  })

  it('are all protected from other writers, but for sockets of other programs', () => {
    const ours = ofKind('secret', 'state', 'bundle', 'public')
    expect(
      protectedFiles(load(FILES))
        .map(({ file }) => file)
        .toSorted(),
    ).toEqual([...at('moderato.yaml'), ...ours].toSorted())
    expect(ofKind('socket')).toEqual(at('api.sock'))
  })

  it.each(['alerts-secret', 'ca.pem', 'bundle.json', 'one.key'])(
    'are refused where everybody can write %s',
    (name) => {
      const file = join(FOLDER, 'moderato.yaml')
      writeFileSync(file, JSON.stringify(FILES))
      const open = join(FOLDER, name)
      writeFileSync(open, '', { flag: 'a' })
      chmodSync(open, 0o666)
      try {
        expect(() => loadConfig(file, {})).toThrow(`${open} can be written by everybody: run chmod o-w`)
      } finally {
        chmodSync(open, 0o600)
      }
    },
  )

  it('are kept from the command of an agent where they are secret or decide, each by its name', () => {
    const place = { url: new URL('http://127.0.0.1:8080'), isNear: true, ca: undefined }
    const { files } = probedFor({ place, loaded: load(FILES), given: { HOME: '/home/me' } })
    const paths = files.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(ofKind('secret', 'state', 'bundle')))
    for (const file of ofKind('public', 'socket')) expect(paths).not.toContain(file)
    expect(files).toContainEqual({ path: join(FOLDER, 'alice-token'), what: 'the token of alice' })
    expect(files).toContainEqual({ path: join(FOLDER, 'alerts-secret'), what: 'the key of alerts' })
  })
})

const CANARY = 'canary-0123456789abcdef0123456789abcdef'
const HASH = 'c0ffee'.repeat(10) + 'c0ff'
/** Holds a secret everywhere where a configuration can hold one. */
const SECRETS = {
  admin: { token: CANARY, people: [{ id: 'alice', tokenSha256: HASH }] },
  upstream: {
    credentials: { accessKeyId: 'AKID', secretAccessKey: CANARY, sessionToken: CANARY },
  },
  agents: [{ id: 'a', accessKeyId: 'AKIDA', secretAccessKey: CANARY }],
  approvals: { webhook: { url: `https://hooks.example/services/${CANARY}`, secretFile: 'secret' } },
  watch: { alerts: { url: `https://hooks.example/services/${CANARY}`, secretFile: 'secret' } },
}
const STORE = {
  state: { store: 'valkey', url: `valkeys://user:${CANARY}@store.example:6379`, keyFile: 'key' },
}
const MASKED = [
  'admin.people.*.tokenSha256',
  'admin.token',
  'agents.*.secretAccessKey',
  'approvals.webhook.url',
  'state.url',
  'upstream.credentials.secretAccessKey',
  'upstream.credentials.sessionToken',
  'watch.alerts.url',
]

describe('secrets that settings hold', () => {
  it('are these, and all that are called so', () => {
    expect(patterns(({ about }) => about?.mask !== undefined)).toEqual(MASKED)
    const secret = /secret|token|password|credential|privateKey/i
    const others = patterns(({ isGroup, about }) => !isGroup && about?.file === undefined).filter(
      (path) => secret.test(path.split('.').at(-1) ?? '') && !MASKED.includes(path),
    )
    // How old a token may be, and how often it may be used.
    expect(others).toEqual([
      'identity.providers.*.maxTokenAge',
      'identity.providers.*.tokenTasks',
      'identity.providers.*.tokenUses',
    ])
  })

  it('are masked in `config show`', async () => {
    for (const [index, given] of [SECRETS, STORE].entries()) {
      const file = join(FOLDER, `secrets-${index}.yaml`)
      writeFileSync(file, JSON.stringify(given))
      for (const args of [
        ['show', file],
        ['show', file, '--json'],
      ]) {
        const { io, out } = captured()
        expect(await run(args, io)).toBe(0)
        expectMasked(out())
      }
    }
  })

  it('are masked in what differs, on both sides, alone and within what is new', () => {
    const other = JSON.parse(
      JSON.stringify([SECRETS, STORE])
        .replaceAll(CANARY, `${CANARY}2`)
        .replaceAll(HASH, HASH.replace('c', 'd')),
    )
    for (const [index, given] of [SECRETS, STORE].entries()) {
      const [none, one, two] = [load({}), load(given), load(other[index])].map(({ config }) => config)
      if (none === undefined || one === undefined || two === undefined) throw new Error('not loaded')
      for (const changes of [configDiff(one, two), configDiff(none, one), configDiff(one, none)]) {
        expect(changes.length).toBeGreaterThan(0)
        expectMasked(JSON.stringify(changes))
      }
    }
    // A name that looks like the end of a path leads to no mask of another setting.
    const agent = (secretAccessKey: string) => ({
      agents: [{ id: 'a].grants[b', accessKeyId: 'AKIDA', secretAccessKey }],
    })
    const changes = configDiff(load(agent(CANARY)).config, load(agent(`${CANARY}2`)).config)
    expect(changes).toEqual([{ path: 'agents[a].grants[b].secretAccessKey', before: '***', after: '***' }])
  })

  it('are masked in the record of a start', async () => {
    const secretFile = join(FOLDER, 'secret')
    writeFileSync(secretFile, 's'.repeat(43), { mode: 0o600 })
    const settings = {
      ...SECRETS,
      approvals: { webhook: { ...SECRETS.approvals.webhook, secretFile } },
      watch: { alerts: { ...SECRETS.watch.alerts, secretFile } },
    }
    const agents = SECRETS.agents.map((agent) => ({ ...agent, grants: [] }))
    const { proxy } = await startScene({ settings, agents })
    const start = await proxy.record(({ phase }) => phase === 'start')
    const shown = start['settings'] as { path: string }[]
    for (const path of MASKED.filter((each) => each !== 'state.url' && !each.includes('*')))
      expect(shown.map((each) => each.path)).toContain(path)
    expectMasked(JSON.stringify(start))
  })

  function expectMasked(shown: string): void {
    expect(shown).toContain('***')
    expect(shown).not.toContain(CANARY)
    expect(shown).not.toMatch(/[cd]0ffee/)
  }
})
