/** Where a call goes: the configured emulator, or the host that the catalogue names for it (security rule S5). */
import { resolveEndpoint } from '../aws/endpoints.ts'
import type { Config } from '../config-schema.ts'
import type { Paced } from '../exchange.ts'
import type { Endpoint } from '../stages/resign.ts'

/** `target` is the request's own path and query, byte for byte: what was verified is what is sent. */
export function upstreamEndpoint(upstream: Config['upstream']): (exchange: Paced) => Endpoint {
  const regions = upstream.regions === undefined ? undefined : new Set(upstream.regions)
  const fixed = upstream.endpoint === undefined ? undefined : new URL(upstream.endpoint)
  return (exchange) => {
    const { path, query, call, authorization } = exchange
    const { service, region } = authorization.scope
    const target = query === '' ? path : `${path}?${query}`
    if (fixed !== undefined) {
      return { origin: fixed.origin, host: fixed.host, signingName: service, signingRegion: region, target }
    }
    const { host, signingName, signingRegion } = resolveEndpoint({
      model: call.model,
      operation: call.operation,
      region,
      hostPrefix: call.hostPrefix,
      bucket: call.bucket,
      regions,
    })
    return { origin: `https://${host}`, host, signingName, signingRegion, target }
  }
}
