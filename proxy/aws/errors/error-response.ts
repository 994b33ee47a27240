/** Writes a refusal as the called service would. Only this file knows how errors look on the wire. */
import { encode } from 'cborg'
import { DENIALS, type DenialReason } from '../../core/denial/table.ts'
import type { Protocol } from '../../core/call.ts'
import { errorCode, queryCompatibleCode } from './error-codes.ts'

/** Describes a refusal that is to be answered. */
export interface Refusal {
  readonly protocol: Protocol
  /** The signing name, as in the credential scope. */
  readonly service: string
  readonly reason: DenialReason
  /** Says what is particular to this request; the table's next step is added to it. */
  readonly message: string
  /** Replaces the table's next step. */
  readonly next?: string
  /** Empty where the refusal leaves no record. */
  readonly requestId: string
  /** S3: the resource's path. */
  readonly resource?: string
  /** For retryable reasons only; any other ignores it. */
  readonly retryAfterMs?: number
  readonly method?: string
  /** The request carried `x-amzn-query-mode`: the client still knows the query protocol's codes. */
  readonly queryMode?: boolean
}

/** Holds the answer to a refused request. */
export interface ErrorResponse {
  readonly status: number
  /** name, value, name, value, ... with `content-length`, except for HEAD. */
  readonly headers: string[]
  /** Empty for HEAD. */
  readonly body: Buffer
}

/** Limits the detail of a refusal, in UTF-16 units: agents control parts of it. */
const MAX_DETAIL_LENGTH = 1024
const MAX_RESOURCE_LENGTH = 1024

/**
 * Returns the answer for a refusal. The service's SDKs raise their own exception from it, show our text, and retry
 * exactly the reasons that the denial table calls retryable. Never throws.
 */
export function errorResponse(refusal: Refusal): ErrorResponse {
  const { protocol, reason, requestId } = refusal
  const { code, status } = errorCode(reason, protocol, refusal.service)
  const { type, content } = SPELLINGS[protocol]
  const headers = ['content-type', type]
  if (requestId !== '') headers.push(protocol === 's3' ? 'x-amz-request-id' : 'x-amzn-requestid', requestId)
  if (isJson(protocol)) headers.push('x-amzn-errortype', code)
  if (protocol === 'cbor') headers.push('smithy-protocol', 'rpc-v2-cbor')
  if (refusal.queryMode === true && (isJson(protocol) || protocol === 'cbor')) {
    headers.push('x-amzn-query-error', `${queryCompatibleCode(reason)};${faultOf(status)}`)
  }
  headers.push(...waitFields(refusal))
  if (refusal.method === 'HEAD') return { status, headers, body: Buffer.alloc(0) }
  const body = Buffer.from(content(refusal, code, status, messageOf(refusal)))
  headers.push('content-length', String(body.length))
  return { status, headers, body }
}

function isJson(protocol: Protocol): boolean {
  return protocol === 'json-1.0' || protocol === 'json-1.1' || protocol === 'rest-json'
}

/** Returns the fields that say how long to wait, for reasons that may be retried. */
export function waitFields({ reason, retryAfterMs }: Refusal): string[] {
  if (!DENIALS[reason].retryable || retryAfterMs === undefined) return []
  const wholeMs = Math.max(0, Math.ceil(retryAfterMs))
  return ['retry-after', String(wholeSeconds(retryAfterMs)), 'x-amz-retry-after', String(wholeMs)]
}

/** Returns whose fault it is, by the query protocol's names. */
function faultOf(status: number): 'Sender' | 'Receiver' {
  return status < 500 ? 'Sender' : 'Receiver'
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000))
}

/** Returns the text for the agent: what happened, what to do, and the request id by which an operator finds the record. */
export function messageOf({ message, reason, requestId, retryAfterMs, ...refusal }: Refusal): string {
  const { retryable } = DENIALS[reason]
  const next = refusal.next ?? DENIALS[reason].next
  const wait = retryable && retryAfterMs !== undefined ? ` Retry in ${wholeSeconds(retryAfterMs)} s.` : ''
  const record = requestId === '' ? '' : ` (moderato request ${requestId}, reason ${reason})`
  return `${printable(message, MAX_DETAIL_LENGTH)} ${next}${wait}${record}`
}

/** Cuts text to a length. Characters that XML 1.0 forbids, that hide or reverse text, or lone surrogates become `?`. */
function printable(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}...` : text
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]/gu, '?')
}

const XML_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => XML_ESCAPES[character] ?? character)
}

const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

interface Spelling {
  readonly type: string
  readonly content: (refusal: Refusal, code: string, status: number, message: string) => string | Uint8Array
}

const SPELLINGS: Readonly<Record<Protocol, Spelling>> = {
  'json-1.0': { type: 'application/x-amz-json-1.0', content: awsJson },
  'json-1.1': { type: 'application/x-amz-json-1.1', content: awsJson },
  'rest-json': {
    type: 'application/json',
    content: (_refusal, code, _status, message) => JSON.stringify({ code, message }),
  },
  cbor: {
    type: 'application/cbor',
    content: (_refusal, code, _status, message) => encode({ __type: code, message }),
  },
  s3: { type: 'application/xml', content: s3Xml },
  ec2: { type: 'text/xml;charset=UTF-8', content: ec2Xml },
  query: { type: 'text/xml', content: queryXml },
  'rest-xml': { type: 'text/xml', content: queryXml },
}

function awsJson(_refusal: Refusal, code: string, _status: number, message: string): string {
  return JSON.stringify({ __type: code, message })
}

/** S3 does not wrap its error (`noErrorWrapping` in its model). */
function s3Xml({ requestId, resource }: Refusal, code: string, _status: number, message: string): string {
  const place =
    resource === undefined
      ? ''
      : `<Resource>${escapeXml(printable(resource, MAX_RESOURCE_LENGTH))}</Resource>`
  const words = `<Code>${code}</Code><Message>${escapeXml(message)}</Message>${place}`
  return `${XML_DECLARATION}<Error>${words}<RequestId>${escapeXml(requestId)}</RequestId></Error>`
}

function ec2Xml({ requestId }: Refusal, code: string, _status: number, message: string): string {
  const error = `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`
  const id = `<RequestID>${escapeXml(requestId)}</RequestID>`
  return `${XML_DECLARATION}<Response><Errors>${error}</Errors>${id}</Response>`
}

function queryXml({ requestId }: Refusal, code: string, status: number, message: string): string {
  const words = `<Type>${faultOf(status)}</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message>`
  return `<ErrorResponse><Error>${words}</Error><RequestId>${escapeXml(requestId)}</RequestId></ErrorResponse>`
}
