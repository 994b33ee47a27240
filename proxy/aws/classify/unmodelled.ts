/**
 * Finds the parts of a request that its model does not have: a member, a query key, an `x-amz-` header (security rule
 * S15). Their effect is unknown, and a service that is newer than the catalogue may act on them.
 */
import type { RawShape, ShapeRef } from '../catalogue/format.ts'
import type { Operation } from '../catalogue/types.ts'
import type { RequestParts } from '../resources/locate.ts'
import type { Document } from '../protocols/tree.ts'

/** The number of names in a refusal, and their length: they are the agent's text. */
const LIMIT = 10
const MAX_NAME = 128

/** Lists headers of the protocol itself, which no model has. */
const COMMON_HEADERS: ReadonlySet<string> = new Set([
  'x-amz-api-version',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-decoded-content-length',
  // The version of Glacier's API, in every call.
  'x-amz-glacier-version',
  'x-amz-region-set',
  'x-amz-s3session-token',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-security-token',
  'x-amz-target',
  'x-amz-trailer',
  'x-amz-user-agent',
])

/** Matches headers that may accompany a body whose checksum the SDK made. */
const CHECKSUM_HEADER =
  /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256|sha512|md5|xxhash3|xxhash64|xxhash128|algorithm|type)$/

const SCALAR: ShapeRef = 0
const ANYTHING: ShapeRef = -1

const NOTHING: ReadonlySet<string> = new Set()
/** Lists the parameters that name the operation of a form. */
const FORM: ReadonlySet<string> = new Set(['Action', 'Version'])

/** Lists the parameters of SQS's old query protocol; its model has only the newer names. */
const SQS_FORM: ReadonlySet<string> = new Set([
  ...FORM,
  'AWSAccountId',
  'ActionName',
  'Attribute',
  'AttributeName',
  'ChangeMessageVisibilityBatchRequestEntry',
  'DeleteMessageBatchRequestEntry',
  'MessageAttribute',
  'MessageAttributeName',
  'MessageSystemAttribute',
  'MessageSystemAttributeName',
  'SendMessageBatchRequestEntry',
  'Tag',
  'TagKey',
])

class Search {
  readonly found: string[] = []
  readonly #shapes: readonly RawShape[]
  /** Parameters that need not be in the model. */
  readonly #allowed: ReadonlySet<string>
  /** The names on the path to the current node; joined only if something is found. */
  readonly #path: string[] = []

  constructor(shapes: readonly RawShape[], allowed: ReadonlySet<string>) {
    this.#shapes = shapes
    this.#allowed = allowed
  }

  add(name: string): void {
    if (this.found.length < LIMIT) this.found.push(name.slice(0, MAX_NAME))
  }

  lookAtBody(body: Document, ref: ShapeRef): void {
    if (ref !== SCALAR) return this.#look(body, ref)
    // An operation without parameters: any member is unmodelled.
    if (typeof body === 'object' && body !== null) for (const key of Object.keys(body)) this.#addMember(key)
  }

  #addMember(key: string): void {
    if (this.#path.length > 0 || !this.#allowed.has(key)) this.#addPath(key)
  }

  /** Adds a path unless the list is full: joining one may cost as much as the body is long. */
  #addPath(...below: readonly string[]): void {
    if (this.found.length < LIMIT) this.add([...this.#path, ...below].join('.'))
  }

  #look(node: Document, ref: ShapeRef): void {
    if (ref === ANYTHING || typeof node !== 'object' || node === null || ArrayBuffer.isView(node)) return
    const shape = this.#shapes[ref - 1]
    if (Array.isArray(node)) {
      const item = isList(shape) ? shape[0] : ref
      for (const each of node as readonly Document[]) if (typeof each === 'object') this.#look(each, item)
      return
    }
    if (shape === undefined) return this.#addPath()
    if (isList(shape)) return this.#look(node, shape[0])
    this.#lookInto(node as Readonly<Record<string, Document>>, shape)
  }

  #lookInto(node: Readonly<Record<string, Document>>, shape: Exclude<RawShape, readonly [ShapeRef]>): void {
    const values = isMap(shape) ? shape[1] : undefined
    for (const key in node) {
      const ref =
        values ?? (Object.hasOwn(shape, key) ? (shape as Readonly<Record<string, ShapeRef>>)[key] : undefined)
      const value = node[key]
      if (ref === undefined) this.#addMember(key)
      else if (typeof value === 'object') {
        this.#path.push(key)
        this.#look(value, ref)
        this.#path.pop()
      }
    }
  }
}

function isList(shape: RawShape | undefined): shape is readonly [ShapeRef] {
  return Array.isArray(shape) && shape.length === 1
}

function isMap(shape: RawShape): shape is readonly ['*', ShapeRef] {
  return Array.isArray(shape) && shape.length === 2
}

function lookAtHeaders(search: Search, { amzHeaders }: Operation, { headers }: RequestParts): void {
  for (const name of headers.names()) {
    if (!name.startsWith('x-amz-') || COMMON_HEADERS.has(name) || CHECKSUM_HEADER.test(name)) continue
    const known = amzHeaders.some((each) =>
      each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each,
    )
    if (!known) search.add(name)
  }
}

type FormFindings = { readonly irregular: readonly string[] } | undefined

function allowedIn({ service }: Operation, form: FormFindings): ReadonlySet<string> {
  if (form === undefined) return NOTHING
  return service.model === 'sqs' ? SQS_FORM : FORM
}

/**
 * Returns the names of what the model lacks: members by their path (`Table.Name`), query keys as `?key`, headers as
 * they are; at most ten. Case matters. `irregular` are list parameters whose indexes are not 1, 2, 3.
 */
export function unmodelledOf(
  operation: Operation,
  parts: RequestParts,
  form: FormFindings,
): readonly string[] {
  const search = new Search(operation.service.shapes, allowedIn(operation, form))
  lookAtHeaders(search, operation, parts)
  if (form !== undefined) for (const each of form.irregular) search.add(each)
  else if (operation.http !== '' && !operation.knownQuery.includes('*')) {
    for (const key of parts.query.keys())
      if (key !== 'x-id' && !operation.knownQuery.includes(key)) search.add(`?${key}`)
  }
  search.lookAtBody(parts.body, operation.bodyShape)
  return search.found
}
