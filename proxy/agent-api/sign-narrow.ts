/** Upstream credentials that can do the one thing that is signed and nothing else: AssumeRole with a session policy. */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Denial } from '../denial.ts'
import type { HandOn } from '../hand-on.ts'
import type { CredentialSource, Credentials } from '../ports.ts'

export interface NarrowOptions {
  readonly roleArn: string
  /** Whose the role is to assume. */
  readonly credentials: CredentialSource
  /** The origin of STS in a region. */
  readonly stsOrigin: (region: string) => string
  /** Which addresses STS may have; the system's own lookup if undefined. */
  readonly lookup: LookupFunction | undefined
}

export type Narrow = (agentId: string, handOn: HandOn) => Promise<Credentials>

/** The shortest that STS gives. */
const SESSION_SECONDS = 15 * 60
const CONNECT_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 10_000

/**
 * A session of its own for each request, never kept: denial `upstream_credentials` if it cannot be had, and nothing
 * else in its place (rule S21).
 */
export function narrowed({ roleArn, credentials, stsOrigin, lookup }: NarrowOptions): Narrow {
  const pinned = lookup === undefined ? {} : { lookup }
  const requestHandler = {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    httpAgent: new HttpAgent(pinned),
    httpsAgent: new HttpsAgent(pinned),
  }
  return async function narrow(agentId, { region, statement }) {
    const endpoint = stsOrigin(region)
    try {
      const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
      const assume = fromTemporaryCredentials({
        masterCredentials: async () => sdkCredentials(await credentials.current()),
        params: {
          RoleArn: roleArn,
          RoleSessionName: sessionName(agentId),
          DurationSeconds: SESSION_SECONDS,
          Policy: sessionPolicy(statement),
        },
        clientConfig: { region, endpoint, maxAttempts: 2, requestHandler },
      })
      return await assume()
    } catch (cause) {
      throw new Denial(
        'upstream_credentials',
        'The role for signing could not be assumed for this one thing.',
        {
          cause,
        },
      )
    }
  }
}

/** Exactly the statement. STS takes Latin-1 only; JSON can say all else in escapes. */
export function sessionPolicy({ actions, resources }: HandOn['statement']): string {
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: resources }],
  }
  return JSON.stringify(policy).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Names the agent in AWS's own logs, in the letters and the length that STS takes. */
export function sessionName(agentId: string): string {
  return `moderato-${agentId.replaceAll(/[^\w+=,.@-]/g, '-')}`.slice(0, 64)
}

function sdkCredentials({ accessKeyId, secretAccessKey, sessionToken }: Credentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}
