/** What a reload may change, setting by setting: what it does not apply it reports (rule S31). */
import { describe, expect, it } from 'vitest'
import { configDiff, isReloaded } from '../../proxy/config/diff.ts'
import type { LoadedConfig } from '../../proxy/config/loaded.ts'
import { SETTINGS } from '../../proxy/config/settings.ts'
import { Reloader } from '../../proxy/runtime/reload.ts'
import { SettingsInForce, type LiveSettings } from '../../proxy/runtime/live-settings.ts'
import { folderWithCertificates, loadIn, sampleOf, written } from './setting-samples.ts'

const load = loadIn(folderWithCertificates())
const named = SETTINGS.list.map((each) => [each.path, each] as const)

describe('a reload', () => {
  it('may change these: a setting more here is a decision', () => {
    const paths = SETTINGS.list.map(({ path }) => path).filter((path) => isReloaded(path))
    const groups = new Map<string, string[]>()
    for (const path of paths) {
      const [group = '', ...names] = path.split('.')
      groups.set(group, [...(groups.get(group) ?? []), names.join('.')])
    }
    expect(Object.fromEntries(groups)).toEqual({
      admin: ['people'],
      agents: [''],
      policy: ['mode', 'bundle', 'approvals', 'taskApprovals', 'allowUnmodelled'],
      catalogue: ['overrides', 'guardedTags'],
      pacing: ['classes', 'unboundedCount', 'cascadeWeight', 'rules', 'dwell'],
      watch: ['detectors'],
      signatures: ['maxSkew', 'maxSkewS3'],
      limits: [
        'bufferedBodyBytes',
        'bufferedTotalBytes',
        'bufferedAgentBytes',
        'chunkBytes',
        'bodyMinBytesPerSecond',
        'bodyPause',
        'held',
        'heldPerAgent',
        'inFlightPerAgent',
      ],
      freeze: ['windows'],
      breakglass: [
        'maxDuration',
        'people',
        'confirmWithin',
        'classes',
        'resources',
        'pace.rate',
        'pace.burst',
        'pace.maxWait',
      ],
      log: ['level'],
      allowEmpty: [''],
      allowEnvironment: [''],
    })
  })

  it.each(named)('%s: applied, or reported as in need of a restart', async (path, { about }) => {
    const { value, beside } = sampleOf(path)
    const after = load(written(path, value))
    const { inForce, reloader } = reloading(load({ ...beside }), after)
    const { result, changes, findings } = await reloader.reload('file')
    expect(changes.length).toBeGreaterThan(0)
    for (const change of changes) expect(`${change.path}.`.replace('[', '.')).toContain(`${path}.`)
    if (about?.reload === true) {
      expect({ result, findings }).toEqual({ result: 'applied', findings: [] })
      expect(inForce.current().loaded).toBe(after)
    } else {
      expect(result).toBe('refused')
      expect(findings).toEqual(
        changes.map((change) => ({
          path: change.path,
          message: expect.stringContaining('restart Moderato'),
        })),
      )
      expect(inForce.current().loaded).not.toBe(after)
    }
  })

  it('may change a group, as when it is new, only if it may change everything in there', () => {
    const pace = { rate: '1/s', burst: 1, maxWait: '1s' }
    const changes = configDiff(load({}).config, load({ breakglass: { pace } }).config)
    expect(changes.map(({ path }) => [path, isReloaded(path)])).toEqual([['breakglass.pace', true]])
    expect(isReloaded('listen.tls')).toBe(false)
    expect(isReloaded('nothing')).toBe(false)
    expect(isReloaded('')).toBe(false)
  })
})

/** A reloader in whose file something else stands than what is in force. */
function reloading(before: LoadedConfig, after: LoadedConfig) {
  const settingsFrom = (loaded: LoadedConfig): LiveSettings =>
    ({ loaded, policy: { name: 'opa-wasm', revision: 'r1' } }) as unknown as LiveSettings
  const inForce = new SettingsInForce(settingsFrom(before))
  const reloader = new Reloader({
    settings: { inForce, current: inForce.current, make: async (loaded) => settingsFrom(loaded) },
    load: () => after,
    changed: () => undefined,
    audit: { append: () => undefined },
    metrics: { policyBundle: () => undefined, reload: () => undefined },
    log: { level: 'info', info: () => undefined, warn: () => undefined } as never,
    clock: { nowMs: () => 7 },
  })
  return { inForce, reloader }
}
