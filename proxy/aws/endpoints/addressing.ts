/** What a request says in its Host: a bucket, an account or an operation's prefix before a name that is ours. */
import { Denial } from '../../core/denial/denial.ts'
import type { CredentialScope } from '../../sigv4/types.ts'
import type { Call } from '../../core/call.ts'
import type { RequestHead } from '../../core/http/request-head.ts'
import { isS3Family } from '../../core/s3-family.ts'
import { isBucketName } from './buckets.ts'
import { hostsOf, isAwsName } from './endpoints.ts'

export interface Addressed {
  /** The path as the service reads it: a bucket in the host becomes its first segment, all else byte for byte. */
  readonly path: string
  /** What stands before our name, in lower case (`data-`, `123456789012.`); empty if nothing, or a bucket. */
  readonly hostPrefix: string
}

export type Addressing = (head: RequestHead, scope: CredentialScope) => Addressed

/** `NAME[:port]`, `1.2.3.4[:port]`, `[::1][:port]`, in lower case; a name may end in the root's dot. */
const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?)\.?(?::\d{1,5})?$/
const IPV4 = /(?:^|[.-])(\d{1,3}(?:\.\d{1,3}){3})$/
/** How S3 Control's paths begin; with `x-amz-account-id` they are never an object's. */
const CONTROL = 'v20180820'

/**
 * Reads Host against our own names: IP addresses, `localhost`, and `hosts` (lower case). The port says nothing.
 *
 * - Our name alone is path style.
 * - `BUCKET.our-name`, signed for S3: the bucket becomes the first segment of the path; what the path says is a key.
 *   Not so for S3 Control and WriteGetObjectResponse, which have a host prefix.
 * - `PREFIXour-name` for any other service, the prefix ending in `.` or `-`: see `checkHostPrefix`.
 * - A name that is not ours is nothing to most services, since no part of it reaches the upstream. Signed for S3 it is
 *   refused unless it has one label only, which leaves no room for a bucket.
 * - A name of AWS must be a host of the service and the region that the request is signed for; it is then read as a
 *   name of ours. This is how multi-region access points come: SDKs ignore a custom endpoint for them.
 *
 * SDKs send the ARN of an access point as `NAME-ACCOUNT.our-name`, which is read as the bucket of that name: S3 knows
 * access points behind a custom endpoint by their alias. Of our names the longest that fits is meant.
 *
 * Denial `malformed_request` for what is no host name; `endpoint_refused` for the rest, and for S3 on Outposts, Object
 * Lambda access points and directory buckets, which are not served.
 */
export function addressing({ hosts }: { readonly hosts: readonly string[] }): Addressing {
  const own = longestFirst(new Set(['localhost', ...hosts.map((each) => each.toLowerCase())]))
  return (head, scope) => {
    const name = hostNameOf(head)
    const prefix = isAwsName(name)
      ? awsPrefixOf(name, scope)
      : (prefixOf(name, own) ?? prefixOf(name, addressIn(name)))
    if (isS3Family(scope.service)) return addressedS3(head, scope.service, name, prefix)
    return { path: head.path, hostPrefix: prefix ?? '' }
  }
}

/** Refuses a host prefix that the operation does not have; none at all is fine, since clients may be told so. */
export function checkHostPrefix({ hostPrefix }: Addressed, call: Call): void {
  if (hostPrefix === '' || hostPrefix === call.hostPrefix.toLowerCase()) return
  const known =
    call.hostPrefix === '' ? 'this operation has no host prefix' : `its host prefix is ${call.hostPrefix}`
  throw refusal(
    `The Host starts with ${hostPrefix}, but ${known}. If the whole is our name, list it in listen.hosts.`,
  )
}

function refusal(detail: string): Denial {
  return new Denial('endpoint_refused', detail)
}

function longestFirst(names: Iterable<string>): readonly string[] {
  return [...names].toSorted((a, b) => b.length - a.length)
}

/** The host name of a request, in lower case, without port; denial `malformed_request` if it has none. */
export function hostNameOf({ headers }: RequestHead): string {
  const name = HOST.exec(headers.one('host')?.toLowerCase() ?? '')?.[1]
  if (name !== undefined && !name.includes('..')) return name
  throw new Denial('malformed_request', 'Host must be one host name or address, perhaps with a port.')
}

/** What stands before the first of these names that fits; undefined if none does. */
function prefixOf(name: string, own: readonly string[]): string | undefined {
  for (const each of own) {
    if (!name.endsWith(each)) continue
    const prefix = name.slice(0, name.length - each.length)
    if (prefix === '' || prefix.endsWith('.') || prefix.endsWith('-')) return prefix
  }
  return undefined
}

/** An address is ours, and SDKs put their prefixes before one too. */
function addressIn(name: string): readonly string[] {
  if (name.startsWith('[')) return [name]
  const address = IPV4.exec(name)?.[1]
  return address === undefined ? [] : [address]
}

function awsPrefixOf(name: string, { service, region }: CredentialScope): string {
  const prefix = prefixOf(name, hostsOf(service, region))
  if (prefix !== undefined) return prefix
  throw refusal(
    `The Host ${name} is not the one of ${service} in ${region}, for which the request is signed.`,
  )
}

function addressedS3(
  { path, headers }: RequestHead,
  service: string,
  name: string,
  prefix: string | undefined,
): Addressed {
  if (prefix === undefined && name.includes('.')) {
    throw refusal(
      `Whether the Host ${name} starts with a bucket cannot be told: list our name in listen.hosts, or use an address.`,
    )
  }
  const hostPrefix = prefix ?? ''
  const control = path.startsWith(`/${CONTROL}/`) && headers.has('x-amz-account-id')
  if (service !== 's3') checkServed(service, control, path, hostPrefix)
  if (hostPrefix === '' || control || service !== 's3') return { path, hostPrefix }
  const bucket = hostPrefix.slice(0, -1)
  if (hostPrefix.endsWith('.') && isBucketName(bucket) && bucket !== CONTROL) {
    return { path: `/${bucket}${path}`, hostPrefix: '' }
  }
  throw refusal(`What stands before our name in the Host ${name} is no bucket.`)
}

/** S3's kin share its operations, not its hosts: of each, what is served is told by its path. */
function checkServed(service: string, control: boolean, path: string, hostPrefix: string): void {
  if (service === 's3-outposts' && !path.startsWith('/S3Outposts/')) {
    throw refusal('S3 on Outposts is not served, only the administration of its endpoints.')
  }
  if (service === 's3-object-lambda' && path !== '/WriteGetObjectResponse') {
    throw refusal('Object Lambda access points are not served; read the object through its bucket.')
  }
  if (service === 's3express' && !control && (path !== '/' || hostPrefix !== '')) {
    throw refusal(
      'Directory buckets are not served: with the credentials of their sessions a client would go past Moderato.',
    )
  }
}
