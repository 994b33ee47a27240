import type { FactName } from './facts.ts'
import type { AccessLevel, ActionClass, Trait } from '../../core/action-class.ts'
import type { ContentReader, RawShape, ShapeRef } from './format.ts'

/** Says where a request holds a value; see format.ts. */
export interface Locator {
  readonly from: 'u' | 'q' | 'h' | 'b'
  readonly steps: readonly string[]
  /** The same by the model's own names, as documents write a call; equal to `steps` if absent. */
  readonly names?: readonly string[]
}

/** Locates a list whose length counts, or a number that is the count. */
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

/** Holds the places of names of one kind: the service and the start of the resource, such as `ecs:task-definition/`. */
export interface ReadPlaces {
  readonly kind: string
  readonly at: readonly Locator[]
}

export interface ResourceVariable {
  /** The places of the value; if there are none, only the service knows this part, and it is written `*`. */
  readonly at: readonly Locator[]
  /** The service's default if the request gives no value. */
  readonly fallback: string | undefined
  /** The place of the value that follows after a colon: the version or alias of a function. */
  readonly qualifier: Locator | undefined
}

export interface ResourceEntry {
  /** ARN template; undefined if the value is an ARN, the path, or unknown. */
  readonly template: string | undefined
  /** The template cut at its variables: text, variable, text, ... */
  readonly pieces: readonly string[]
  /** The template's service: the third part of its ARNs. */
  readonly arnService: string
  readonly kind: 'arn' | 'whole' | 'path' | 'any'
  readonly required: boolean
  readonly variables: ReadonlyMap<string, ResourceVariable>
  /** The places of the account that owns the resource; it is ours if the request names none. */
  readonly account: readonly Locator[]
  /** A variable that makes the resource one of another type if its value is not the fallback. */
  readonly unless: ResourceVariable | undefined
}

/** Describes an operation as the catalogue knows it. */
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
  /** Documents that contain calls or resources. */
  readonly contents: readonly Content[]
  /** Alternatives; the largest counts. Each is a product of list lengths and of numbers that the call gives. */
  readonly counts: readonly (readonly CountLocator[])[]
  readonly resources: readonly ResourceEntry[]
  /** The places of roles that the call passes, and of instance profiles, whose roles only IAM knows. */
  readonly passes: { readonly roles: readonly Locator[]; readonly profiles: readonly Locator[] }
  /** The places of names of what AWS reads when the call runs and another call can change (rule S27). */
  readonly reads: readonly ReadPlaces[]
  /** The places of the facts for policy. */
  readonly facts: ReadonlyMap<FactName, readonly Locator[]>
  /** The places of tags that the call sets or removes. */
  readonly tags: readonly Locator[]
  readonly body: 'document' | 'opaque' | 'stream' | 'none'
  /** The members of the body, as a number in the service's shapes. */
  readonly bodyShape: ShapeRef
  readonly unsignedBody: boolean
  readonly eventStream: boolean
  /** True if the operation is newer than the IAM data, which therefore lacks it. */
  readonly newerThanIam: boolean
}

/** The Catalogue knows every service and operation of AWS. */
export interface Catalogue {
  readonly sources: Readonly<Record<string, string>>
  readonly models: readonly string[]
  /** Every IAM prefix: the values of `Call.service` except `unknown`. */
  readonly services: ReadonlySet<string>
  service(model: string): Service | undefined
  /** Returns the services that sign with this name; empty if none does. */
  signedBy(signingName: string): readonly Service[]
  /** Returns the services that have this name: botocore's, IAM's, an SDK's; empty if none has. */
  servicesNamed(name: string): readonly Service[]
  /**
   * Finds the operation by any of its names: `cloudwatchlogs`, `logs`, `ELBv2`; `deleteTable`, `terminate-instances`.
   * Returns several if services share both names.
   */
  named(service: string, operation: string): readonly Operation[]
}

/** Describes a service as the catalogue knows it. */
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
