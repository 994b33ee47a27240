/**
 * Finds the operation that a request calls, from its head.
 *
 * Each protocol has its own indicator. A request that has two of them, or one of them twice, is unknown: a service
 * might follow the other one. Headers are trusted only if the signature covers them.
 */
import type { Protocol } from '../../core/call.ts'
import type { RequestHead } from '../../core/http/request-head.ts'
import type { Catalogue, Operation } from '../catalogue/types.ts'
import { isForm, type Form } from '../protocols/form.ts'
import { chooseRoutes } from './choose.ts'
import { decode, parseQuery, type QueryKeys } from '../protocols/query.ts'
import { type Routes, routesOf } from './routes.ts'
import { protocolGuess } from './protocol-guess.ts'
import { matchS3 } from './s3.ts'
import { match, type Trie } from './trie.ts'

export type Identification =
  | {
      readonly kind: 'operation'
      readonly operation: Operation
      readonly protocol: Protocol
      readonly labels: ReadonlyMap<string, string>
      readonly query: QueryKeys
      /** Query protocol: the parameters, from the body or the query string. */
      readonly form: Form | undefined
    }
  /** The body is the parameter list: read it, parse it, and identify again. */
  | { readonly kind: 'needs-form'; readonly protocol: Protocol }
  | { readonly kind: 'unknown'; readonly reason: string; readonly protocol: Protocol }

const NO_LABELS: ReadonlyMap<string, string> = new Map()

/** Tells whether the body has the content type of the protocol; a service may follow the content type instead. */
function isDeclaredAs(type: RegExp, { headers }: RequestHead): boolean {
  const given = headers.all('content-type')
  return given.length === 0 || (given.length === 1 && type.test(given[0] ?? ''))
}

const JSON_TYPE = /^application\/(json|x-amz-json-1\.[01])\s*(;|$)/i
const CBOR_TYPE = /^application\/cbor\s*(;|$)/i

/** Returns what two operations must have in common to stand for each other. */
function facts({ actions, classes, level }: Operation): string {
  return `${actions.join()} ${classes.join()} ${level}`
}

/** Maps models to their successor, which has the same signing name, all operations, and more parameters. */
const SUCCESSORS: ReadonlyMap<string, string> = new Map([['wisdom', 'qconnect']])

/** Picks one of several operations with the same key; returns undefined if they differ in what they need or do. */
function pick(operations: readonly Operation[], head: RequestHead, scope: string): Operation | undefined {
  if (operations.length === 1) return operations[0]
  const host = head.headers.one('host')?.toLowerCase() ?? ''
  const byHost = operations.filter((each) =>
    host.startsWith(`${each.hostPrefix}${each.service.endpointPrefix}.`),
  )
  if (byHost.length === 1) return byHost[0]
  const byPrefix = operations.filter((each) => each.actions.every((action) => action.startsWith(`${scope}:`)))
  const left = byPrefix.length > 0 ? byPrefix : operations
  const model = SUCCESSORS.get(scope) ?? scope
  const first = left.find((each) => each.service.model === model) ?? left[0]
  if (first === undefined || left.some((each) => facts(each) !== facts(first))) return undefined
  const longest = left.filter((each) => each.service === first.service)
  return longest.reduce((a, b) => (b.name.length > a.name.length ? b : a))
}

interface Context {
  readonly catalogue: Catalogue
  readonly head: RequestHead
  readonly scope: string
  readonly query: QueryKeys
}

function unknown({ head, scope, catalogue }: Context, reason: string): Identification {
  return { kind: 'unknown', reason, protocol: protocolGuess(head, scope, catalogue) }
}

function known(
  context: Context,
  protocol: Protocol,
  operations: readonly Operation[] | undefined,
  rest: { labels?: ReadonlyMap<string, string>; form?: Form | undefined } = {},
): Identification {
  if (operations === undefined) return unknown(context, 'no such operation in the catalogue')
  const operation = pick(operations, context.head, context.scope)
  if (operation === undefined) return unknown(context, 'several operations share this request form')
  const { labels = NO_LABELS, form } = rest
  return { kind: 'operation', operation, protocol, labels, query: context.query, form }
}

function byTarget(context: Context, routes: Routes): Identification {
  const { head } = context
  const target = head.headers.one('x-amz-target')
  if (routes.targets.size === 0) return unknown(context, 'this service takes no X-Amz-Target')
  if (target === undefined) return unknown(context, 'X-Amz-Target is given twice')
  if (head.method !== 'POST' || head.path !== '/' || head.query !== '') {
    return unknown(context, 'X-Amz-Target with another method, path or query than POST /')
  }
  if (!isDeclaredAs(JSON_TYPE, head)) return unknown(context, 'X-Amz-Target with a body that is not JSON')
  return known(context, protocolGuess(head, context.scope, context.catalogue), routes.targets.get(target))
}

