/** The hand-made part of the catalogue: where published data is silent, mild or wrong. */
import { readFileSync } from 'node:fs'
import type { ContentReader } from './format.ts'

export interface Overrides {
  /** IAM prefix where it is not the signing name. */
  readonly prefixes: Readonly<Record<string, string>>
  /** Every signing name of a model whose endpoint rules change it. */
  readonly signing: Readonly<Record<string, readonly string[]>>
  /** Models whose IAM action is the HTTP method and whose resource is the path. */
  readonly actionVerbServices: readonly string[]
  /** `METHOD uri` of operations that moved, as SDKs made before still send them. */
  readonly older: Readonly<Record<string, readonly string[]>>
  readonly actions: Readonly<Record<string, readonly string[]>>
  readonly levels: Readonly<Record<string, string>>
  readonly classes: {
    readonly prefix: string
    readonly destructive: string
    readonly disruptive: string
    readonly detach: string
    readonly excluded: string
    /** Operations whose name holds one of these weaken a guard when they delete, stop or disable. */
    readonly guardNouns: string
    readonly guards: readonly string[]
    readonly notGuards: readonly string[]
    /** Nouns of what holds other things, which go with it: `cascade` for an operation that removes one. */
    readonly containers: string
    /** Operations that remove something and can be taken back. */
    readonly reversible: readonly string[]
    /** The whole answer for an operation, whatever its verb; empty where only its rules decide. */
    readonly exact: Readonly<Record<string, readonly string[]>>
  }
  /** Classes in place of `read`, `list` or `write`, beside what the verb says. */
  readonly add: Readonly<Record<string, readonly string[]>>
  readonly credentials: readonly string[]
  readonly traits: Readonly<Record<string, readonly string[]>>
  /** `[operation, member path, predicate, classes and traits]`. */
  readonly rules: readonly (readonly [string, string, string, readonly string[]])[]
  /** `[operation, member path, reader]`: documents that say what will be done with them. */
  readonly contents: readonly (readonly [string, string, ContentReader])[]
  readonly counts: Readonly<Record<string, readonly string[]>>
  /** Resource entries in place of what the binder finds; empty: `*`. Paths are joined by `|`; none: unknown. */
  readonly resources: Readonly<
    Record<string, readonly (readonly [string, 0 | 1, Readonly<Record<string, string>>])[]>
  >
  /** Members that pass a role, where the model's reviewed names do not tell. */
  readonly passes: Readonly<Record<string, readonly string[]>>
  /** `prefix.type.Variable` -> the members that fill it. */
  readonly variables: Readonly<Record<string, readonly string[]>>
  /** `prefix.type.Variable` -> what the service takes where the request names none. */
  readonly defaults: Readonly<Record<string, string>>
  /** `prefix.type.Variable` -> the member whose value follows that of the variable, behind a colon. */
  readonly qualifiers: Readonly<Record<string, string>>
  /** `prefix.type` -> the member that, given as another value than this, makes the resource one of another type. */
  readonly unless: Readonly<Record<string, readonly [member: string, value: string]>>
  /** Model -> the member that says in whose account its resources are. */
  readonly accounts: Readonly<Record<string, string>>
}

export function readOverrides(): Overrides {
  return JSON.parse(readFileSync(new URL('overrides.json', import.meta.url), 'utf8')) as Overrides
}
