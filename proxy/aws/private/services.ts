/**
 * Services that are not AWS's own: APIs behind API Gateway, and whatever else verifies SigV4. A request is theirs by
 * its Host, which its signature covers.
 */
import type { RequestHead } from '../../core/http/request-head.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import { hostNameOf } from '../endpoints/addressing.ts'
import type { Catalogue } from '../catalogue/types.ts'
import { isForm } from '../identify/identify.ts'
import type { ReadIdentification } from '../read-call.ts'
import { privateOperations, type PrivateService } from './operations.ts'
import { pathMatcher } from './paths.ts'
import { parseQuery } from '../protocols/query.ts'

/** Where a private service is. */
export interface PrivateEndpoint {
  /** Undefined: `upstream.endpoint`, or else the host by https. */
  readonly origin: string | undefined
  readonly host: string
  readonly signingName: string
  readonly region: string
}

export interface PrivateServices {
  /** The service that the Host names; undefined if it is none of these. Denial `malformed_request` for no host name. */
  at(head: RequestHead): PrivateSite | undefined
  /** By the model's name of a call; undefined if it is none of these. */
  endpoint(model: string): PrivateEndpoint | undefined
  /** Those that are configured: the only ones that may be an address. */
  readonly origins: ReadonlySet<string>
}

export interface PrivateSite {
  /** Never rejects, but for what `body` rejects with. */
  identify(
    head: RequestHead,
    scope: { readonly service: string; readonly region: string },
    body: () => MaybePromise<Buffer>,
  ): Promise<ReadIdentification>
}

/**
 * By these, web frameworks let a request be another one than its first line says; `x-apigw-api-id` names the API where
 * many share a host (API Gateway, "private APIs").
 */
const OVERRIDES = [
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-method',
  'x-original-url',
  'x-rewrite-url',
  'x-apigw-api-id',
]
const METHOD_PARAMETER = /^_method$/i
const METHOD_PART = /name\s*=\s*"?_method\b/i

/** Whether a form says that another method is meant. */
function namesMethod(contentType: string | undefined, bytes: Buffer): boolean {
  const text = bytes.toString('latin1')
  if (!isForm(contentType)) return METHOD_PART.test(text)
  return [...new URLSearchParams(text).keys()].some((key) => METHOD_PARAMETER.test(key))
}

const MAY_BE_FORM = /^\s*(application\/x-www-form-urlencoded|multipart\/)/i

function siteOf(owner: PrivateService, catalogue: Catalogue): PrivateSite {
  const operations = privateOperations(owner, catalogue)
  const match = pathMatcher(owner.operations.map(({ path }) => path))
  const base = basePathOf(owner)
  return {
    async identify(head, scope, body) {
      const unknown = (reason: string) => ({ kind: 'unknown', reason, protocol: 'rest-json' }) as const
      if (scope.service !== owner.signingName || scope.region !== owner.region)
        return unknown(`${owner.name} is signed for ${owner.signingName} in ${owner.region}`)
      const query = parseQuery(head.query)
      if (query === undefined) return unknown('the query string is not valid UTF-8')
      const overridden = OVERRIDES.some((name) => head.headers.has(name))
      if (overridden || [...query.keys()].some((key) => METHOD_PARAMETER.test(key)))
        return unknown('another method, path or API than the request has')
      const found = head.path.startsWith(`${base}/`) ? match(head.path.slice(base.length)) : undefined
      const operation = found && operations.get(`${head.method} ${found.template}`)
      if (operation === undefined) return unknown(`${owner.name} has no operation of this method and path`)
      const contentType = head.headers.one('content-type')
      if (MAY_BE_FORM.test(contentType ?? '') && namesMethod(contentType, await body()))
        return unknown('a form that names another method')
      const labels = found?.labels ?? new Map<string, string>()
      return { kind: 'operation', operation, protocol: 'rest-json', labels, query, form: undefined }
    },
  }
}

/** Empty, or a path without a slash at its end. */
function basePathOf({ basePath, api }: PrivateService): string {
  const stage = api?.split('/')[1] ?? '$default'
  const base = basePath ?? (stage === '$default' ? '/' : `/${stage}`)
  return base === '/' ? '' : base
}

/** The private services of a configuration, whose names and hosts are each there once. */
export function privateServices(services: readonly PrivateService[], catalogue: Catalogue): PrivateServices {
  const sites = new Map<string, PrivateSite>()
  const endpoints = new Map<string, PrivateEndpoint>()
  for (const each of services) {
    const { name, hosts, origin, signingName, region } = each
    const site = siteOf(each, catalogue)
    for (const host of hosts) sites.set(host, site)
    endpoints.set(name, { origin, host: hosts[0] as string, signingName, region })
  }
  return {
    at: (head) => (sites.size === 0 ? undefined : sites.get(hostNameOf(head))),
    endpoint: (model) => endpoints.get(model),
    origins: new Set(services.flatMap(({ origin }) => (origin === undefined ? [] : new URL(origin).origin))),
  }
}

export const NO_PRIVATE_SERVICES: PrivateServices = {
  at: () => undefined,
  endpoint: () => undefined,
  origins: new Set(),
}
