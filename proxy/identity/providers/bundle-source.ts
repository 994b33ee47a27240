/** Where a trust domain's bundle comes from: a file, its bundle endpoint, or the Workload API of this machine. */
import type { Clock } from '../../core/ports.ts'
import type { Bundle } from './bundle.ts'
import { jsonFetcher } from './fetch-json.ts'
import { fileSource } from './file-source.ts'
import { FetchedSource, type Source } from './source.ts'
import { workloadSource, type BundleMethod } from './workload-api.ts'

/** Exactly one of file, endpoint and workloadApi. */
export interface BundlePlace {
  readonly file?: string | undefined
  readonly endpoint?: string | undefined
  readonly caFile?: string | undefined
  readonly workloadApi?: string | undefined
}

export interface BundleOptions<Value> {
  readonly what: string
  readonly place: BundlePlace
  /** Reads a SPIFFE bundle document; throws for what is none. */
  readonly document: (document: unknown) => Bundle<Value>
  readonly workloadApi: { readonly method: BundleMethod; readonly parse: (bundle: Buffer) => Value }
  readonly trustDomain: string
  readonly staleMs: number
  readonly clock: Clock
}

const FRESH_MS = 5 * 60_000
const COOLDOWN_MS = 30_000

/** Throws for a file that is of no use; what is remote may be away at the start. */
export function bundleSource<Value>(options: BundleOptions<Value>): Source<Value> {
  const { what, place, document, workloadApi, trustDomain, staleMs, clock } = options
  if (place.file !== undefined) {
    const parse = (text: string): Value => document(JSON.parse(text)).value
    return fileSource({ what, path: place.file, parse, staleMs, clock })
  }
  if (place.workloadApi !== undefined) {
    return workloadSource({ what, socket: place.workloadApi, ...workloadApi, trustDomain, staleMs, clock })
  }
  const documents = jsonFetcher(place.caFile)
  const endpoint = place.endpoint ?? ''
  const source = new FetchedSource({
    what,
    fetch: async () => document(await documents.get(endpoint)),
    clock,
    freshMs: FRESH_MS,
    staleMs,
    cooldownMs: COOLDOWN_MS,
  })
  return {
    current: () => source.current(),
    renewed: () => source.renewed(),
    asOfMs: () => source.asOfMs(),
    close: () => documents.close(),
  }
}
