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

export function workloadSource<Value>(options: WorkloadOptions<Value>): Source<Value> {
  const { what, socket, clock, staleMs } = options
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 })
  let value: Value | undefined
  /** Since when the value is not kept up to date: the stream is down, or brings what is of no use. */
  let staleSinceMs: number | undefined
  let failure: unknown = new Error('it was not answered yet')
  let retryMs = FIRST_RETRY_MS
  let retry: NodeJS.Timeout | undefined
  let stream: ClientReadableStream<unknown> | undefined

  function took(response: unknown): void {
    try {
      const { bundles } = Response.parse(response)
      const bundle = bundles[`spiffe://${options.trustDomain}`]
      if (bundle === undefined) throw new Error(`the Workload API has no bundle of ${options.trustDomain}`)
      value = options.parse(bundle)
      staleSinceMs = undefined
      retryMs = FIRST_RETRY_MS
    } catch (error) {
      failed(error)
    }
  }

  function failed(error: unknown): void {
    failure = error
    staleSinceMs ??= clock.nowMs()
  }

  function open(): void {
    stream = bundleStream(client, options.method)
    stream.on('data', took)
    stream.on('error', failed)
    // Comes last, after an error too.
    stream.once('close', () => {
      failed(failure ?? new Error('the stream ended'))
      retry = setTimeout(open, retryMs).unref()
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
    })
  }

  open()
  const current = async (): Promise<Value> => {
    const isStale = staleSinceMs !== undefined && clock.nowMs() - staleSinceMs >= staleMs
    if (value === undefined || isStale) throw unavailable(what, failure)
    return value
  }
  return {
    current,
    renewed: current,
    async close() {
      clearTimeout(retry)
      stream?.removeAllListeners('close').cancel()
      client.close()
    },
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
