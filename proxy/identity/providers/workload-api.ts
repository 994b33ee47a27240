/** Gets trust bundles from the SPIFFE Workload API, which pushes them over a stream that stays open. */
import { fileURLToPath } from 'node:url'
import {
  Client,
  credentials,
  Metadata,
  type ClientReadableStream,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { z } from 'zod'
import type { Clock } from '../../core/ports.ts'
import { unavailable, type Source } from './source.ts'

export type BundleMethod = 'FetchJWTBundles' | 'FetchX509Bundles'

export interface WorkloadOptions<Value> {
  readonly what: string
  /** The path of its socket. */
  readonly socket: string
  readonly method: BundleMethod
  /** Throws for a bundle that is of no use. */
  readonly parse: (bundle: Buffer) => Value
  readonly trustDomain: string
  /** How long the last bundle is served after the stream broke. */
  readonly staleMs: number
  readonly clock: Clock
}

const Response = z.looseObject({ bundles: z.record(z.string(), z.instanceof(Buffer)) })

const PROTO = fileURLToPath(new URL('workload.proto', import.meta.url))
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 15_000

/** Opens the Workload API's stream of a trust domain's bundle; it is opened again whenever it ends. */
export function workloadSource<Value>(options: WorkloadOptions<Value>): Source<Value> {
  return new WorkloadSource(options)
}

class WorkloadSource<Value> implements Source<Value> {
  readonly #options: WorkloadOptions<Value>
  readonly #client: Client
  #value: Value | undefined
  /** Since when the value is not kept up to date: the stream is down, or brings what is of no use. */
  #staleSinceMs: number | undefined
  #failure: unknown = new Error('it was not answered yet')
  #retryMs = FIRST_RETRY_MS
  #retry: NodeJS.Timeout | undefined
  #stream: ClientReadableStream<unknown> | undefined

  constructor(options: WorkloadOptions<Value>) {
    this.#options = options
    const address = `unix:${options.socket}`
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 })
    this.#open()
  }

  readonly current = async (): Promise<Value> => {
    const { clock, staleMs, what } = this.#options
    const isStale = this.#staleSinceMs !== undefined && clock.nowMs() - this.#staleSinceMs >= staleMs
    if (this.#value === undefined || isStale) throw unavailable(what, this.#failure)
    return this.#value
  }

  readonly renewed = this.current

  /** While the stream is open, it would have brought a change. */
  asOfMs(): number | undefined {
    return this.#value === undefined ? undefined : (this.#staleSinceMs ?? this.#options.clock.nowMs())
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry)
    this.#stream?.removeAllListeners('close').cancel()
    this.#client.close()
  }

  #open(): void {
    const stream = bundleStream(this.#client, this.#options.method)
    this.#stream = stream
    stream.on('data', (response: unknown) => this.#take(response))
    stream.on('error', (error) => this.#fail(error))
    // Comes last, after an error too.
    stream.once('close', () => {
      this.#fail(this.#failure ?? new Error('the stream ended'))
      this.#retry = setTimeout(() => this.#open(), this.#retryMs).unref()
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
    })
  }

  #take(response: unknown): void {
    try {
      const { trustDomain, parse } = this.#options
      const { bundles } = Response.parse(response)
      const bundle = bundles[`spiffe://${trustDomain}`]
      if (bundle === undefined) throw new Error(`the Workload API has no bundle of ${trustDomain}`)
      this.#value = parse(bundle)
      this.#staleSinceMs = undefined
      this.#retryMs = FIRST_RETRY_MS
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure = error
    this.#staleSinceMs ??= this.#options.clock.nowMs()
  }
}

function bundleStream(client: Client, name: BundleMethod): ClientReadableStream<unknown> {
  const service = loadSync(PROTO, { keepCase: true })['SpiffeWorkloadAPI'] as ServiceDefinition
  const method = service[name]
  if (method === undefined) throw new Error(`${PROTO} has no ${name}`)
  const metadata = new Metadata()
  // Without it the API refuses: no browser or proxy sends it by accident (SPIFFE Workload Endpoint 4.1).
  metadata.set('workload.spiffe.io', 'true')
  return client.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    {},
    metadata,
  )
}
