/** The schema of a configuration as a tree of settings, so that a value can be walked beside what is said of it. Pure. */
import { z } from 'zod'
import { saidOf, type Setting } from './setting.ts'

export interface SettingNode {
  /** The metadata of the setting; undefined for a group, and for what nobody said anything of. */
  readonly about: Setting | undefined
  /** Its type in the schema, with its default. */
  readonly schema: z.core.$ZodType
  /** The form in which the environment writes it; `later`: it may not be there yet. */
  readonly form: 'text' | 'json' | 'later'
  /** A map of settings that speak for themselves. */
  readonly isGroup: boolean
  /** It has no default. */
  readonly isOptional: boolean
  /** Members of a map, by name. */
  readonly members: ReadonlyMap<string, SettingNode>
  /** Each entry of a list, or of a map with free names. */
  readonly entry: SettingNode | undefined
}

/** Returns the tree of a schema. A map is a group unless something is said of it; then it is one value. */
export function settingTree(schema: z.core.$ZodType): SettingNode {
  const layers = layersOf(schema)
  const inner = layers.at(-1) ?? schema
  const about = layers.map(saidOf).find((said) => said !== undefined)
  return {
    about,
    schema,
    form: formOf(inner),
    isGroup: inner instanceof z.ZodObject && about === undefined,
    isOptional: layers.some((layer) => layer instanceof z.ZodOptional),
    ...inside(inner),
  }
}

/** A schema, then what it wraps, down to what is no wrapper. */
function layersOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  const inner = wrapped(schema)
  return inner === undefined ? [schema] : [schema, ...layersOf(inner)]
}

function wrapped(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodPipe) return schema.def.in
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  )
    return schema.def.innerType
  return undefined
}

function formOf(schema: z.core.$ZodType): SettingNode['form'] {
  if (schema instanceof z.ZodUndefined) return 'later'
  const isText = schema instanceof z.ZodString || schema instanceof z.ZodEnum
  return isText ? 'text' : 'json'
}

function inside(schema: z.core.$ZodType): Pick<SettingNode, 'members' | 'entry'> {
  if (schema instanceof z.ZodObject) {
    const members = Object.entries<z.core.$ZodType>(schema.shape)
    return { members: new Map(members.map(([name, each]) => [name, settingTree(each)])), entry: undefined }
  }
  if (schema instanceof z.ZodArray) return { members: new Map(), entry: settingTree(schema.def.element) }
  if (schema instanceof z.ZodRecord) return { members: new Map(), entry: settingTree(schema.def.valueType) }
  if (schema instanceof z.ZodUnion) return either(schema.def.options.map((each) => settingTree(each)))
  return { members: new Map(), entry: undefined }
}

/** Returns what one of several shapes may have inside; of a name that several have, one that something is said of. */
function either(options: readonly SettingNode[]): Pick<SettingNode, 'members' | 'entry'> {
  const members = new Map<string, SettingNode>()
  for (const [name, node] of options.flatMap((option) => [...option.members])) {
    const known = members.get(name)
    members.set(name, known === undefined ? node : oneOf(known, node))
  }
  const entries = options.flatMap(({ entry }) => entry ?? [])
  const [first, ...others] = entries
  return { members, entry: first === undefined ? undefined : others.reduce(oneOf, first) }
}

function oneOf(one: SettingNode, other: SettingNode): SettingNode {
  return { ...one, about: one.about ?? other.about, ...either([one, other]) }
}

/**
 * Returns the value with everything that something is said of replaced by what `replace` returns; what it returns
 * unchanged is gone into. `at` are the names and places that lead to it.
 */
export function replaceSettings(
  node: SettingNode | undefined,
  value: unknown,
  replace: (about: Setting, value: unknown, at: readonly string[]) => unknown,
  at: readonly string[] = [],
): unknown {
  if (node === undefined || value === undefined) return value
  const replaced = node.about === undefined ? value : replace(node.about, value, at)
  if (replaced !== value || typeof value !== 'object' || value === null) return replaced
  const inner = (name: string, each: unknown): unknown =>
    replaceSettings(node.members.get(name) ?? node.entry, each, replace, [...at, name])
  if (Array.isArray(value)) return value.map((each, index) => inner(String(index), each))
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inner(name, each)]))
}
