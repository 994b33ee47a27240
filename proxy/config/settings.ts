/** Every setting by its path, with what the schema says of it. Pure. */
import type { z } from 'zod'
import { ConfigSchema } from './schema/config.ts'
import type { Setting } from './schema/setting.ts'
import { settingTree, type SettingNode } from './schema/tree.ts'

export interface NamedSetting {
  /** Dotted, as in `policy.mode`. */
  readonly path: string
  /** The name of its variable. */
  readonly variable: string
  readonly node: SettingNode
  /** undefined where nobody said anything: guarded, and changed by a restart. */
  readonly about: Setting | undefined
}

export interface NamedSettings {
  readonly root: SettingNode
  /** In the order of the schema. A group is none; a list, and a map with free names, is one. */
  readonly list: readonly NamedSetting[]
  /** Groups that may be missing: the environment may name them, too, with JSON. */
  readonly optionalGroups: readonly NamedSetting[]
}

/** Returns the settings of a schema. */
export function settingsOf(schema: z.ZodObject): NamedSettings {
  const root = settingTree(schema)
  const all = within(root, '')
  return {
    root,
    list: all.filter(({ node }) => !node.isGroup),
    optionalGroups: all.filter(({ node }) => node.isGroup && node.isOptional),
  }
}

function within(group: SettingNode, before: string): NamedSetting[] {
  return [...group.members].flatMap(([name, node]) => {
    if (node.form === 'later') return []
    const path = `${before}${name}`
    const own = { path, variable: variableOf(path), node, about: node.about }
    return node.isGroup ? [own, ...within(node, `${path}.`)] : [own]
  })
}

/** The settings of Moderato's configuration. */
export const SETTINGS = settingsOf(ConfigSchema)

function variableOf(path: string): string {
  const words = path.replaceAll('.', '_').replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
  return `MODERATO_${words.toUpperCase()}`
}
