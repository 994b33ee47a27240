/** Identification and classification in one: what the stage and the command line share. */
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
/** An operation, or none; all was read that tells it. */
export type ReadIdentification = Exclude<Identification, { kind: 'needs-form' }>

/** The parameter list of a query call: the body, or the query string if there is no body. */
export function formOf(head: RequestHead, bytes: Buffer): Form {
  if (bytes.length === 0) return parseForm(head.query)
  if (head.query !== '')
    throw new Denial('malformed_request', 'Parameters stand both in the query string and in the body.')
  return parseForm(textOf(bytes))
}

/** Identifies, reading the body only if it is the parameter list. */
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

/** The call of an identified request with its body (inflated; empty where it is streamed or absent). */
export function callOfOperation(
  found: IdentifiedOperation,
  head: RequestHead,
  bytes: Buffer,
  place: ArnPlace,
  rules = NO_OPERATOR_RULES,
): Call {
  if (!contentTypeAllows(head))
    throw new Denial('malformed_request', 'The body is declared in another charset than UTF-8.')
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
