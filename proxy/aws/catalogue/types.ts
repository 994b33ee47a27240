import type { FactName } from './facts.ts'
import type { AccessLevel, ActionClass, Trait } from '../../core/action-class.ts'
import type { ContentReader, RawShape, ShapeRef } from './format.ts'

/** Where a request holds a value; see format.ts. */
export interface Locator {
  readonly from: 'u' | 'q' | 'h' | 'b'
  readonly steps: readonly string[]
}

/** A list whose length counts, or a number that is the count. */
export interface CountLocator extends Locator {
  readonly isNumber: boolean
}

export interface ConditionalRule {
  readonly at: Locator
  readonly predicate: string
  readonly adds: readonly string[]
}

export interface Content {
  readonly at: Locator
  readonly reader: ContentReader
}

export interface ResourceVariable {
  /** No places: only the service knows this part, and it is written `*`. */
  readonly at: readonly Locator[]
  /** What the service takes where the request gives nothing. */
  readonly fallback: string | undefined
  /** Whose value follows behind a colon: the version or alias of a function. */
  readonly qualifier: Locator | undefined
}

export interface ResourceEntry {
  /** ARN template; undefined where the value is an ARN, the path, or not to be had. */
  readonly template: string | undefined
  /** The template cut at its variables: text, variable, text, ... */
  readonly pieces: readonly string[]
  /** The template's service: the third part of its ARNs. */
  readonly arnService: string
  readonly kind: 'arn' | 'whole' | 'path' | 'any'
  readonly required: boolean
  readonly variables: ReadonlyMap<string, ResourceVariable>
  /** Where the request says in whose account the resource is: in ours, where it does not say. */
  readonly account: readonly Locator[]
  /** Given as another value than its fallback, it makes the resource one of another type. */
  readonly unless: ResourceVariable | undefined
}

export interface Operation {
  readonly service: Service
  readonly name: string
  /** REST: `METHOD uri`; empty otherwise. */
  readonly http: string
  /** The same as older SDKs send it. */
  readonly olderHttp: readonly string[]
  readonly requiredQuery: readonly string[]
  /** Every query key; `*`: any. */
  readonly knownQuery: readonly string[]
  /** Every `x-amz-` header, lower case; a trailing `*` stands for the rest of a name. */
  readonly amzHeaders: readonly string[]
  readonly requiredHeaders: readonly string[]
  readonly hostPrefix: string
  readonly actions: readonly string[]
  readonly level: AccessLevel
  readonly classes: readonly ActionClass[]
  readonly traits: readonly Trait[]
  readonly rules: readonly ConditionalRule[]
  /** Documents that say what will be done with them. */
  readonly contents: readonly Content[]
  /** Alternatives, of which the longest counts; each a product of list lengths and of numbers that the call gives. */
  readonly counts: readonly (readonly CountLocator[])[]
  readonly resources: readonly ResourceEntry[]
  /** Where the call names roles that it passes on, and instance profiles, whose roles only IAM knows. */
  readonly passes: { readonly roles: readonly Locator[]; readonly profiles: readonly Locator[] }
  /** Where the call holds what deciders ask for. */
  readonly facts: ReadonlyMap<FactName, readonly Locator[]>
  /** Where the call names tags that it sets or removes. */
  readonly tags: readonly Locator[]
  readonly body: 'document' | 'opaque' | 'stream' | 'none'
  /** The members of the body: a number in the service's shapes. */
  readonly bodyShape: ShapeRef
  readonly unsignedBody: boolean
  readonly eventStream: boolean
  /** It came after the IAM data was made, which could not know it. */
  readonly newerThanIam: boolean
}

export interface Catalogue {
  readonly sources: Readonly<Record<string, string>>
  readonly models: readonly string[]
  /** Every IAM prefix: the values of `Call.service` but `unknown`. */
  readonly services: ReadonlySet<string>
  service(model: string): Service | undefined
  /** The services that sign with this name; empty if none does. */
  signedBy(signingName: string): readonly Service[]
  /**
   * The operation by whatever names it goes: `cloudwatchlogs`, `logs`, `ELBv2`; `deleteTable`, `terminate-instances`.
   * Several where services share both names.
   */
  named(service: string, operation: string): readonly Operation[]
}

export interface Service {
  readonly catalogue: Catalogue
  /** botocore's name. */
  readonly model: string
  readonly signingNames: readonly string[]
  readonly endpointPrefix: string
  readonly version: string
  readonly protocols: readonly string[]
  readonly target: string | undefined
  /** IAM prefix. */
  readonly prefix: string
  readonly operationNames: readonly string[]
  /** Shapes of bodies; the first is number 1. */
  readonly shapes: readonly RawShape[]
  operation(name: string): Operation | undefined
}
