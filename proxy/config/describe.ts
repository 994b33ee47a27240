/** A configuration as it may be shown: sources beside values, secrets masked. Pure. */
import type { LoadedConfig } from './loaded.ts'
import { getAt, leafPaths } from './dotted.ts'
import { replaceSettings, type SettingNode } from './schema/tree.ts'
import { SETTINGS } from './settings.ts'

/** Returns the configuration in force for people: each value with where it comes from, secrets masked. */
export function describeConfig({
  config,
  sources,
}: LoadedConfig): { path: string; value: unknown; source: string }[] {
  const shown = masked(SETTINGS.root, config)
  return leafPaths(config)
    .filter((path) => path !== '')
    .map((path) => {
      const source = [...sources].find(
        ([known]) => path === known || path.startsWith(`${known}.`) || known.startsWith(`${path}.`),
      )
      return { path, value: getAt(shown, path), source: source?.[1] ?? 'default' }
    })
}

/** Returns the value as it may be shown; `node` says what is in it. */
export function masked(node: SettingNode | undefined, value: unknown): unknown {
  return replaceSettings(node, value, ({ mask }, each) => (mask === undefined ? each : mask(each)))
}
