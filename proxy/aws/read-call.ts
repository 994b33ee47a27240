/** Joins identification and classification, for the stage and the command line. */
import { Denial } from '../core/denial/denial.ts'
import type { Call } from '../core/call.ts'
import type { RequestHead } from '../core/http/request-head.ts'
import { mapMaybePromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { Catalogue } from './catalogue/types.ts'
import { classifyCall } from './classify/classify-call.ts'
import { parseDocument, textOf } from './protocols/document.ts'
import type { Document } from './protocols/tree.ts'
import { type Form, parseForm } from './protocols/form.ts'
import { type Identification, identifyOperation } from './identify/identify.ts'
import type { RequestParts } from './resources/locate.ts'
import { NO_OPERATOR_RULES, withOperatorRules } from './classify/operator-rules.ts'
import type { ArnPlace } from './resources/resources.ts'

export type IdentifiedOperation = Extract<Identification, { kind: 'operation' }>
/** A ReadIdentification is an operation or unknown; nothing more needs to be read. */
export type ReadIdentification = Exclude<Identification, { kind: 'needs-form' }>

/** Parses the parameter list of a query call: the body, or the query string if there is no body. */
export function formOf(head: RequestHead, bytes: Buffer): Form {
  if (bytes.length === 0) return parseForm(head.query)
  if (head.query !== '')
    throw new Denial(
      'malformed_request',
      'Parameters are both in the query string and in the body; send them in one place.',
    )
  return parseForm(textOf(bytes))
}

/** Identifies a request; it reads the body only if that is the parameter list. */
export function identifyWith(
  catalogue: Catalogue,
  head: RequestHead,
  scope: string,
  body: () => MaybePromise<Buffer>,
): MaybePromise<ReadIdentification> {
  const first = identifyOperation(catalogue, head, scope)
  if (first.kind !== 'needs-form') return first
  return mapMaybePromise(body(), (bytes) => {
    const second = identifyOperation(catalogue, head, scope, formOf(head, bytes))
    if (second.kind !== 'needs-form') return second
    return { kind: 'unknown', reason: 'no Action', protocol: second.protocol }
  })
}

function contentTypeAllows(head: RequestHead): boolean {
  const charset = /charset\s*=\s*"?([^;"\s]+)/i.exec(head.headers.all('content-type').join(';'))?.[1]
  return charset === undefined || /^utf-?8$/i.test(charset)
}

function parse(found: IdentifiedOperation, bytes: Buffer): Document {
  if (found.form !== undefined) return found.form.tree
  if (found.operation.body !== 'document') return undefined
  return parseDocument(found.protocol, bytes)
}

/** Returns the call of an identified request with its body (inflated; empty if it is streamed or absent). */
export function callOfOperation(
  found: IdentifiedOperation,
  head: RequestHead,
  bytes: Buffer,
  place: ArnPlace,
  rules = NO_OPERATOR_RULES,
): Call {
  if (!contentTypeAllows(head))
    throw new Denial(
      'malformed_request',
      'The content type names another charset than UTF-8; send the body in UTF-8.',
    )
  const parts: RequestParts = {
    labels: found.labels,
    query: found.query,
    headers: head.headers,
    path: head.path,
    body: parse(found, bytes),
  }
  const call = classifyCall(found.operation, found.protocol, parts, place, found.form)
  return withOperatorRules(call, found.operation, parts, rules)
}
