/** Fetches the JWT-SVID of this process from the SPIFFE Workload API. */
import { fileURLToPath } from 'node:url'
import { Client, credentials, Metadata, type ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { z } from 'zod'
import { errorMessage } from '../core/error-message.ts'
import { Failure } from './failure.ts'

const PROTO = fileURLToPath(new URL('../identity/providers/workload.proto', import.meta.url))
const ANSWERED_WITHIN_MS = 10_000

const Response = z.looseObject({ svids: z.array(z.looseObject({ svid: z.string().min(1) })).min(1) })

/** Fetches a new token; of several identities the first, which is the default. Rejects with `Failure`. */
export async function workloadSvid(endpoint: string, audience: string): Promise<string> {
  const socket = /^unix:(?:\/\/)?(\/.*)$/.exec(endpoint)?.[1]
  if (socket === undefined)
    throw new Failure(`SPIFFE_ENDPOINT_SOCKET: ${JSON.stringify(endpoint)} is not of the form unix:///path`)
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 })
  try {
    const { svids } = Response.parse(await fetched(client, audience))
    return svids[0]?.svid ?? ''
  } catch (error) {
    throw new Failure(`the Workload API at ${socket} returned no JWT-SVID: ${errorMessage(error)}`)
  } finally {
    client.close()
  }
}

function fetched(client: Client, audience: string): Promise<unknown> {
  const { FetchJWTSVID: method } = loadSync(PROTO, { keepCase: true })[
    'SpiffeWorkloadAPI'
  ] as ServiceDefinition
  if (method === undefined) throw new Error(`${PROTO} has no FetchJWTSVID`)
  const metadata = new Metadata()
  // The API refuses requests without it: no browser or proxy sends it by accident (SPIFFE Workload Endpoint 4.1).
  metadata.set('workload.spiffe.io', 'true')
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      { audience: [audience] },
      metadata,
      { deadline: Date.now() + ANSWERED_WITHIN_MS },
      (error, answer) => (error === null ? resolve(answer) : reject(error)),
    )
  })
}
