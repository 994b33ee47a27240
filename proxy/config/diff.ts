/** Tells what differs between two configurations, and which changes need no restart. Pure. */
import type { Config } from './schema/config.ts'
import type { SettingNode } from './schema/tree.ts'
import { masked } from './describe.ts'
import { SETTINGS, type NamedSettings } from './settings.ts'

/** One setting that differs; secrets are masked, undefined is a value that is not there. */
export interface Change {
  /** Dotted; an entry of a list by its id or name: `agents[spiffe://example.org/agent/a].grants`. */
  readonly path: string
  readonly before: unknown
  readonly after: unknown
}

/**
 * Returns whether a reload may change what stands at the path: a setting, something within one
 * (`agents[spiffe://example.org/agent/a].grants`), or a group, where it must be true of every setting in there.
 */
export function isReloaded(path: string, { list }: NamedSettings = SETTINGS): boolean {
  const setting = list.find((each) => isAtOrWithin(path, each.path))
  if (setting !== undefined) return setting.about?.reload === true
  const below = list.filter((each) => each.path.startsWith(`${path}.`))
  return below.length > 0 && below.every(({ about }) => about?.reload === true)
}

function isAtOrWithin(path: string, setting: string): boolean {
  return path === setting || path.startsWith(`${setting}.`) || path.startsWith(`${setting}[`)
}

/** Returns every setting that differs, defaults and paths filled in on both sides. */
export function configDiff(before: Config, after: Config): Change[] {
  return differences({ path: '', node: SETTINGS.root }, before, after)
}

/** Where a value stands: as it is named for people, and what the schema says of it. */
interface Place {
  readonly path: string
  readonly node: SettingNode | undefined
}

function differences({ path, node }: Place, before: unknown, after: unknown): Change[] {
  if (isMap(before) && isMap(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
      const place = {
        path: path === '' ? key : `${path}.${key}`,
        node: node?.members.get(key) ?? node?.entry,
      }
      return differences(place, before[key], after[key])
    })
  }
  const [named, others] = [byName(before), byName(after)]
  if (named !== undefined && others !== undefined) {
    const names = [...new Set([...named.keys(), ...others.keys()])]
    const changes = names.flatMap((name) =>
      differences({ path: `${path}[${name}]`, node: node?.entry }, named.get(name), others.get(name)),
    )
    // Their order can matter: of overrides the later wins.
    return changes.length > 0 || same([...named.keys()], [...others.keys()])
      ? changes
      : [{ path, before: [...named.keys()], after: [...others.keys()] }]
  }
  return same(before, after) ? [] : [{ path, before: masked(node, before), after: masked(node, after) }]
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list's entries by id or name; undefined where not all have one, or two have the same. */
function byName(value: unknown): Map<string, unknown> | undefined {
  if (!Array.isArray(value)) return undefined
  const entries = value.map((each: unknown): [unknown, unknown] => [
    isMap(each) ? (each['id'] ?? each['name']) : undefined,
    each,
  ])
  const named = new Map(entries.filter((entry): entry is [string, unknown] => typeof entry[0] === 'string'))
  return named.size === value.length ? named : undefined
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
