/** The agent: an unmodified AWS SDK whose only setting is an endpoint. It reports each attempt, retries too, as it ends. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'

export const REGION = 'us-east-1'

/** One HTTP request and its answer, as the SDK saw them. */
export interface Attempt {
  readonly operation: string
  readonly target: string
  /** 1 for the first try; the SDK retries by itself. */
  readonly number: number
  readonly requestId: string
  /** `x-moderato-decision`; empty if the answer had none. */
  readonly decision: string
  /** `x-moderato-waited-ms`; undefined if the call's class is not paced. */
  readonly waitedMs: number | undefined
  readonly retryAfter: string | undefined
  /** The SDK's error for an error answer; undefined if the answer was good. */
  readonly error: Error | undefined
}

/** Describes one call of the SDK: its attempts, and the output or the error with which it ended. */
export interface CallResult<Output> {
  readonly attempts: readonly Attempt[]
  readonly output: Output | undefined
  readonly error: Error | undefined
}

export interface AgentOptions {
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly onAttempt: (attempt: Attempt) => void
}

export class Agent {
  readonly #client: DynamoDBClient
  readonly #attempts = new AsyncLocalStorage<Attempt[]>()

  constructor({ endpoint, credentials, onAttempt }: AgentOptions) {
    this.#client = new DynamoDBClient({ endpoint, region: REGION, credentials })
    this.#client.middlewareStack.add(
      // Outside the deserializer and inside the retries, so that it sees every attempt with its answer or typed error.
      (next, context) => async (args) => {
        const attempts = this.#attempts.getStore() ?? []
        const ended = (response: unknown, error: Error | undefined): void => {
          const operation = String(context['commandName']).replace(/Command$/, '')
          const attempt = {
            operation,
            target: targetOf(args.input),
            number: attempts.length + 1,
            ...factsOf(response),
            error,
          }
          attempts.push(attempt)
          onAttempt(attempt)
        }
        try {
          const result = await next(args)
          ended(result.response, undefined)
          return result
        } catch (thrown) {
          const error = thrown instanceof Error ? thrown : new Error(String(thrown))
          ended((error as { readonly $response?: unknown }).$response, error)
          throw thrown
        }
      },
      { step: 'deserialize', priority: 'high', name: 'reportAttempt' },
    )
  }

  /** Runs one call of the SDK to its end; a service error is part of the result. */
  async call<Output>(run: (client: DynamoDBClient) => Promise<Output>): Promise<CallResult<Output>> {
    const attempts: Attempt[] = []
    return this.#attempts.run(attempts, async () => {
      try {
        return { attempts, output: await run(this.#client), error: undefined }
      } catch (error) {
        return {
          attempts,
          output: undefined,
          error: error instanceof Error ? error : new Error(String(error)),
        }
      }
    })
  }

  close(): void {
    this.#client.destroy()
  }
}

/** Returns Moderato's own fields of an answer. */
function factsOf(response: unknown): Pick<Attempt, 'requestId' | 'decision' | 'waitedMs' | 'retryAfter'> {
  const { headers = {} } = (response ?? {}) as { readonly headers?: Readonly<Record<string, string>> }
  const waited = headers['x-moderato-waited-ms']
  return {
    requestId: headers['x-moderato-request-id'] ?? '',
    decision: headers['x-moderato-decision'] ?? '',
    waitedMs: waited === undefined ? undefined : Number(waited),
    retryAfter: headers['retry-after'],
  }
}

/** Returns the table that a request names, with the number of items if it is a batch. */
function targetOf(input: object): string {
  const { TableName, ResourceArn, RequestItems } = input as {
    readonly TableName?: string
    readonly ResourceArn?: string
    readonly RequestItems?: Readonly<Record<string, readonly unknown[]>>
  }
  if (RequestItems !== undefined) {
    return Object.entries(RequestItems)
      .map(([table, items]) => `${table} x${items.length}`)
      .join(', ')
  }
  return TableName ?? ResourceArn?.split('/').at(-1) ?? ''
}
