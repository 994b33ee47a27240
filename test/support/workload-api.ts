/** Runs a SPIFFE Workload API for tests: a gRPC server on a socket, which returns what a test sets. */
import { resolve } from 'node:path'
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceClientConstructor,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const PROTO = resolve(import.meta.dirname, '../../proxy/identity/providers/workload.proto')

export type Bundles = Readonly<Record<string, Buffer>>
type Stream = ServerWritableStream<object, { bundles: Bundles }>

type TokenCall = ServerUnaryCall<{ readonly audience: readonly string[] }, object>

export class WorkloadApi {
  /** The token of the workload that asks; undefined if it has none. */
  svidFor: ((audience: readonly string[]) => string) | undefined
  readonly socket: string
  readonly #server: Server
  readonly #streams = new Map<Stream, 'jwt' | 'x509'>()
  #bundles: { readonly jwt: Bundles; readonly x509: Bundles }

  private constructor(socket: string, server: Server, bundles: { jwt: Bundles; x509: Bundles }) {
    this.socket = socket
    this.#server = server
    this.#bundles = bundles
  }

  static async start(socket: string, bundles: { jwt: Bundles; x509: Bundles }): Promise<WorkloadApi> {
    const server = new Server()
    const api = new WorkloadApi(socket, server, bundles)
    const loaded = loadPackageDefinition(loadSync(PROTO, { keepCase: true }))
    const { service } = loaded['SpiffeWorkloadAPI'] as ServiceClientConstructor
    server.addService(service, {
      FetchJWTSVID: (call: TokenCall, answer: sendUnaryData<object>) => api.#token(call, answer),
      FetchJWTBundles: (stream: Stream) => api.#serve('jwt', stream),
      FetchX509Bundles: (stream: Stream) => api.#serve('x509', stream),
    })
    await new Promise<void>((done, failed) => {
      server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? done() : failed(error),
      )
    })
    return api
  }

  get streams(): number {
    return this.#streams.size
  }

  #token({ metadata, request }: TokenCall, answer: sendUnaryData<object>): void {
    if (metadata.get('workload.spiffe.io')[0] !== 'true') answer({ code: status.INVALID_ARGUMENT })
    else if (this.svidFor === undefined)
      answer({ code: status.PERMISSION_DENIED, details: 'no identity issued' })
    else answer(null, { svids: [{ svid: this.svidFor(request.audience) }] })
  }

  /** Refuses, as a real one does, requests without the security header of the Workload API. */
  #serve(kind: 'jwt' | 'x509', stream: Stream): void {
    if (stream.metadata.get('workload.spiffe.io')[0] !== 'true') {
      stream.emit('error', { code: status.INVALID_ARGUMENT, details: 'security header missing from request' })
      return
    }
    this.#streams.set(stream, kind)
    stream.on('cancelled', () => this.#streams.delete(stream))
    stream.write({ bundles: this.#bundles[kind] })
  }

  /** Pushes other bundles to all clients. */
  push(bundles: { jwt: Bundles; x509: Bundles }): void {
    this.#bundles = bundles
    for (const [stream, kind] of this.#streams) stream.write({ bundles: bundles[kind] })
  }

  stop(): void {
    this.#server.forceShutdown()
  }
}
