/**
 * The ARNs that a call touches, never narrower than the truth: where a resource type that IAM asks for is not named
 * by the request, `*` is among them. An unknown account is written `*`, which only a pattern that covers every
 * account matches.
 */
import type { Locator, Operation, ResourceEntry } from './catalogue/catalogue.ts'
import { valuesAt } from './locate.ts'
import type { Parts } from './locate.ts'

export interface Place {
  readonly partition: string
  readonly region: string
  readonly accountId: string | undefined
}

/** More ARNs than this are not listed one by one. */
const RESOURCE_LIMIT = 1000
const ANY = '*'
const ARN = /^arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws[a-z-]*)?:(.+)$/
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
/** Names that stand for another bucket: access point aliases and Object Lambda. */
const ALIAS = /(-s3alias|--ol-s3|--xa-s3)$/

function variable(name: string, place: Place, values: ReadonlyMap<string, string>): string {
  if (name === 'Partition') return place.partition
  if (name === 'Region') return place.region
  if (name === 'Account') return place.accountId ?? ANY
  return values.get(name) ?? ANY
}

function fill(pieces: readonly string[], place: Place, values: ReadonlyMap<string, string>): string {
  let arn = ''
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] as string
    arn += i % 2 === 0 ? piece : variable(piece, place, values)
  }
  return arn
}

/** `https://sqs.region.amazonaws.com/123456789012/name`: account and name. */
const QUEUE_URL = /^https?:\/\/[^/]+\/(\d{12})\/([^/]+)$/

/** A value as it stands in an ARN: SQS queue URLs, Route 53 ids and parameter names are written otherwise. */
function cleaned(service: string, value: string): string {
  if (service === 'sqs') return QUEUE_URL.exec(value)?.[2] ?? value
  if (service === 'route53') return value.replace(/^\/?(hostedzone|change|delegationset|healthcheck)\//, '')
  if (service === 'ssm') return value.replace(/^\//, '')
  return value
}

function placeOf(service: string, value: string, place: Place): Place {
  const account = service === 'sqs' ? QUEUE_URL.exec(value)?.[1] : undefined
  return account === undefined ? place : { ...place, accountId: account }
}

function serviceOfTemplate(template: string): string {
  return template.split(':')[2] ?? ''
}

interface Sink {
  readonly found: Set<string>
  add(resource: string): void
}

/** Adds the ARN for one value: the value itself if it is one, else the filled template. */
function addValue(
  sink: Sink,
  template: string,
  variable: string,
  value: string,
  rest: ReadonlyMap<string, string>,
  place: Place,
): void {
  const service = serviceOfTemplate(template)
  const arn = ARN.exec(value)
  if (arn !== null) {
    sink.add(value)
    if (arn[2] !== service) sink.add(ANY)
    return
  }
  const name = cleaned(service, value)
  if (name === '' || /[\s\p{Cc}]/u.test(name) || (name.includes(':') && service !== 'lambda'))
    return sink.add(ANY)
  if (service === 'kms' && name.startsWith('alias/')) sink.add(ANY)
  sink.add(fill(template, placeOf(service, value, place), new Map([...rest, [variable, name]])))
}

function strings(parts: Parts, locators: readonly Locator[]): string[] {
  const found: string[] = []
  for (const each of locators) {
    for (const value of valuesAt(parts, each)) found.push(typeof value === 'string' ? value : ANY)
  }
  return found
}

/** A template with its values. Several variables are filled together only if each has one value. */
function addTemplate(sink: Sink, entry: ResourceEntry, template: string, parts: Parts, place: Place): void {
  const values = [...entry.variables].map(([name, at]) => [name, strings(parts, at)] as const)
  if (values.some(([, given]) => given.length === 0)) {
    if (entry.required) sink.add(ANY)
    return
  }
  const [last, ...others] = [...values].reverse()
  if (last === undefined) return sink.add(fill(template, place, new Map()))
  if (
    others.some(([, given]) => given.length > 1 || given.some((each) => ARN.test(each) || each.includes(':')))
  ) {
    return sink.add(ANY)
  }
  const rest = new Map(others.map(([name, given]) => [name, given[0] as string]))
  for (const value of last[1]) addValue(sink, template, last[0], value, rest, place)
}

function addWhole(sink: Sink, entry: ResourceEntry, parts: Parts, service: string): void {
  const values = strings(parts, entry.variables.get('@') ?? [])
  if (values.length === 0) sink.add(ANY)
  for (const value of values) {
    const arn = ARN.exec(value)
    sink.add(arn === null ? ANY : value)
    if (arn !== null && arn[2] !== service) sink.add(ANY)
  }
}

/** S3 by path style: a bucket, or the objects named by path, body and copy source. */
function addS3(sink: Sink, operation: Operation, parts: Parts, { partition }: Place): void {
  const bucket = parts.labels.get('Bucket')
  if (bucket === undefined) return sink.add(ANY)
  if (!BUCKET.test(bucket) || ALIAS.test(bucket)) sink.add(ANY)
  const base = bucket.startsWith('arn:') ? bucket : `arn:${partition}:s3:::${bucket}`
  const key = parts.labels.get('Key')
  const named =
    operation.name === 'DeleteObjects' ? valuesAt(parts, { from: 'b', steps: ['Object', 'Key'] }) : []
  for (const each of named) sink.add(typeof each === 'string' && each !== '' ? `${base}/${each}` : ANY)
  if (operation.name === 'DeleteObjects' && named.length === 0) sink.add(ANY)
  if (key !== undefined) sink.add(`${base}/${key}`)
  else if (named.length === 0) sink.add(base)
  for (const name of ['x-amz-copy-source', 'x-amz-rename-source']) {
    for (const source of parts.headers.all(name)) addCopySource(sink, source, partition, name, bucket)
  }
}

function addCopySource(sink: Sink, source: string, partition: string, header: string, bucket: string): void {
  let decoded: string
  try {
    decoded = decodeURIComponent(source.split('?')[0] ?? '')
  } catch {
    return sink.add(ANY)
  }
  const path = decoded.replace(/^\//, '')
  if (header === 'x-amz-rename-source' && !path.startsWith(`${bucket}/`))
    return sink.add(`arn:${partition}:s3:::${bucket}/${path}`)
  const name = path.split('/')[0] ?? ''
  sink.add(
    BUCKET.test(name) && !ALIAS.test(name) && path.includes('/') ? `arn:${partition}:s3:::${path}` : ANY,
  )
}

function newSink(): Sink {
  const found = new Set<string>()
  return {
    found,
    add(resource) {
      found.add(found.size < RESOURCE_LIMIT ? resource : ANY)
    },
  }
}

/** Every resource of a call; `*` alone where IAM names none. */
export function resourcesOf(operation: Operation, parts: Parts, place: Place): readonly string[] {
  const sink = newSink()
  const { service } = operation
  if (service.model === 's3') addS3(sink, operation, parts, place)
  else {
    for (const entry of operation.resources) {
      if (entry.kind === 'arn' && entry.template !== undefined)
        addTemplate(sink, entry, entry.template, parts, place)
      else if (entry.kind === 'whole') addWhole(sink, entry, parts, service.prefix)
      else if (entry.kind === 'path')
        sink.add(`arn:${place.partition}:apigateway:${place.region}::${parts.path}`)
      else sink.add(ANY)
    }
  }
  return sink.found.size === 0 ? [ANY] : [...sink.found]
}
