/** Judges a content type that nobody signed: anybody may have added or changed it. */
import type { Identification } from './identify.ts'
import { routesOf } from './routes.ts'

/** Matches the charset as clients write it: what a lenient reader alone understands can be read in two ways (RFC 9110 5.6.6). */
const CHARSET = String.raw`[ \t]*;[ \t]*charset=(?:utf-8|"utf-8")`
const UTF8 = `(?:${CHARSET})?`
const JSON_TYPES = new RegExp(String.raw`^application/(?:json|x-amz-json-1\.[01])${UTF8}$`, 'i')
const FORM_TYPE = new RegExp(String.raw`^application/x-www-form-urlencoded${UTF8}$`, 'i')
const XML_TYPES = new RegExp(`^(?:application|text)/xml${UTF8}$`, 'i')
const ENDS_IN_UTF8 = new RegExp(`${CHARSET}$`, 'i')
const CBOR_TYPE = /^application\/cbor$/i

const TYPES: Readonly<Record<string, readonly [types: RegExp, name: string]>> = {
  'json-1.0': [JSON_TYPES, 'application/x-amz-json-1.0'],
  'json-1.1': [JSON_TYPES, 'application/x-amz-json-1.1'],
  'rest-json': [JSON_TYPES, 'application/json'],
  query: [FORM_TYPE, 'application/x-www-form-urlencoded'],
  ec2: [FORM_TYPE, 'application/x-www-form-urlencoded'],
  'rest-xml': [XML_TYPES, 'application/xml'],
  cbor: [CBOR_TYPE, 'application/cbor'],
}

/** Matches types by which a service may take the parameters of a call from the body, whatever the path says. */
const FORMS = /x-www-form-urlencoded|multipart\//i

/** Describes where an unsigned content type stands. */
export interface UnsignedType {
  readonly type: string
  readonly method: string
  /** The signing name. */
  readonly scope: string
  /** True for services that are not AWS's own: web frameworks read forms. */
  readonly isPrivate: boolean
}

/**
 * Returns undefined if the type can change nothing: it is the one that the operation's protocol has, or it describes
 * content of the caller's own, which Moderato does not read. Otherwise returns the type to send.
 */
export function typeToSend(
  { operation, protocol }: Extract<Identification, { kind: 'operation' }>,
  { type, method, scope, isPrivate }: UnsignedType,
): string | undefined {
  if (protocol === 's3') return s3TypeToSend(operation.body, type, method)
  const [types, name] = TYPES[protocol] ?? [CBOR_TYPE, 'application/cbor']
  if (types.test(type.trim())) return undefined
  const ownContent = operation.body === 'stream' || operation.body === 'opaque'
  if (!protocol.startsWith('rest-') || !ownContent) return name
  // A service that also takes forms may follow the type to its other protocol.
  const takesForms = isPrivate || (routesOf(operation.service.catalogue, scope)?.forms.size ?? 1) > 0
  return takesForms && FORMS.test(type) ? name : undefined
}

/** S3 stores the type of an object, and ignores that of a document. A POST of a form is an upload by a browser. */
function s3TypeToSend(body: string, type: string, method: string): string | undefined {
  if (method === 'POST' && /multipart\//i.test(type)) return 'application/xml'
  if (body !== 'document' || !/charset/i.test(type)) return undefined
  return XML_TYPES.test(type.trim()) || ENDS_IN_UTF8.test(type) ? undefined : 'application/xml'
}
