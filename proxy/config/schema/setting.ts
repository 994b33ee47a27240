/**
 * Defines what the schema says of each setting beside its type. Everything that treats settings by name asks this: reload,
 * environment, paths, masks, files to watch and to protect, documentation.
 *
 * A setting that says nothing is refused (security rule S31): without a word here a setting needs a restart, and comes from the
 * environment only if the file says `allowEnvironment: true`.
 */
import { z } from 'zod'

/** The kind of file that a setting names decides how the file is treated. */
export type FileKind =
  /** A secret that people give to Moderato. */
  | 'secret'
  /** Moderato makes it for itself, and keeps it. */
  | 'state'
  /** A policy bundle: a file, or a folder of files. */
  | 'bundle'
  /** Certificates and keys that anybody may read. */
  | 'public'
  /** A Unix socket of another program. */
  | 'socket'

/** A file that a setting names; `what` is a noun for messages, such as `the admin token`. */
export interface SettingFile {
  readonly kind: FileKind
  readonly what: string
}

/** A rule says what the environment may do to a setting although the file does not say `allowEnvironment: true`, and why. */
export type EnvironmentRule<Value = unknown> =
  | { readonly may: 'set'; readonly because: string }
  | { readonly may: 'tighten'; readonly how: string; isTighter(given: Value, before: Value): boolean }
  /** Not even with `allowEnvironment: true`. */
  | { readonly may: 'never'; readonly because: string }

export interface Setting<Value = unknown> {
  /** One or two sentences for operators, in Markdown. */
  readonly doc: string
  /** A reload may change it. Without: a restart. */
  readonly reload?: true
  /** Without: guarded. */
  readonly environment?: EnvironmentRule<Value>
  readonly file?: SettingFile
  /** Returns the value as it may be shown. Without: as it is. */
  readonly mask?: (value: unknown) => unknown
}

const REGISTRY = z.registry<Setting>()

/**
 * Returns a copy of the schema that carries what is said of the setting; `doc` is its description, too.
 *
 * Throws if the schema carries something already: a setting speaks for itself, and inherits no permission.
 */
export function setting<Schema extends z.ZodType>(schema: Schema, about: Setting<z.output<Schema>>): Schema {
  if (REGISTRY.get(schema) !== undefined) throw new Error(`setting twice: ${about.doc}`)
  const own = schema.describe(about.doc)
  const said: Setting = about
  REGISTRY.add(own, said)
  return own
}

/** Returns what is said of this very schema; nothing is inherited from those that it was made from. */
export function saidOf(schema: z.core.$ZodType): Setting | undefined {
  return REGISTRY.has(schema) ? REGISTRY.get(schema) : undefined
}

/** Returns the rule of a setting that the environment may always set. */
export function free(because: string): { readonly may: 'set'; readonly because: string } {
  return { may: 'set', because }
}

/** The environment may lower it: a number, or a time. */
export const LOWER = {
  may: 'tighten',
  how: 'lower it',
  isTighter: (given: number, before: number) => given <= before,
} as const

/** The environment may raise it: a number, or a time. */
export const RAISE = {
  may: 'tighten',
  how: 'raise it',
  isTighter: (given: number, before: number) => given >= before,
} as const

/** Returns the rule of a setting that the environment may set to one value, the strictest. */
export function onlyTo(value: string) {
  return {
    may: 'tighten',
    how: `set it to ${value}`,
    isTighter: (given: unknown) => given === value,
  } as const
}

const MASK = '***'

/** Masks a secret whole. */
export const maskAll = (): string => MASK

/** Masks who logs in, and by which password, in a URL. */
export const maskLogin = (url: unknown): unknown =>
  typeof url === 'string' ? url.replace(/\/\/.*@/, `//${MASK}@`) : MASK

/** Masks all of a URL but its origin: the path of a chat's incoming webhook is its password. */
export const maskPath = (text: unknown): unknown => {
  const url = typeof text === 'string' ? URL.parse(text) : null
  return url === null ? MASK : `${url.origin}/${MASK}`
}
