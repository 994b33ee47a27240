/** ARNs as values: their shape, and the set that a call's resources are gathered in. */

export interface ArnPlace {
  readonly partition: string
  readonly region: string
  readonly accountId: string | undefined
}

/** Any resource: what stands where only the service knows. */
export const ANY = '*'

/** partition, service, region, account, resource. */
export const ARN = /^arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws[a-z-]*)?:(.+)$/

/** More ARNs than this are not listed one by one, and a longer one is none (IAM's limit): it only fills the audit. */
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

/** Half a surrogate pair is no text: policy could not read it. */
function isSayable(resource: string): boolean {
  return resource.length <= MAX_ARN_LENGTH && resource.isWellFormed()
}
