/**
 * Gets sessions of upstream roles by AssumeRole, the one way in which Moderato gets narrower credentials than its own.
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isRegion, resolveEndpoint } from '../aws/endpoints/endpoints.ts'
import type { Config } from '../config/schema/config.ts'
import type { CredentialSource, Credentials } from '../core/ports.ts'
import { ALGORITHM } from '../sigv4/credential.ts'

export interface RoleSession {
  readonly roleArn: string
  /** Of the call that the session is for: its STS is asked. */
  readonly region: string
  readonly name: string
  readonly policy: string
  readonly durationSeconds: number
  readonly externalId?: string | undefined
  readonly sourceIdentity?: string
  /** Transitive: they stay with sessions that are made from this one. */
  readonly tags?: Readonly<Record<string, string>>
}

/** Rejects with the SDK's error. */
export type AssumeRole = (session: RoleSession) => Promise<Credentials>

/** Is the shortest session that STS gives. */
export const MIN_SESSION_SECONDS = 15 * 60
/** Is what every role allows, and all that a role assumed from another one gets. */
export const MAX_SESSION_SECONDS = 60 * 60
const CONNECT_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 10_000

/** Asks with `credentials`; `lookup` says which addresses STS may have, undefined: the system's own. */
export function assumeRole(
  upstream: Pick<Config['upstream'], 'endpoint' | 'regions'>,
  credentials: CredentialSource,
  lookup: LookupFunction | undefined,
): AssumeRole {
  const pinned = lookup === undefined ? {} : { lookup }
  const requestHandler = {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    httpAgent: new HttpAgent(pinned),
    httpsAgent: new HttpsAgent(pinned),
  }
  return async ({ region: ofCall, ...session }) => {
    const region = stsRegion(ofCall, upstream.regions)
    const endpoint = stsOrigin(region, upstream)
    const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
    const { name, externalId, sourceIdentity, tags = {} } = session
    const assume = fromTemporaryCredentials({
      masterCredentials: async () => sdkCredentials(await credentials.current()),
      params: {
        RoleArn: session.roleArn,
        RoleSessionName: name,
        DurationSeconds: session.durationSeconds,
        Policy: session.policy,
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
        ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
        ...(Object.keys(tags).length === 0 ? {} : sessionTags(tags)),
      },
      clientConfig: { region, endpoint, maxAttempts: 2, requestHandler },
    })
    return assume()
  }
}

/** Tells whether STS said that it takes no policy of this size: a smaller one may do. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('PackedPolicyTooLarge')
}

/** A region set of SigV4a has no STS of its own, nor has a region that only a private service knows. */
function stsRegion(ofCall: string, regions: readonly string[] | undefined): string {
  const [first = ''] = ofCall.split(',')
  return isRegion(first) ? first : (regions?.[0] ?? 'us-east-1')
}

function stsOrigin(
  region: string,
  { endpoint, regions }: Pick<Config['upstream'], 'endpoint' | 'regions'>,
): string {
  if (endpoint !== undefined) return new URL(endpoint).origin
  const { host } = resolveEndpoint({
    model: 'sts',
    operation: 'AssumeRole',
    hostPrefix: '',
    bucket: undefined,
    region,
    regions: regions === undefined ? undefined : new Set(regions),
    algorithm: ALGORITHM,
  })
  return `https://${host}`
}

function sessionTags(tags: Readonly<Record<string, string>>) {
  return {
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    TransitiveTagKeys: Object.keys(tags),
  }
}

function sdkCredentials({ accessKeyId, secretAccessKey, sessionToken }: Credentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}
