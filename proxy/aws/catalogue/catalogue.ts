/** Reads the committed catalogue. A service is parsed when it is first asked for, an operation when it is first called. */
import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import type { AccessLevel, ActionClass, Trait } from '../../core/action-class.ts'
import type { FactName } from './facts.ts'
import { serviceOf } from './decode.ts'
import type { CatalogueHeader, ContentReader, RawShape, ShapeRef } from './format.ts'

/** Where a request holds a value; see format.ts. */
export interface Locator {
  readonly from: 'u' | 'q' | 'h' | 'b'
  readonly steps: readonly string[]
}

/** A list whose length counts, or a number that is the count. */
export interface CountLocator extends Locator {
  readonly isNumber: boolean
}

export interface Rule {
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
  readonly rules: readonly Rule[]
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

/** Every operation of a service. */
export function operationsOf(service: Service): Operation[] {
  return service.operationNames.flatMap((name) => service.operation(name) ?? [])
}

/** Every operation of every service. */
export function everyOperation(catalogue: Catalogue): Operation[] {
  return catalogue.models.flatMap((model) => operationsOf(catalogue.service(model) as Service))
}

/** A name as every spelling of it has it: letters and digits, in lower case. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** The catalogue from its decompressed text; kept as bytes, of which each service becomes text once. */
export function parseCatalogue(bytes: Buffer): Catalogue {
  const ends = lineEnds(bytes)
  const line = (index: number): string =>
    bytes.toString('utf8', index === 0 ? 0 : (ends[index - 1] ?? 0) + 1, ends[index])
  const header = JSON.parse(line(0)) as CatalogueHeader
  const services = new Map<number, Service>()
  const signing = new Map<string, readonly Service[]>()
  const at = (index: number): Service => {
    const known = services.get(index)
    if (known !== undefined) return known
    const service = serviceOf(line(index + 1), catalogue)
    services.set(index, service)
    return service
  }
  const spelled = new Map<Service, ReadonlyMap<string, string>>()
  const catalogue: Catalogue = {
    sources: header.sources,
    models: header.models,
    services: new Set(header.prefixes),
    service(model) {
      const index = header.models.indexOf(model)
      return index < 0 ? undefined : at(index)
    },
    signedBy(name) {
      const known = signing.get(name)
      if (known !== undefined) return known
      if (!Object.hasOwn(header.signing, name)) return []
      const found = (header.signing[name] as readonly number[]).map(at)
      signing.set(name, found)
      return found
    },
    named(name, operation) {
      const key = plainName(name)
      const services = Object.hasOwn(header.named, key)
        ? (header.named[key] as readonly number[]).map(at)
        : []
      return services.flatMap((service) => {
        const names =
          spelled.get(service) ?? new Map(service.operationNames.map((each) => [plainName(each), each]))
        spelled.set(service, names)
        return service.operation(names.get(plainName(operation)) ?? '') ?? []
      })
    },
  }
  return catalogue
}

function lineEnds(bytes: Buffer): number[] {
  const ends: number[] = []
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) ends.push(at)
  ends.push(bytes.length)
  return ends
}

/** The catalogue of a file as `catalogue.json.br`; throws if it is none. */
export function readCatalogue(path: string | URL): Catalogue {
  return parseCatalogue(brotliDecompressSync(readFileSync(path)))
}

let loaded: Catalogue | undefined

/** The committed catalogue, read once in a process. */
export function loadCatalogue(): Catalogue {
  loaded ??= readCatalogue(new URL('catalogue.json.br', import.meta.url))
  return loaded
}
