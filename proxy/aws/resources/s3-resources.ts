/** Finds the ARNs of S3 calls: a bucket, or the objects that path, body and copy source name. */
import { literalName, unknownStars } from '../../../policy/literal-names.ts'
import { ANY, type ArnPlace, type Sink } from './arns.ts'
import { isGeneralPurpose } from '../endpoints/buckets.ts'
import type { Locator, Operation } from '../catalogue/types.ts'
import { type RequestParts, valuesAt } from './locate.ts'
import { decode } from '../protocols/query.ts'

const BODY_KEYS: Locator = { from: 'b', steps: ['Object', 'Key'] }
/** Names the fields that say what a call copies. */
export const SOURCES = ['x-amz-copy-source', 'x-amz-rename-source']

/**
 * Returns the ARN of a copy source: `bucket/key`, percent-encoded, with an optional slash before and version after it.
 * It is `*` for ARNs of access points, and for what S3 may read in another way: a bare `+`, a `?` that starts no version.
 */
export function sourceOf(source: string, partition: string): string {
  const [encoded = '', version = 'versionId=', ...more] = source.split('?')
  if (encoded.includes('+') || !version.startsWith('versionId=') || more.length > 0) return ANY
  const decoded = decode(encoded)
  if (decoded === undefined) return ANY
  const path = decoded.replace(/^\//, '')
  const bucket = path.split('/')[0] ?? ''
  return isGeneralPurpose(bucket) && path.length > bucket.length + 1
    ? `arn:${partition}:s3:::${literalName(path)}`
    : ANY
}

/**
 * Adds every resource of an S3 call. A bucket name that may stand for another bucket adds `*`. A star in a key is one:
 * S3 takes no part of a key for any characters.
 */
export function addS3(sink: Sink, { name }: Operation, parts: RequestParts, { partition }: ArnPlace): void {
  const bucket = parts.labels.get('Bucket')
  if (bucket === undefined) return sink.add(ANY)
  if (!isGeneralPurpose(bucket)) sink.add(ANY)
  const named = unknownStars(bucket)
  const base = bucket.startsWith('arn:') ? named : `arn:${partition}:s3:::${named}`
  const key = parts.labels.get('Key')
  if (name === 'DeleteObjects') {
    const keys = valuesAt(parts, BODY_KEYS)
    for (const each of keys)
      sink.add(typeof each === 'string' && each !== '' ? `${base}/${literalName(each)}` : ANY)
    if (keys.length === 0) sink.add(ANY)
  } else sink.add(key === undefined ? base : `${base}/${literalName(key)}`)
  // Some parsers of S3 URLs read a bare plus sign as a plus, others as a blank; some end a segment at a bare semicolon.
  if (/[+;]/.test(parts.path)) sink.add(ANY)
  for (const header of SOURCES)
    for (const each of parts.headers.all(header)) sink.add(sourceOf(each, partition))
}
