import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../proxy/config/load.ts'
import type { LoadedConfig } from '../../proxy/config/loaded.ts'
import type { AuditRecord } from '../../proxy/audit/record.ts'
import { Reloader } from '../../proxy/runtime/reload.ts'
import { SettingsInForce, type LiveSettings } from '../../proxy/runtime/live-settings.ts'

const loadedFrom = (given: object): LoadedConfig =>
  parseConfig(given, { file: 'moderato.yaml', folder: '/etc/moderato', environment: {} })
const rulesFrom = (loaded: LoadedConfig): LiveSettings =>
  ({ loaded, policy: { name: 'opa-wasm', revision: 'r1' } }) as unknown as LiveSettings

function reloading(
  rulesOf: (loaded: LoadedConfig) => Promise<LiveSettings> = async (loaded) => rulesFrom(loaded),
) {
  const inForce = new SettingsInForce(rulesFrom(loadedFrom({ drain: '10s' })))
  const files: object[] = []
  const [records, results]: [AuditRecord[], string[]] = [[], []]
  let changed = 0
  const log = { level: 'info', info: () => undefined, warn: () => undefined }
  const reloader = new Reloader({
    settings: { inForce, current: inForce.current, make: rulesOf },
    load: () => loadedFrom(files.shift() ?? {}),
    changed: () => (changed += 1),
    audit: { append: (record) => records.push(record) },
    metrics: { policyBundle: () => undefined, reload: (result) => results.push(result) },
    log: log as never,
    clock: { nowMs: () => 7 },
  })
  return { inForce, files, records, results, reloader, log, changes: () => changed }
}

describe('Reloader', () => {
  it('swaps all rules at once, and has what waits judged by them', async () => {
    const { inForce, files, reloader, records, results, log, changes } = reloading()
    files.push({ drain: '10s', log: { level: 'debug' }, policy: { mode: 'observe' } })
    const reload = await reloader.reload('SIGHUP')
    expect(reload).toMatchObject({ result: 'applied', by: 'SIGHUP', atMs: 7, findings: [] })
    expect(inForce.current().loaded.config.policy.mode).toBe('observe')
    expect([log.level, changes(), results, reloader.last]).toEqual(['debug', 1, ['applied'], reload])
    expect(records).toMatchObject([
      {
        phase: 'config',
        config: {
          by: 'SIGHUP',
          result: 'applied',
          changes: [
            { path: 'policy.mode', before: 'enforce', after: 'observe' },
            { path: 'log.level', before: 'info', after: 'debug' },
          ],
        },
        policy: { revision: 'r1' },
      },
    ])
  })

  it('keeps all as it was where the rules cannot be made, and takes a later, good one', async () => {
    let isBroken = true
    const { inForce, files, reloader, records, changes } = reloading(async (loaded) => {
      if (isBroken) throw new Error('policy.bundle: no policy.wasm in there')
      return rulesFrom(loaded)
    })
    const before = inForce.current()
    files.push({ drain: '10s', policy: { mode: 'observe' } }, { drain: '10s', policy: { mode: 'observe' } })
    expect(await reloader.reload('file')).toMatchObject({
      result: 'refused',
      findings: [{ message: 'policy.bundle: no policy.wasm in there' }],
    })
    expect([inForce.current(), changes()]).toEqual([before, 0])
    expect(records).toMatchObject([{ phase: 'config', config: { result: 'refused' } }])
    isBroken = false
    expect((await reloader.reload('file')).result).toBe('applied')
  })

  it('takes no empty list of agents in place of one with agents, unless the file says that it is meant', async () => {
    const { inForce, files, reloader } = reloading()
    const agent = { id: 'a', accessKeyId: 'AKIDA', secretAccessKey: 's'.repeat(32) }
    files.push({ drain: '10s', agents: [agent] }, { drain: '10s' }, { drain: '10s', agents: [] })
    await reloader.reload('file')
    for (const by of ['file', 'SIGHUP'])
      expect(await reloader.reload(by)).toMatchObject({
        result: 'refused',
        findings: [
          {
            path: 'agents',
            message:
              'names nobody, but 1 agent is in force: if that is meant, write allowEmpty: true beside it',
          },
        ],
      })
    expect(inForce.current().loaded.config.agents).toHaveLength(1)
    files.push(
      { drain: '10s', allowEmpty: true },
      { drain: '10s', agents: [agent] },
      { drain: '10s', allowEmpty: true },
    )
    expect((await reloader.reload('file')).result).toBe('applied')
    expect(inForce.current().loaded.config.agents).toEqual([])
    expect((await reloader.reload('file')).result).toBe('applied')
  })

  it('does one after another: the file that was read last is in force', async () => {
    const { promise: slow, resolve: goOn } = Promise.withResolvers<void>()
    let asked = 0
    const { inForce, files, reloader } = reloading(async (loaded) => {
      asked += 1
      if (asked === 1) await slow
      return rulesFrom(loaded)
    })
    files.push({ drain: '10s', policy: { mode: 'observe' } }, { drain: '10s', signatures: { maxSkew: '1m' } })
    const both = [reloader.reload('file'), reloader.reload('SIGHUP')]
    goOn()
    expect((await Promise.all(both)).map(({ result }) => result)).toEqual(['applied', 'applied'])
    expect(inForce.current().loaded.config).toMatchObject({
      policy: { mode: 'enforce' },
      signatures: { maxSkew: 60_000 },
    })
  })
})
