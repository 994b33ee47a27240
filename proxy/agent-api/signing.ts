/** What the signing endpoint needs of the configuration. */
import type { LookupFunction } from 'node:net'
import { resolveEndpoint } from '../aws/endpoints.ts'
import type { Config } from '../config-schema.ts'
import type { CredentialSource } from '../ports.ts'
import { ALGORITHM } from '../sigv4/credential.ts'
import { narrowed, type Narrow } from './sign-narrow.ts'

export interface Signing {
  /** The regions that may be reached; all known ones if undefined. */
  readonly regions: ReadonlySet<string> | undefined
  /** Stands for S3 and STS, as for every service. */
  readonly emulator: URL | undefined
  readonly narrow: Narrow | undefined
}

export function signing(
  upstream: Config['upstream'],
  credentials: CredentialSource,
  lookup: LookupFunction | undefined,
): Signing {
  const regions = upstream.regions === undefined ? undefined : new Set(upstream.regions)
  const emulator = upstream.endpoint === undefined ? undefined : new URL(upstream.endpoint)
  const stsOrigin = (region: string): string => {
    if (emulator !== undefined) return emulator.origin
    const sts = { model: 'sts', operation: 'AssumeRole', hostPrefix: '', bucket: undefined }
    return `https://${resolveEndpoint({ ...sts, region, regions, algorithm: ALGORITHM }).host}`
  }
  const roleArn = upstream.signing?.roleArn
  const narrow = roleArn === undefined ? undefined : narrowed({ roleArn, credentials, stsOrigin, lookup })
  return { regions, emulator, narrow }
}
