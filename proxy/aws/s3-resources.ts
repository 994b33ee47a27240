/** The ARNs of S3 calls: a bucket, or the objects that path, body and copy source name. */
import { ANY } from './arns.ts'
import type { Place, Sink } from './arns.ts'
import type { Operation } from './catalogue/catalogue.ts'
import type { Locator } from './catalogue/catalogue.ts'
import { valuesAt } from './locate.ts'
import type { Parts } from './locate.ts'

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
/** Names that stand for another bucket: access point aliases and Object Lambda. */
const ALIAS = /(-s3alias|--ol-s3|--xa-s3)$/
const BODY_KEYS: Locator = { from: 'b', steps: ['Object', 'Key'] }
const SOURCES = ['x-amz-copy-source', 'x-amz-rename-source']

function isPlain(bucket: string): boolean {
  return BUCKET.test(bucket) && !ALIAS.test(bucket)
}

/** `bucket/key`, percent-encoded, perhaps with a slash before and a version behind; ARNs of access points are `*`. */
function sourceOf(source: string, partition: string): string {
  let path: string
  try {
    path = decodeURIComponent(source.split('?')[0] ?? '').replace(/^\//, '')
  } catch {
    return ANY
  }
  const bucket = path.split('/')[0] ?? ''
  return isPlain(bucket) && path.length > bucket.length + 1 ? `arn:${partition}:s3:::${path}` : ANY
}

/** Adds every resource of an S3 call. A bucket name that may stand for another bucket adds `*`. */
export function addS3(sink: Sink, { name }: Operation, parts: Parts, { partition }: Place): void {
  const bucket = parts.labels.get('Bucket')
  if (bucket === undefined) return sink.add(ANY)
  if (!isPlain(bucket)) sink.add(ANY)
  const base = bucket.startsWith('arn:') ? bucket : `arn:${partition}:s3:::${bucket}`
  const key = parts.labels.get('Key')
  if (name === 'DeleteObjects') {
    const keys = valuesAt(parts, BODY_KEYS)
    for (const each of keys) sink.add(typeof each === 'string' && each !== '' ? `${base}/${each}` : ANY)
    if (keys.length === 0) sink.add(ANY)
  } else sink.add(key === undefined ? base : `${base}/${key}`)
  for (const header of SOURCES)
    for (const each of parts.headers.all(header)) sink.add(sourceOf(each, partition))
}
