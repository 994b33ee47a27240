/** What differs between two configurations, and what of it can be changed while calls go on. Pure. */
import type { Config } from './schema/config.ts'
import { mask } from './describe.ts'

/** One setting that differs; secrets are masked, undefined is a value that is not there. */
export interface Change {
  /** Dotted; an entry of a list by its id or name: `agents[spiffe://example.org/agent/a].grants`. */
  readonly path: string
  readonly before: unknown
  readonly after: unknown
}

/** What a reload changes; everything else is fixed when the listeners, the stores and the upstream are opened. */
const RELOADED = [
  'agents',
  'policy',
  'catalogue.overrides',
  'catalogue.guardedTags',
  'pacing',
  'signatures',
  'freeze',
  'breakglass',
  'watch.detectors',
  'log',
  'admin.people',
  'allowEnvironment',
  'limits.bufferedBodyBytes',
  'limits.bufferedTotalBytes',
  'limits.bufferedAgentBytes',
  'limits.chunkBytes',
  'limits.bodyMinBytesPerSecond',
  'limits.bodyPause',
  'limits.held',
  'limits.heldPerAgent',
  'limits.inFlightPerAgent',
]

/** Whether the setting takes effect without a restart. */
export function isReloaded(path: string): boolean {
  return RELOADED.some((each) => path === each || path.startsWith(`${each}.`) || path.startsWith(`${each}[`))
}

/** Every setting that differs, defaults and paths filled in on both sides. */
export function configDiff(before: Config, after: Config): Change[] {
  return differences('', before, after)
}

function differences(path: string, before: unknown, after: unknown): Change[] {
  if (isMap(before) && isMap(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      differences(path === '' ? key : `${path}.${key}`, before[key], after[key]),
    )
  }
  const [named, others] = [byName(before), byName(after)]
  if (named !== undefined && others !== undefined) {
    const names = [...new Set([...named.keys(), ...others.keys()])]
    const changes = names.flatMap((name) =>
      differences(`${path}[${name}]`, named.get(name), others.get(name)),
    )
    // Their order can matter: of overrides the later wins.
    return changes.length > 0 || same([...named.keys()], [...others.keys()])
      ? changes
      : [{ path, before: [...named.keys()], after: [...others.keys()] }]
  }
  return same(before, after) ? [] : [{ path, before: masked(path, before), after: masked(path, after) }]
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

/** The name of an entry is no part of what `mask` knows a setting by. */
function masked(path: string, value: unknown): unknown {
  return mask(path.replaceAll(/\[[^\]]*\]/g, ''), value)
}
