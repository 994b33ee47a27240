/** Sends AssumeRole to a running proxy, with a static key or a task's credentials, as a form that a test writes. */
import { randomUUID } from 'node:crypto'
import type { Proxy } from './proxy.ts'
import { send, signed, type SigningKey } from './raw-http.ts'
import { ROLE } from './workload.ts'

export interface Assumed {
  readonly status: number
  /** The message of a refusal; empty otherwise. */
  readonly message: string
  readonly credentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string
  }
}

export async function assumeRole(
  proxy: Proxy,
  agent: SigningKey,
  form: Readonly<Record<string, string>>,
): Promise<Assumed> {
  const asked = { Action: 'AssumeRole', Version: '2011-06-15', RoleArn: ROLE, ...form }
  const body = new URLSearchParams(asked).toString()
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
    'amz-sdk-invocation-id': randomUUID(),
  }
  const request = await signed(
    proxy.url,
    { method: 'POST', target: '/', headers, body },
    { agent, service: 'sts' },
  )
  const answer = await send(proxy.url, request)
  const text = answer.body.toString()
  const said = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? ''
  return {
    status: answer.status,
    message: said('Message'),
    credentials: {
      accessKeyId: said('AccessKeyId'),
      secretAccessKey: said('SecretAccessKey'),
      sessionToken: said('SessionToken'),
    },
  }
}
