/** Opens tasks at a running proxy, as an agent with a static key or with the credentials of another task. */
import { randomUUID } from 'node:crypto'
import type { Proxy } from './proxy.ts'
import { send, signed, type SigningKey } from './raw-http.ts'

export interface TaskCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: string
}

export interface OpenedTask {
  readonly task: {
    readonly id: string
    readonly agent: string
    readonly narrowed: boolean
    readonly expiresAt: string
    readonly parent?: string
  }
  readonly credentials: TaskCredentials
  readonly containerToken: string
}

export interface TaskAnswer {
  readonly status: number
  readonly json: OpenedTask & { readonly code?: string; readonly message?: string }
}

/** Calls the tasks endpoint, signed for the service `moderato`. */
export async function askTasks(
  proxy: Proxy,
  key: SigningKey,
  body: unknown,
  {
    method = 'POST',
    target = '/.moderato/v1/tasks',
  }: { readonly method?: string; readonly target?: string } = {},
): Promise<TaskAnswer> {
  const text = body === undefined ? '' : JSON.stringify(body)
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    'amz-sdk-invocation-id': randomUUID(),
  }
  const request = await signed(
    proxy.url,
    { method, target, headers, body: text },
    { agent: key, service: 'moderato' },
  )
  const answer = await send(proxy.url, request)
  return { status: answer.status, json: JSON.parse(answer.body.toString()) as TaskAnswer['json'] }
}
