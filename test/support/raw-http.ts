/** Sends requests that no SDK would send: signed by the SDK's own signer, then written as the test says. */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { SignatureV4 } from '@smithy/signature-v4'
import { BUILDER } from './agents.ts'

export interface RawRequest {
  readonly method: string
  /** The path and query as they go on the wire. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

/** A key of an agent, or of a session with its token. */
export interface SigningKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface Signing {
  readonly agent?: SigningKey
  readonly service: string
  readonly region?: string
  readonly signedAt?: Date
  /** True if the signature declares the hash of the body in a header, as boto3 does for S3 only. */
  readonly declaresHash?: boolean
}

/** Node's SHA-256 with the interface that the signer needs. */
class Sha256 {
  readonly #state: Hash | Hmac

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#state = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#state.update(bytesOf(data))
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#state.digest()))
  }

  reset(): void {}
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data)
}

/** Returns the request with the headers that sign it for the proxy at `url`. */
export async function signed(url: string, request: RawRequest, signing: Signing): Promise<RawRequest> {
  const {
    agent = BUILDER,
    service,
    region = 'us-east-1',
    signedAt = new Date(),
    declaresHash = true,
  } = signing
  const [path = '', query = ''] = request.target.split('?')
  const signer = new SignatureV4({
    service,
    region,
    credentials: agent,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: declaresHash,
  })
  const { headers } = await signer.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      path,
      query: Object.fromEntries(new URLSearchParams(query)),
      headers: { host: new URL(url).host, ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
    },
    { signingDate: signedAt },
  )
  return { ...request, headers }
}

/** Returns a signed call of DynamoDB, a JSON 1.0 service. */
export function dynamodbCall(
  url: string,
  operation: string,
  input: object,
  agent?: SigningKey,
  declaresHash = true,
): Promise<RawRequest> {
  const body = JSON.stringify(input)
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${operation}`,
    'content-length': String(Buffer.byteLength(body)),
  }
  return signed(
    url,
    { method: 'POST', target: '/', headers, body },
    { service: 'dynamodb', declaresHash, ...(agent && { agent }) },
  )
}

export interface RawAnswer {
  readonly status: number
  readonly statusText: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

const connections = new Agent({ keepAlive: true, maxSockets: 16 })

/** Sends a request unchanged and reads the whole answer. */
export function send(url: string, request: RawRequest, signal?: AbortSignal): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { method, target, headers } = request
    const { hostname, port } = new URL(url)
    const outgoing = httpRequest(
      { hostname, port, method, path: target, headers, agent: connections, ...(signal && { signal }) },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.once('error', reject)
        answer.once('end', () => {
          resolve({
            status: answer.statusCode ?? 0,
            statusText: answer.statusMessage ?? '',
            headers: answer.headers,
            rawHeaders: answer.rawHeaders,
            body: Buffer.concat(chunks),
          })
        })
      },
    )
    outgoing.once('error', reject)
    outgoing.end(request.body)
  })
}

/** Returns the head as it goes on the wire, with further lines if given. */
export function headText({ method, target, headers }: RawRequest, ...more: readonly string[]): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`${method} ${target} HTTP/1.1`, ...lines, ...more, '', ''].join('\r\n')
}

/** A connection that a test writes bytes to. */
export class RawConnection {
  readonly socket: Socket
  #received = ''
  #closed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text
      socket.emit('progress')
    })
    socket.on('error', () => undefined)
    socket.once('close', () => {
      this.#closed = true
      socket.emit('progress')
    })
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new RawConnection(socket)
  }

  write(text: string | Buffer): void {
    this.socket.write(text)
  }

  get received(): string {
    return this.#received
  }

  /** Resolves with all that was received once the pattern is in it, or the other side closed or reset it. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received) && !this.#closed)
      await once(this.socket, 'progress').catch(() => undefined)
    return this.#received
  }

  close(): void {
    this.socket.destroy()
  }
}
