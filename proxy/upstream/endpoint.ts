/**
 * Chooses where a call goes: to a configured private service, the configured emulator, or the host of the catalogue
 * (security rule S5).
 */
import { isMultiRegion } from '../aws/endpoints/buckets.ts'
import { resolveEndpoint } from '../aws/endpoints/endpoints.ts'
import type { PrivateServices } from '../aws/private/services.ts'
import type { Config } from '../config/schema/config.ts'
import type { Paced } from '../exchange/exchange.ts'
import type { Endpoint } from '../exchange/upstream.ts'

/**
 * Returns a function that gives the endpoint and path of a call. The path is what was read, byte for byte. A bucket from the host stays its
 * first segment, except for multi-region access points, which have a host each and no path style.
 */
export function upstreamEndpoint(
  upstream: Config['upstream'],
  privateServices: PrivateServices,
): (exchange: Paced) => Endpoint {
  const regions = upstream.regions === undefined ? undefined : new Set(upstream.regions)
  const fixed = upstream.endpoint === undefined ? undefined : new URL(upstream.endpoint)
  return (exchange) => {
    const { servicePath, call, authorization } = exchange
    const { algorithm, scope } = authorization
    const { service, region } = scope
    const own = privateServices.endpoint(call.model)
    if (own !== undefined) {
      const { origin, host } = new URL(own.origin ?? fixed ?? `https://${own.host}`)
      return { origin, host, signingName: own.signingName, signingRegion: own.region, path: servicePath }
    }
    if (fixed !== undefined) {
      const { origin, host } = fixed
      return { origin, host, signingName: service, signingRegion: region, path: servicePath }
    }
    const { host, signingName, signingRegion } = resolveEndpoint({
      model: call.model,
      operation: call.operation,
      region,
      algorithm,
      hostPrefix: call.hostPrefix,
      bucket: call.bucket,
      regions,
    })
    const path = isMultiRegion(call.bucket ?? '') ? withoutBucket(servicePath) : servicePath
    return { origin: `https://${host}`, host, signingName, signingRegion, path }
  }
}

function withoutBucket(path: string): string {
  const slash = path.indexOf('/', 1)
  return slash < 0 ? '/' : path.slice(slash)
}
