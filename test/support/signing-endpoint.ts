/** Calls the signing endpoint of a running proxy, as an agent that signs with an SDK's signer. */
import { randomUUID } from 'node:crypto'
import { BUILDER, type TestAgent } from './agents.ts'
import type { Proxy } from './proxy.ts'
import { send, signed, type RawAnswer, type RawRequest } from './raw-http.ts'

export const SIGN_PATH = '/.moderato/v1/sign'

export interface Asking {
  readonly agent?: TestAgent
  readonly service?: string
  readonly region?: string
  readonly method?: string
  readonly target?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Returns the signed request, not yet sent. */
export function asking(proxy: Proxy, body: unknown, options: Asking = {}): Promise<RawRequest> {
  const {
    agent = BUILDER,
    service = 'moderato',
    region,
    method = 'POST',
    target = SIGN_PATH,
    headers,
  } = options
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const fields = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    // SDKs send this too: it makes two equal requests of one second different.
    'amz-sdk-invocation-id': randomUUID(),
    ...headers,
  }
  return signed(
    proxy.url,
    { method, target, headers: fields, body: text },
    { agent, service, ...(region === undefined ? {} : { region }) },
  )
}

export interface SignAnswer extends RawAnswer {
  readonly json: Readonly<Record<string, unknown>>
  readonly requestId: string
}

/** Sends the request, and parses the JSON of the answer. */
export async function ask(proxy: Proxy, body: unknown, options: Asking = {}): Promise<SignAnswer> {
  return jsonOf(await send(proxy.url, await asking(proxy, body, options)))
}

export function jsonOf(answer: RawAnswer): SignAnswer {
  const json = JSON.parse(answer.body.toString()) as Record<string, unknown>
  return { ...answer, json, requestId: String(answer.headers['x-moderato-request-id']) }
}
