/** Defines the shape of ARNs, and the set that collects a call's resources. */

export interface ArnPlace {
  readonly partition: string
  readonly region: string
  readonly accountId: string | undefined
}

/**
 * Stands for any resource, or a part of an ARN, if only the service knows which. A star that is a part of a name is
 * spelled `${*}` (`policy/literal-names.ts`).
 */
export const ANY = '*'

/** Matches an ARN; the groups are partition, service, region, account, resource. */
export const ARN = /^arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws[a-z-]*)?:(.+)$/

/** Limits the ARNs of a call, and the length of one (IAM's limit): more would only fill the audit. */
const RESOURCE_LIMIT = 1000
const MAX_ARN_LENGTH = 2048

export interface Sink {
  readonly found: ReadonlySet<string>
  add(resource: string): void
}

export function newSink(): Sink {
  const found = new Set<string>()
  return {
    found,
    add(resource) {
      found.add(found.size < RESOURCE_LIMIT && isSayable(resource) ? resource : ANY)
    },
  }
}

/** Tells whether policy can read a resource: it is not too long and has no lone surrogate. */
function isSayable(resource: string): boolean {
  return resource.length <= MAX_ARN_LENGTH && resource.isWellFormed()
}
