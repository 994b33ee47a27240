/** Requests as the AWS SDK for JavaScript sends them, signed beforehand by its own signer. */
import { createHash, createHmac, type Hash } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'

export const AGENT = { accessKeyId: 'AKIDBENCH', secretAccessKey: 'bench-secret' }
export const REGION = 'us-east-1'

/** The hash that the signer asks for, by node:crypto. */
export class Sha256 {
  readonly #hash: Hash | ReturnType<typeof createHmac>

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string)
  }

  update(data: Uint8Array | string): void {
    this.#hash.update(data)
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }

  reset(): void {}
}

export const signer = new SignatureV4({
  credentials: AGENT,
  region: REGION,
  service: 'dynamodb',
  sha256: Sha256,
  applyChecksum: true,
})

export interface Kind {
  readonly operation: string
  /** Each number has a table of its own, so that no call is the call before it. */
  readonly body: (number: number) => string
}

export const READ: Kind = {
  operation: 'GetItem',
  body: (number) => `{"TableName":"bench-${number}","Key":{"id":{"S":"item-1"}}}`,
}
export const WRITE: Kind = {
  operation: 'PutItem',
  body: (number) => `{"TableName":"bench-${number}","Item":{"id":{"S":"item-1"},"price":{"N":"42"}}}`,
}

export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A head and body as SDK v3 makes them; `number` makes invocation and table, and so the signature, its own. */
export function unsignedRequest(
  { operation, body: bodyOf }: Kind,
  host: string,
  number: number,
): SignedRequest & { hostname: string; protocol: string; query: Record<string, string> } {
  const body = bodyOf(number)
  return {
    method: 'POST',
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: '/',
    query: {},
    headers: {
      host,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'content-length': String(body.length),
      'user-agent':
        'aws-sdk-js/3.1164.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#26.10.0 api/dynamodb#3.1164.0 m/E,N,e',
      'amz-sdk-invocation-id': `9d1f3b0a-6c1e-4f43-8a2b-${String(number).padStart(12, '0')}`,
      'amz-sdk-request': 'attempt=1; max=4',
    },
    body,
  }
}

/** Signs `count` requests of their own, numbered from `first`; valid for five minutes. */
export async function signRequests(kind: Kind, host: string, count: number, first = 0): Promise<Buffer[]> {
  const requests: Buffer[] = []
  for (let number = first; number < first + count; number += 1) {
    const { method, path, headers, body } = (await signer.sign(
      unsignedRequest(kind, host, number),
    )) as SignedRequest
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    requests.push(
      Buffer.from([`${method} ${path} HTTP/1.1`, ...fields, 'connection: keep-alive', '', body].join('\r\n')),
    )
  }
  return requests
}
