/**
 * Serves services that are not AWS's own: APIs behind API Gateway, and others that verify SigV4. The Host of a request
 * selects the service; its signature covers the Host.
 */
import type { RequestHead } from '../../core/http/request-head.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import { hostNameOf } from '../endpoints/addressing.ts'
import type { Catalogue } from '../catalogue/types.ts'
import { isForm } from '../protocols/form.ts'
import type { ReadIdentification } from '../read-call.ts'
import { privateOperations, type PrivateService } from './operations.ts'
import { pathMatcher } from './paths.ts'
import { parseQuery } from '../protocols/query.ts'

/** Says where a private service is. */
export interface PrivateEndpoint {
  /** If undefined, `upstream.endpoint` is used, or else the host by https. */
  readonly origin: string | undefined
  readonly host: string
  readonly signingName: string
  readonly region: string
}

/** Finds the private services of a configuration. */
export interface PrivateServices {
  /** Returns the service that the Host names, if any. Throws Denial `malformed_request` if there is no host name. */
  at(head: RequestHead): PrivateSite | undefined
  /** Returns the endpoint for the model's name of a call; undefined if it is no private service. */
  endpoint(model: string): PrivateEndpoint | undefined
  /** The configured origins: only they may be IP addresses. */
  readonly origins: ReadonlySet<string>
}

export interface PrivateSite {
  /** Identifies a request. It rejects only if `body` does. */
  identify(
    head: RequestHead,
    scope: { readonly service: string; readonly region: string },
    body: () => MaybePromise<Buffer>,
  ): Promise<ReadIdentification>
}

/**
 * Lists headers by which web frameworks change the method or path of a request; `x-apigw-api-id` names the API if many
 * share a host (API Gateway, "private APIs").
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

/** Tells whether a form names another method. */
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

/** Returns the base path: empty, or a path without a slash at its end. */
function basePathOf({ basePath, api }: PrivateService): string {
  const stage = api?.split('/')[1] ?? '$default'
  const base = basePath ?? (stage === '$default' ? '/' : `/${stage}`)
  return base === '/' ? '' : base
}

/** Makes the private services of a configuration. Names and hosts must be unique. */
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
