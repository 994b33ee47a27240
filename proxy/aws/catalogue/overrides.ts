/** Reads the hand-made part of the catalogue, for cases where published data is missing, too mild or wrong. */
import { readFileSync } from 'node:fs'
import type { ContentReader } from './format.ts'

/** Holds the content of overrides.json. */
export interface Overrides {
  /** IAM prefix, if it is not the signing name. */
  readonly prefixes: Readonly<Record<string, string>>
  /** Every signing name of a model whose endpoint rules change it. */
  readonly signing: Readonly<Record<string, readonly string[]>>
  /** Models whose IAM action is the HTTP method and whose resource is the path. */
  readonly actionVerbServices: readonly string[]
  /** `METHOD uri` of operations that moved, as older SDKs still send them. */
  readonly older: Readonly<Record<string, readonly string[]>>
  readonly actions: Readonly<Record<string, readonly string[]>>
  readonly levels: Readonly<Record<string, string>>
  readonly classes: {
    readonly prefix: string
    readonly destructive: string
    readonly disruptive: string
    readonly detach: string
    readonly excluded: string
    /** An operation that deletes, stops or disables weakens a guard if its name contains one of these. */
    readonly guardNouns: string
    readonly guards: readonly string[]
    readonly notGuards: readonly string[]
    /** Nouns of containers, which lose their content when removed: such an operation gets `cascade`. */
    readonly containers: string
    /** Operations that remove something and can be undone. */
    readonly reversible: readonly string[]
    /** All classes of an operation, whatever its verb; empty if only its rules decide. */
    readonly exact: Readonly<Record<string, readonly string[]>>
  }
  /** Classes that replace `read`, `list` or `write`, in addition to those of the verb. */
  readonly add: Readonly<Record<string, readonly string[]>>
  readonly credentials: readonly string[]
  readonly traits: Readonly<Record<string, readonly string[]>>
  /** `[operation, member path, predicate, classes and traits]`. */
  readonly rules: readonly (readonly [string, string, string, readonly string[]])[]
  /** `[operation, member path, reader]`: documents that contain calls or resources. */
  readonly contents: readonly (readonly [string, string, ContentReader])[]
  readonly counts: Readonly<Record<string, readonly string[]>>
  /** Resource entries that replace the binder's; empty means `*`. Paths are joined by `|`; none means unknown. */
  readonly resources: Readonly<
    Record<string, readonly (readonly [string, 0 | 1, Readonly<Record<string, string>>])[]>
  >
  /** Members that pass a role, if the reviewed names do not show it. */
  readonly passes: Readonly<Record<string, readonly string[]>>
  /** `prefix.type.Variable` -> the members that fill it. */
  readonly variables: Readonly<Record<string, readonly string[]>>
  /** `prefix.type.Variable` -> the service's default if the request gives none. */
  readonly defaults: Readonly<Record<string, string>>
  /** `prefix.type.Variable` -> the member whose value follows that of the variable, after a colon. */
  readonly qualifiers: Readonly<Record<string, string>>
  /** `prefix.type` -> the member and its value; any other value makes the resource one of another type. */
  readonly unless: Readonly<Record<string, readonly [member: string, value: string]>>
  /** Model -> the member that names the account of its resources. */
  readonly accounts: Readonly<Record<string, string>>
}

export function readOverrides(): Overrides {
  return JSON.parse(readFileSync(new URL('overrides.json', import.meta.url), 'utf8')) as Overrides
}
