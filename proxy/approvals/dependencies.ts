/** Finds what an approved call depends on: content that others can change between the approval and its use (S17). */
import { arnOverlap } from '../../policy/arn-match.ts'
import { partitionOf } from '../aws/endpoints/endpoints.ts'
import type { OutgoingBody } from '../exchange/exchange.ts'
import type { Call } from '../core/call.ts'

const MAX_NAMES = 100
const MAX_TEXT = 1 << 20

/**
 * Returns the resource patterns of an opaque call: what it acts on, and every ARN and S3 object that its body names.
 * Empty for any other: what it does stands in the request itself, and so in the digest.
 */
export function dependenciesOf(call: Call, outgoing: OutgoingBody, region: string): readonly string[] {
  if (!call.classes.includes('opaque')) return []
  const named = outgoing.kind === 'buffered' ? namedIn(textOf(outgoing.bytes, call), partitionOf(region)) : []
  return [...new Set([...call.resources, ...named])].slice(0, MAX_NAMES)
}

/** Tells whether a change may reach one of them. A resource that is not known may be any of its service. */
export function touches(
  change: Pick<Call, 'service' | 'resources'>,
  names: readonly string[],
  service: string,
): boolean {
  const known = names.filter((name) => name !== '*')
  return change.resources.some((resource) => {
    if (resource === '*' || known.length === 0) return change.service === service
    return known.some((name) => overlap(name, resource))
  })
}

/** Tells whether they are one, or one is within the other: an alias of a function, an object of a bucket. */
function overlap(one: string, other: string): boolean {
  return arnOverlap([one, `${one}:*`, `${one}/*`], other) || arnOverlap([`${other}:*`, `${other}/*`], one)
}

function textOf(bytes: Buffer, { protocol }: Call): string {
  const text = bytes.toString('utf8', 0, MAX_TEXT)
  if (protocol !== 'query' && protocol !== 'ec2') return text.replaceAll('\\/', '/')
  return text.split('&').map(decoded).join('\n')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

const ARN = /\barn:aws[a-z-]*:[^\s"'<>\\,]+/g
/** Bounded where one part could be taken for the next: an agent writes the text. */
const END_OF_URL = String.raw`([^\s"'<>\\?#]+)`
const S3_URLS = [
  new RegExp(
    String.raw`https?://([a-z0-9.-]{3,63})\.s3[a-z0-9.-]{0,40}\.amazonaws\.com(?:\.cn)?/${END_OF_URL}`,
    'gi',
  ),
  new RegExp(
    String.raw`https?://s3[a-z0-9.-]{0,40}\.amazonaws\.com(?:\.cn)?/([^/\s"']{3,63})/${END_OF_URL}`,
    'gi',
  ),
  new RegExp(String.raw`\bs3://([^/\s"']{3,63})/${END_OF_URL}`, 'gi'),
]
/** `"S3Bucket": "b"`, `Code.S3Bucket=b`; likewise of keys. */
const BUCKET_MEMBER = /\b\w*bucket(?:name)?"?\s*[:=]\s*"?([a-z0-9][a-z0-9.-]{1,62})/gi
const KEY_MEMBER = /\b\w*(?:key|prefix)"?\s*[:=]\s*"?([^\s"\\&]+)/gi

function namedIn(text: string, partition: string): string[] {
  const objectName = (bucket: string, key: string) => `arn:${partition}:s3:::${bucket}/${key}`
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].slice(0, MAX_NAMES)
  const buckets = all(BUCKET_MEMBER).slice(0, 5)
  const keys = all(KEY_MEMBER).slice(0, 10)
  return [
    ...all(ARN).map(([arn]) => arn),
    ...S3_URLS.flatMap(all).map(([, bucket = '', key = '']) => objectName(bucket, decoded(key))),
    ...buckets.flatMap(([, bucket = '']) => keys.map(([, key = '']) => objectName(bucket, key))),
  ]
}
