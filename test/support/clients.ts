/** Creates clients of the AWS SDK v3 as an agent would: with nothing but the endpoint and its own key. */
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { BUILDER, type TestAgent } from './agents.ts'

/** Returns a client of S3 in path style, because a test has no wildcard DNS. */
export function s3(endpoint: string, agent: TestAgent = BUILDER, config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: keyOf(agent),
    ...config,
  })
}

export function dynamodb(
  endpoint: string,
  agent: TestAgent = BUILDER,
  config: DynamoDBClientConfig = {},
): DynamoDBClient {
  return new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: keyOf(agent), ...config })
}

export function keyOf({ accessKeyId, secretAccessKey }: TestAgent): {
  accessKeyId: string
  secretAccessKey: string
} {
  return { accessKeyId, secretAccessKey }
}

/** The exception of a service that an SDK throws, with its name and HTTP answer. */
export interface Thrown {
  readonly name: string
  readonly message: string
  readonly status: number | undefined
  readonly attempts: number | undefined
}

/** Returns the exception of a call that must fail. */
export async function thrownBy(call: Promise<unknown>): Promise<Thrown> {
  try {
    await call
  } catch (error) {
    const { name, message, $metadata } = error as Error & {
      $metadata?: { httpStatusCode?: number; attempts?: number }
    }
    return { name, message, status: $metadata?.httpStatusCode, attempts: $metadata?.attempts }
  }
  throw new Error('the call was not refused')
}
