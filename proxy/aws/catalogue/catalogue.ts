/** Reads the committed catalogue. Each service is parsed on its first use, each operation on its first call. */
import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { serviceOf } from './decode.ts'
import type { CatalogueHeader } from './format.ts'
import type { Catalogue, Operation, Service } from './types.ts'

/** Returns every operation of a service. */
export function operationsOf(service: Service): Operation[] {
  return service.operationNames.flatMap((name) => service.operation(name) ?? [])
}

/** Returns every operation of every service. */
export function everyOperation(catalogue: Catalogue): Operation[] {
  return catalogue.models.flatMap((model) => operationsOf(catalogue.service(model) as Service))
}

/** Returns what all spellings of a name have in common: letters and digits, in lower case. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** Makes the catalogue from its decompressed text. It keeps the bytes; each service becomes text once. */
export function parseCatalogue(bytes: Buffer): Catalogue {
  const line = linesOf(bytes)
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
  const spelled = spellings()
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
    servicesNamed(name) {
      const key = plainName(name)
      return Object.hasOwn(header.named, key) ? (header.named[key] as readonly number[]).map(at) : []
    },
    named(name, operation) {
      return catalogue.servicesNamed(name).flatMap((service) => spelled(service, operation) ?? [])
    },
  }
  return catalogue
}

/** Returns a function that finds an operation by any spelling of its name; it remembers the spellings of each service. */
function spellings(): (service: Service, operation: string) => Operation | undefined {
  const spelled = new Map<Service, ReadonlyMap<string, string>>()
  return (service, operation) => {
    const names =
      spelled.get(service) ?? new Map(service.operationNames.map((each) => [plainName(each), each]))
    spelled.set(service, names)
    return service.operation(names.get(plainName(operation)) ?? '')
  }
}

/** Returns a function that gives a line of the text by its index. */
function linesOf(bytes: Buffer): (index: number) => string {
  const ends = lineEnds(bytes)
  return (index) => bytes.toString('utf8', index === 0 ? 0 : (ends[index - 1] ?? 0) + 1, ends[index])
}

function lineEnds(bytes: Buffer): number[] {
  const ends: number[] = []
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) ends.push(at)
  ends.push(bytes.length)
  return ends
}

/** Reads a catalogue from a file such as `catalogue.json.br`; throws if it is none. */
export function readCatalogue(path: string | URL): Catalogue {
  return parseCatalogue(brotliDecompressSync(readFileSync(path)))
}

let loaded: Catalogue | undefined

/** Returns the committed catalogue; it is read once in a process. */
export function loadCatalogue(): Catalogue {
  loaded ??= readCatalogue(new URL('catalogue.json.br', import.meta.url))
  return loaded
}
