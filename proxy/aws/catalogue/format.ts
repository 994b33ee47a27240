/**
 * The committed form of the catalogue: brotli over lines of JSON.
 *
 * The first line is the header, each further line one service, so that start-up parses the header alone and a
 * service only when it is first called. Member names are short because there are twenty thousand operations.
 */
import type { FactName } from './facts.ts'

export interface CatalogueHeader {
  /** What the data was generated from: name -> version. */
  readonly sources: Readonly<Record<string, string>>
  /** Signing name -> indexes of the services (lines after the header) that sign with it. */
  readonly signing: Readonly<Record<string, readonly number[]>>
  /** Model names in line order. */
  readonly models: readonly string[]
  /** Every IAM prefix, sorted. */
  readonly prefixes: readonly string[]
  /** What SDKs, IAM and botocore call a service, in plain letters -> indexes, the likeliest first. */
  readonly named: Readonly<Record<string, readonly number[]>>
}

/** IAM access levels by their letter in the data. */
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
 * Where a request holds a value: `u:` path label, `q:` query key, `h:` header, `b:` steps into the body joined by
 * dots; the step `*` takes every value of a map, `@` its keys, and lists are entered without a step.
 */
export type Location = string

/** `[location, predicate, classes and traits that hold when it is true]`. */
export type RawRule = readonly [Location, string, readonly string[]]

/**
 * `[IAM resource type, 1 if IAM requires it, ARN variable -> location]`; no variables: not bound. Locations are joined
 * by `|`, none is what only the service knows, `=name` is what it takes where the request gives nothing, and what is
 * found at `+location` follows behind a colon. Two names are no variables of the template but where it is said whose the
 * thing is (`Account`), and what makes it one of another type (`Unless`, but for the value behind it).
 */
export type RawResource = readonly [string, 0 | 1, Readonly<Record<string, Location>>?]

/** How a document in a call is read; `proxy/aws/contents/` has the readers. */
export type ContentReader =
  | 'arn'
  | 'automation'
  | 'fault'
  | 'resourceType'
  | 'scheduleTarget'
  | 'stateMachine'
  | 'template'

/** Number of a shape in its service's table, from 1; 0: a single value; -1: anything. */
export type ShapeRef = number

/** Members by their name on the wire, `[items]` of a list, or `['*', values]` of a map. */
export type RawShape = Readonly<Record<string, ShapeRef>> | readonly [ShapeRef] | readonly ['*', ShapeRef]

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
  /** IAM actions where they are not `prefix:Operation`. */
  readonly a?: readonly string[]
  /** Access level; `W` if absent. */
  readonly l?: LevelLetter
  /** Action classes where the access level alone does not say. */
  readonly c?: readonly string[]
  readonly t?: readonly string[]
  readonly w?: readonly RawRule[]
  /** Documents that say what will be done with them. */
  readonly d?: readonly (readonly [Location, ContentReader])[]
  /** Lists whose length is the number of things touched; `a * b` multiplies, `#a` is the number itself. */
  readonly n?: readonly string[]
  readonly R?: readonly RawResource[]
  /** Where the call names roles that it passes on. */
  readonly p?: readonly Location[]
  /** Where it names instance profiles, whose roles only IAM knows. */
  readonly i?: readonly Location[]
  /** Where the call names tags that it sets or removes. */
  readonly T?: readonly Location[]
  /** Where the call holds what deciders ask for, by stable name. */
  readonly F?: Readonly<Partial<Record<FactName, readonly Location[]>>>
  /** Body: `s` stream, `o` bytes that are not parsed, `n` none; a parsed document if absent. */
  readonly b?: 's' | 'o' | 'n'
  /** The model lets the body go unsigned. */
  readonly u?: 1
  /** The body is an event stream. */
  readonly e?: 1
  /** The operation is newer than the IAM data, which could not know it. */
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
  readonly o: Readonly<Record<string, RawOperation>>
}
