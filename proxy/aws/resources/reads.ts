/** Finds what a call has AWS read when it runs, and another call can change: an approval ends with it (rule S27). */
import { restricts } from '../../../policy/restricts.ts'
import type { Operation } from '../catalogue/types.ts'
import type { Document } from '../protocols/tree.ts'
import { ANY, type ArnPlace } from './arns.ts'
import { type RequestParts, valuesAt } from './locate.ts'
import { SOURCES, sourceOf } from './s3-resources.ts'
import { defaultsIn, documentIn, parametersOf, textsOf } from './references.ts'
import { behindBase64, changeable, EVERYTHING, objectArn, spelledIn, unescaped } from './spellings.ts'

/** Limits what is kept of a call; a call that names more depends on everything. */
const MAX_NAMES = 100
const MAX_TEXT = 1 << 20
/** Collects names, each once, until there are too many. */
interface Found {
  readonly names: Set<string>
  characters: number
  /** What references in a template stand for, by name. */
  references: ReadonlyMap<string, string>
}

function isFull({ names, characters }: Found): boolean {
  return names.size > MAX_NAMES || characters > MAX_TEXT
}

/** Returns the ARN pattern of a value of a member that names a thing of this kind; empty if it cannot change. */
function namedBy(
  kind: string,
  value: string,
  { partition, region, accountId = ANY }: ArnPlace,
): readonly string[] {
  if (value === '') return []
  if (value.startsWith('arn:')) return changeable(value)
  const at = kind.indexOf(':')
  const [service, start] = [kind.slice(0, at), kind.slice(at + 1)]
  const arn = (name: string): readonly string[] =>
    changeable(`arn:${partition}:${service}:${region}:${accountId}:${start}${name}`)
  switch (kind) {
    case 'lambda:function:':
      return arn(value.replace(/^(?:.*:)?function:/, ''))
    case 'ecs:task-definition/':
      return arn(value.includes(':') ? value : `${value}:*`)
    case 'ssm:document/':
      return arn(value.replace(/:[^:]*$/, ''))
    case 'ssm:parameter/':
      return arn(value.replace(/^\//, '').replace(/:[^:]*$/, ''))
    default:
      return arn(value)
  }
}

const BUCKET = /bucket(?:_?name)?$/i
const KEY = /(?:key|prefix|objectpath)$/i

/** Walks every text of a document; objects with a bucket and a key beside it give an object of S3. */
function walk(node: Document, place: ArnPlace, found: Found): void {
  if (isFull(found)) return
  if (typeof node === 'string') return addText(node, place, found)
  if (typeof node !== 'object' || node === null || ArrayBuffer.isView(node)) return
  const values: readonly Document[] = Object.values(node)
  if (!Array.isArray(node)) addObjects(Object.entries(node), place, found)
  for (const each of values) walk(each, place, found)
}

function addText(value: string, place: ArnPlace, found: Found): void {
  const text = behindBase64(value) ?? value
  found.characters += text.length
  if (isFull(found)) return
  const document = documentIn(text)
  if (document !== undefined) {
    const { references } = found
    found.references = new Map([...defaultsIn(document), ...references])
    walk(document, place, found)
    found.references = references
  }
  for (const each of spelledIn(unescaped(text), place)) {
    found.names.add(each)
    if (isFull(found)) return
  }
}

function addObjects(
  entries: readonly (readonly [string, Document])[],
  { partition }: ArnPlace,
  found: Found,
): void {
  const buckets = textsOf(entries, BUCKET, found.references)
  if (buckets.length === 0) return
  const keys = textsOf(entries, KEY, found.references)
  for (const bucket of buckets)
    for (const key of keys) {
      if (isFull(found)) return
      const arn = objectArn(partition, bucket?.replace(/^arn:[^:]*:s3:::/, '') ?? '', key ?? '')
      found.names.add(key === undefined ? `${arn}${ANY}` : arn)
    }
}

/** Yields the objects that an S3 call copies, in the version that is there when it runs. */
function* copied({ headers }: RequestParts, { partition }: ArnPlace): Generator<string> {
  for (const header of SOURCES)
    for (const each of headers.all(header)) {
      if (/[?&]versionId=(?!null)/.test(each)) continue
      const source = sourceOf(each, partition)
      yield source === ANY ? `arn:${partition}:s3:::${ANY}` : source
    }
}

/**
 * Returns ARN patterns of what the call has AWS read when it runs: by the members that the catalogue lists, and by values
 * that say themselves what they name, in path, query, headers and body. What the call acts on (`own`) is not among them,
 * but for what it copies. Pure.
 */
export function readsOf(
  operation: Operation,
  parts: RequestParts,
  place: ArnPlace,
  own: readonly string[],
): readonly string[] {
  const found: Found = { names: new Set(), characters: 0, references: parametersOf(parts.body) }
  for (const { kind, at } of operation.reads)
    for (const value of at.flatMap((each) => valuesAt(parts, each)))
      if (typeof value === 'string') for (const each of namedBy(kind, value, place)) found.names.add(each)
  for (const value of parts.labels.values()) walk(value, place, found)
  for (const values of parts.query.values()) for (const value of values) walk(value, place, found)
  for (const name of parts.headers.names())
    if (name.startsWith('x-amz-') && name !== 'x-amz-security-token')
      for (const value of parts.headers.all(name)) walk(value, place, found)
  walk(parts.body, place, found)
  const known = own.filter((each) => each !== ANY)
  const others = [...found.names].filter((name) => !known.some((each) => restricts([each], name)))
  const all = [...new Set([...copied(parts, place), ...others])]
  return isFull(found) ? [EVERYTHING, ...all.slice(0, MAX_NAMES - 1)] : all
}
