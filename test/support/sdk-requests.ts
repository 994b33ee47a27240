/**
 * Makes the requests of the AWS SDK for JavaScript v3, signed but not sent: lines of `moderato catalogue identify`, with
 * the operation that was called. The SDK's own schemas fill the inputs.
 */
import { buildQueryString } from '@smithy/core/protocols'
import { NormalizedSchema } from '@smithy/core/schema'
import { createRequire } from 'node:module'
import { join } from 'node:path'

export interface SdkRequest {
  /** The model's name of the service, with the operation. */
  readonly expected: readonly [service: string, operation: string]
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** The body in base64. */
  readonly body: string
}

/** The parts of a request handler's argument that are read here. */
interface Given {
  readonly method: string
  readonly hostname: string
  readonly path: string
  readonly query?: Record<string, string | string[] | null>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface Client {
  send(command: unknown): Promise<unknown>
}

type Exports = Readonly<Record<string, unknown>>
type Constructor<T> = new (input: object) => T

const DEEPEST = 5
/** Values of members that the SDK itself reads. */
const READ_BY_SDK: ReadonlyMap<string, string> = new Map([
  ['ChecksumAlgorithm', 'SHA256'],
  ['QueueUrl', 'https://sqs.us-east-1.amazonaws.com/111122223333/abc'],
])
const CONFIG = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
  maxAttempts: 1,
  logger: { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
}

function ignore(): void {}

/** Returns a value that the schema allows; undefined below the depth at which schemas may repeat themselves. */
function sample(schema: NormalizedSchema, depth: number): unknown {
  if (schema.isStreaming()) return schema.isBlobSchema() ? Buffer.from('x') : undefined
  if (schema.isBlobSchema()) return Buffer.from('x')
  if (schema.isTimestampSchema()) return new Date('2026-01-01T00:00:00Z')
  if (schema.isBooleanSchema()) return true
  if (schema.isNumericSchema()) return 1
  if (schema.isDocumentSchema()) return { a: 'b' }
  if (schema.isListSchema()) return depth > DEEPEST ? [] : [sample(schema.getValueSchema(), depth + 1)]
  if (schema.isMapSchema()) return depth > DEEPEST ? {} : { k1: sample(schema.getValueSchema(), depth + 1) }
  if (!schema.isStructSchema()) return 'abc'
  const filled: Record<string, unknown> = {}
  for (const [name, member] of schema.structIterator()) {
    const value = depth > DEEPEST ? undefined : (READ_BY_SDK.get(name) ?? sample(member, depth + 1))
    if (value !== undefined) filled[name] = value
    if (schema.isUnionSchema()) break
  }
  return filled
}

function bytesOf(body: unknown): Buffer {
  if (typeof body === 'string') return Buffer.from(body)
  return body instanceof Uint8Array ? Buffer.from(body) : Buffer.alloc(0)
}

/** Returns a client that sends nothing, with the last request that it would have sent. */
function recording(exported: Exports, more: object): { client: Client; taken: () => Given | undefined } {
  let taken: Given | undefined
  const requestHandler = {
    handle(request: Given) {
      taken = request
      return Promise.reject(new Error('recorded, not sent'))
    },
  }
  const [, Made] = Object.entries(exported).find(([name]) => /^[A-Z]\w*Client$/.test(name)) ?? []
  return {
    client: new (Made as Constructor<Client>)({ ...CONFIG, requestHandler, ...more }),
    taken: () => {
      const last = taken
      taken = undefined
      return last
    },
  }
}

/** Yields one request for each command of a client package in `folder`, except those that the SDK refuses to send. */
export async function* jsRequests(
  folder: string,
  packageName: string,
  service: string,
  config: object = {},
): AsyncGenerator<SdkRequest> {
  const exported = createRequire(join(folder, 'package.json'))(packageName) as Exports
  const { client, taken } = recording(exported, config)
  for (const [name, Command] of Object.entries(exported)) {
    const operation = /^([A-Z]\w*)Command$/.exec(name)?.[1]
    const schema = exported[`${operation}$`] as readonly unknown[] | undefined
    if (operation === undefined || schema === undefined) continue
    const input = sample(NormalizedSchema.of(schema[4] as never), 0) as object
    await client.send(new (Command as Constructor<unknown>)(input)).catch(() => undefined)
    const request = taken()
    if (request === undefined) continue
    const query = buildQueryString(request.query ?? {})
    yield {
      expected: [service, operation],
      method: request.method,
      url: query === '' ? request.path : `${request.path}?${query}`,
      headers: { host: request.hostname, ...request.headers },
      body: bytesOf(request.body).toString('base64'),
    }
  }
}
