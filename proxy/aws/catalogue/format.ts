/**
 * Defines the committed form of the catalogue: brotli over lines of JSON.
 *
 * The first line is the header, and each other line one service: start-up parses only the header, and a service is
 * parsed on its first call. Member names are short because there are twenty thousand operations.
 */
import type { FactName } from './facts.ts'

/** Holds what start-up needs of the catalogue. */
export interface CatalogueHeader {
  /** The sources of the data: name -> version. */
  readonly sources: Readonly<Record<string, string>>
  /** Signing name -> indexes of the services (lines after the header) that sign with it. */
  readonly signing: Readonly<Record<string, readonly number[]>>
  /** Model names in line order. */
  readonly models: readonly string[]
  /** Every IAM prefix, sorted. */
  readonly prefixes: readonly string[]
  /** Each name of a service in SDKs, IAM and botocore, in plain letters -> indexes, the most likely first. */
  readonly named: Readonly<Record<string, readonly number[]>>
}

/** Maps the letters in the data to IAM's access levels. */
export const LEVELS = {
  R: 'Read',
  L: 'List',
  W: 'Write',
  T: 'Tagging',
  P: 'Permissions management',
  U: 'Unknown',
} as const
export type LevelLetter = keyof typeof LEVELS

/**
 * Says where a request holds a value: `u:` path label, `q:` query key, `h:` header, `b:` steps into the body joined by
 * dots. The step `*` takes every value of a map, `@` its keys; lists are entered without a step.
 */
export type Location = string

/** Holds a rule: `[location, predicate, classes and traits that apply if it is true]`. */
export type RawRule = readonly [Location, string, readonly string[]]

/** Holds what many rules of a service have in common: `[predicate, classes and traits]`. */
export type RawSaying = readonly [string, readonly string[]]

/**
 * Holds a resource: `[IAM resource type, 1 if IAM requires it, ARN variable -> location]`; without variables it is not
 * bound. Locations are joined by `|`; none means that only the service knows the value. `=name` is the default if the
 * request gives none; the value at `+location` follows after a colon. Two names are no variables of the template:
 * `Account` says where the owner is named; a value at `Unless`, other than the one after it, means another type.
 */
export type RawResource = readonly [string, 0 | 1, Readonly<Record<string, Location>>?]

/** Names how a document in a call is read; `proxy/aws/classify/contents/` has the readers. */
export type ContentReader =
  | 'arn'
  | 'associations'
  | 'automation'
  | 'automationRun'
  | 'desiredResource'
  | 'fault'
  | 'goneResource'
  | 'maintenanceTask'
  | 'patchedResource'
  | 'remediation'
  | 'ruleTarget'
  | 'schedule'
  | 'stateMachine'
  | 'template'

/** Refers to a shape by its number in the service's table, from 1; 0 is a single value; -1 is anything. */
export type ShapeRef = number

/** Holds members by their name on the wire, `[items]` of a list, or `['*', values]` of a map. */
export type RawShape = Readonly<Record<string, ShapeRef>> | readonly [ShapeRef] | readonly ['*', ShapeRef]

/** Holds one operation in its compact form; a member is left out if it has its default. */
export interface RawOperation {
  /** `METHOD uri` for REST protocols. */
  readonly h?: string
  /** The same as older SDKs send it. */
  readonly g?: readonly string[]
  /** Required query keys. */
  readonly q?: readonly string[]
  /** Every query key of the operation; `*`: any. */
  readonly Q?: readonly string[]
  /** Every `x-amz-` header of the operation, lower case; a trailing `*` stands for the rest of a name. */
  readonly A?: readonly string[]
  /** The shape of its body; 0 if absent. */
  readonly S?: ShapeRef
  /** Required headers, lower case. */
  readonly H?: readonly string[]
  /** Host prefix template. */
  readonly P?: string
  /** IAM actions, if they are not `prefix:Operation`. */
  readonly a?: readonly string[]
  /** Access level; `W` if absent. */
  readonly l?: LevelLetter
  /** Action classes, if the access level does not decide them. */
  readonly c?: readonly string[]
  readonly t?: readonly string[]
  /** Rules: `[number in the service's table, locations]`. */
  readonly w?: readonly (readonly [number, ...Location[]])[]
  /** Documents that contain calls or resources. */
  readonly d?: readonly (readonly [Location, ContentReader])[]
  /** Lists whose length is the number of things touched; `a * b` multiplies, `#a` is the number itself. */
  readonly n?: readonly string[]
  /** What the model calls the members at locations of `w`, `d` and `n`, where it differs: location -> names joined by dots. */
  readonly N?: Readonly<Record<Location, string>>
  readonly R?: readonly RawResource[]
  /** Locations of the roles that the call passes. */
  readonly p?: readonly Location[]
  /** Locations of instance profiles, whose roles only IAM knows. */
  readonly i?: readonly Location[]
  /** Locations of names of what AWS reads when the call runs, by kind: the service and the start of the resource. */
  readonly D?: Readonly<Record<string, readonly Location[]>>
  /** Locations of the tags that the call sets or removes. */
  readonly T?: readonly Location[]
  /** Locations of the facts for policy, by stable name. */
  readonly F?: Readonly<Partial<Record<FactName, readonly Location[]>>>
  /** Body: `s` stream, `o` bytes that are not parsed, `n` none; a parsed document if absent. */
  readonly b?: 's' | 'o' | 'n'
  /** The model lets the body go unsigned. */
  readonly u?: 1
  /** The body is an event stream. */
  readonly e?: 1
  /** 1 if the operation is newer than the IAM data, which therefore lacks it. */
  readonly y?: 0 | 1
}

export interface RawService {
  readonly m: string
  readonly s: readonly string[]
  readonly e: string
  readonly v: string
  readonly p: readonly string[]
  /** Target prefix (JSON) or service name (CBOR). */
  readonly t?: string
  /** IAM prefix. */
  readonly x: string
  /** IAM resource types -> ARN template. */
  readonly r: Readonly<Record<string, string>>
  /** Shapes of bodies, the first being 1. */
  readonly z: readonly RawShape[]
  /** What rules say, by number from 0. */
  readonly k: readonly RawSaying[]
  readonly o: Readonly<Record<string, RawOperation>>
}
