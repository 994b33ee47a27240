/** Reads the Host of a request: a bucket, an account or an operation's prefix before one of our own names. */
import { Denial } from '../../core/denial/denial.ts'
import type { CredentialScope } from '../../sigv4/types.ts'
import type { Call } from '../../core/call.ts'
import type { RequestHead } from '../../core/http/request-head.ts'
import { isS3Family } from '../../core/s3-family.ts'
import { isBucketName } from './buckets.ts'
import { hostsOf, isAwsName } from './endpoints.ts'

/** Holds what the Host of a request says. */
export interface Addressed {
  /** The path as the service reads it: a bucket in the host becomes its first segment; the rest is kept byte for byte. */
  readonly path: string
  /** The text before our name, in lower case (`data-`, `123456789012.`); empty if there is none, or a bucket. */
  readonly hostPrefix: string
}

export type Addressing = (head: RequestHead, scope: CredentialScope) => Addressed

/** Matches `NAME[:port]`, `1.2.3.4[:port]`, `[::1][:port]`, in lower case; a name may end in the root's dot. */
const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?)\.?(?::\d{1,5})?$/
const IPV4 = /(?:^|[.-])(\d{1,3}(?:\.\d{1,3}){3})$/
/** The start of S3 Control's paths; with `x-amz-account-id` they are never an object's. */
const CONTROL = 'v20180820'

/**
 * Reads Host against our own names: IP addresses, `localhost`, and `hosts` (lower case). It ignores the port.
 *
 * - Our name alone is path style.
 * - `BUCKET.our-name`, signed for S3: the bucket becomes the first segment of the path; what the path says is a key.
 *   Not so for S3 Control and WriteGetObjectResponse, which have a host prefix.
 * - `PREFIXour-name` for any other service, the prefix ending in `.` or `-`: see `checkHostPrefix`.
 * - A name that is not ours is ignored for most services, since no part of it reaches the upstream. Signed for S3 it is
 *   refused unless it has one label only, which leaves no room for a bucket.
 * - A name of AWS must be a host of the service and the region that the request is signed for. It is then read as a
 *   name of ours. Multi-region access points come this way: SDKs ignore a custom endpoint for them.
 *
 * SDKs send the ARN of an access point as `NAME-ACCOUNT.our-name`. It is read as the bucket of that name: behind a
 * custom endpoint, S3 knows access points by their alias. If several of our names fit, the longest counts.
 *
 * The returned function throws Denial `malformed_request` if Host is no host name. It throws `endpoint_refused` for the
 * rest, and for S3 on Outposts, Object Lambda access points and directory buckets, which are not supported.
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

/** Refuses a host prefix that the operation does not have. No prefix is allowed: clients can be configured so. */
export function checkHostPrefix({ hostPrefix }: Addressed, call: Call): void {
  if (hostPrefix === '' || hostPrefix === call.hostPrefix.toLowerCase()) return
  const known =
    call.hostPrefix === '' ? 'this operation has no host prefix' : `its host prefix is ${call.hostPrefix}`
  throw refusal(
    `The Host starts with ${hostPrefix}, but ${known}. If the whole Host is a name of Moderato, add it to listen.hosts.`,
  )
}

function refusal(detail: string): Denial {
  return new Denial('endpoint_refused', detail)
}

function longestFirst(names: Iterable<string>): readonly string[] {
  return [...names].toSorted((a, b) => b.length - a.length)
}

/** Returns the host name of a request, in lower case, without port; throws Denial `malformed_request` if it has none. */
export function hostNameOf({ headers }: RequestHead): string {
  const name = HOST.exec(headers.one('host')?.toLowerCase() ?? '')?.[1]
  if (name !== undefined && !name.includes('..')) return name
  throw new Denial('malformed_request', 'Host must be one host name or address, with or without a port.')
}

/** Returns the text before the first of these names that fits; undefined if none does. */
function prefixOf(name: string, own: readonly string[]): string | undefined {
  for (const each of own) {
    if (!name.endsWith(each)) continue
    const prefix = name.slice(0, name.length - each.length)
    if (prefix === '' || prefix.endsWith('.') || prefix.endsWith('-')) return prefix
  }
  return undefined
}

/** Returns the address in a name: every address is ours, and SDKs put their prefixes before one too. */
function addressIn(name: string): readonly string[] {
  if (name.startsWith('[')) return [name]
  const address = IPV4.exec(name)?.[1]
  return address === undefined ? [] : [address]
}

function awsPrefixOf(name: string, { service, region }: CredentialScope): string {
  const prefix = prefixOf(name, hostsOf(service, region))
  if (prefix !== undefined) return prefix
  throw refusal(
    `The request is signed for ${service} in ${region}, but the Host ${name} is not a host of it.`,
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
      `Moderato cannot tell whether the Host ${name} starts with a bucket: add its own name to listen.hosts, or use an IP address.`,
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
  throw refusal(`In the Host ${name}, the part before Moderato's name is not a valid bucket name.`)
}

/** Refuses what is not supported of the services related to S3: they share its operations, not its hosts. */
function checkServed(service: string, control: boolean, path: string, hostPrefix: string): void {
  if (service === 's3-outposts' && !path.startsWith('/S3Outposts/')) {
    throw refusal('S3 on Outposts is not supported, except to administer its endpoints.')
  }
  if (service === 's3-object-lambda' && path !== '/WriteGetObjectResponse') {
    throw refusal('Object Lambda access points are not supported; read the object through its bucket.')
  }
  if (service === 's3express' && !control && (path !== '/' || hostPrefix !== '')) {
    throw refusal(
      'Directory buckets are not supported: with the credentials of their sessions a client could bypass Moderato.',
    )
  }
}