function byCborPath(context: Context, routes: Routes): Identification {
  const { head } = context
  if (head.headers.one('smithy-protocol') !== 'rpc-v2-cbor')
    return unknown(context, 'unknown Smithy protocol')
  if (head.method !== 'POST' || head.query !== '')
    return unknown(context, 'CBOR call that is not a plain POST')
  if (!isDeclaredAs(CBOR_TYPE, head)) return unknown(context, 'CBOR call with another content type')
  return known(context, 'cbor', routes.cbor.get(head.path))
}

/** Identifies by the query protocols: `Action` in a form, or in the query string of a request without a body. */
function byAction(context: Context, routes: Routes, form: Form | undefined): Identification {
  const { head } = context
  const protocol = routes.services.some((each) => each.protocols.includes('ec2')) ? 'ec2' : 'query'
  if (head.path !== '/' && context.scope !== 'sqs')
    return unknown(context, 'a query call to another path than /')
  if (form === undefined) {
    if (head.method !== 'POST' && head.method !== 'GET')
      return unknown(context, 'a query call by another method')
    const contentType = head.headers.all('content-type')
    if (contentType.length > 1 || (contentType.length === 1 && !isForm(contentType[0]))) {
      return unknown(context, 'a query call whose body is no form')
    }
    return { kind: 'needs-form', protocol }
  }
  const { action, version } = form
  if (action === undefined) return unknown(context, 'no Action')
  if (head.path !== '/' && form.names.has('queueurl'))
    return unknown(context, 'two queues, by path and by parameter')
  return known(context, protocol, routes.forms.get(`${action} ${version ?? ''}`), { form })
}

function byPath(context: Context, trie: Trie | undefined): Identification {
  if (trie === undefined) return unknown(context, 'no operation indicator')
  const { head, query } = context
  const found = match(trie, head.path, (routes) => chooseRoutes(routes, head, query))
  const first = found?.routes[0]
  if (found === undefined || first === undefined)
    return unknown(context, 'no operation has this method and path')
  const operation = pick(
    found.routes.map((each) => each.operation),
    head,
    context.scope,
  )
  const route = found.routes.find((each) => each.operation === operation) ?? first
  const labels = new Map(route.labels.map((name, index) => [name, decode(found.spans[index] ?? '') ?? '']))
  const protocol = route.operation.service.protocols[0] === 'rest-xml' ? 'rest-xml' : 'rest-json'
  return known(
    context,
    protocol,
    found.routes.map((each) => each.operation),
    { labels },
  )
}

function byS3(context: Context, routes: Routes): Identification {
  const { head, scope } = context
  const control = head.path.startsWith('/v20180820/')
  const account = head.headers.has('x-amz-account-id') || (control && head.headers.has('x-amz-outpost-id'))
  if (control !== account) return unknown(context, 'half an S3 Control request')
  if (control) return byPath(context, routes.control)
  if (scope === 's3-outposts' && head.path.startsWith('/S3Outposts/')) return byPath(context, routes.rest)
  if (routes.s3 === undefined) return unknown(context, 'no S3 operations')
  const found = matchS3(routes.s3, head, context.query, scope)
  if (typeof found === 'string') return unknown(context, found)
  return known(context, 's3', found.operations, { labels: found.labels })
}

/**
 * Identifies the operation of a request that is signed for service `scope`. Never throws. After a result `needs-form`,
 * call it again with `form`: the parsed body or query string.
 */
export function identifyOperation(
  catalogue: Catalogue,
  head: RequestHead,
  scope: string,
  form?: Form,
): Identification {
  const { headers } = head
  const query = parseQuery(head.query)
  const context = { catalogue, head, scope, query: query ?? new Map<string, readonly string[]>() }
  if (query === undefined) return unknown(context, 'the query string is not valid UTF-8')
  const routes = routesOf(catalogue, scope)
  if (routes === undefined) return unknown(context, 'no service signs with this name')
  if (headers.has('x-http-method-override')) return unknown(context, 'a method override')
  const target = headers.has('x-amz-target')
  if (target && headers.has('smithy-protocol')) return unknown(context, 'X-Amz-Target and a Smithy protocol')
  if (headers.has('smithy-protocol')) return byCborPath(context, routes)
  if (target) return byTarget(context, routes)
  if (routes.s3 !== undefined || routes.control !== undefined) return byS3(context, routes)
  // Nothing of REST is at the root of a service that takes forms (a test looks).
  const atRoot = head.path === '/' && !headers.has('content-type')
  const formLike = atRoot || isForm(headers.one('content-type')) || query.has('Action')
  if (routes.forms.size > 0 && (routes.rest === undefined || formLike)) return byAction(context, routes, form)
  return byPath(context, routes.rest)
}
