/** Kept-alive connections to the upstreams, by origin. */
import { isIP, type LookupFunction } from 'node:net'
import { Agent, Pool } from 'undici'
import { hostOf } from '../core/addresses.ts'
import { Denial } from '../core/denial/denial.ts'

export interface UpstreamOptions {
  /** Connections per origin (of one agent). */
  readonly connections: number
  readonly connectTimeoutMs: number
  /** From the request's end to the answer's head. */
  readonly headersTimeoutMs: number
  /** Between two parts of the answer's body. */
  readonly bodyTimeoutMs: number
  /** How long an idle connection is kept. */
  readonly keepAliveMs?: number
  /** Origins in use at once. Agents name some of them (account and API ids are host labels), so it is bounded. */
  readonly maxOrigins?: number
  /** Checks where names lead; undefined only for the configured `upstream.endpoint`. */
  readonly lookup?: LookupFunction | undefined
  /** Origins that the configuration names: they may be addresses. */
  readonly configured?: ReadonlySet<string>
  /** Certificate authorities in place of the built-in ones (PEM). */
  readonly ca?: string
}

const DEFAULT_KEEP_ALIVE_MS = 10_000
const DEFAULT_MAX_ORIGINS = 512

/**
 * A dispatcher that follows no redirect, asks no environment proxy and verifies TLS whatever the environment says
 * (security rule S5). HTTP/1.1, where target and header order reach the service as they were signed; HTTP/2 only for
 * what needs it: event streams go both ways at once.
 */
export function createUpstream(options: UpstreamOptions, speaksHttp2 = false): Agent {
  const { lookup, ca } = options
  return new Agent({
    connections: options.connections,
    maxOrigins: options.maxOrigins ?? DEFAULT_MAX_ORIGINS,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    keepAliveTimeout: options.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS,
    pipelining: 1,
    allowH2: speaksHttp2,
    connect: {
      timeout: options.connectTimeoutMs,
      rejectUnauthorized: true,
      ...(lookup === undefined ? {} : { lookup }),
      ...(ca === undefined ? {} : { ca }),
    },
    factory: (origin, poolOptions) => {
      if (lookup !== undefined) refuseAddress(new URL(origin), options.configured)
      return new Pool(origin, poolOptions)
    },
  })
}

export interface Upstreams {
  of(agentId: string, speaksHttp2?: boolean): Agent
  close(): Promise<void>
}

/** Connections of its own for each agent: one that reads slowly, or holds many calls open, takes nobody else's. */
export function createUpstreams(options: UpstreamOptions): Upstreams {
  const byAgent = new Map<string, Agent>()
  return {
    of(agentId, speaksHttp2 = false) {
      const key = `${speaksHttp2 ? 'h2' : 'h1'} ${agentId}`
      let own = byAgent.get(key)
      if (own === undefined) byAgent.set(key, (own = createUpstream(options, speaksHttp2)))
      return own
    },
    async close() {
      await Promise.all([...byAgent.values()].map((each) => each.close()))
    },
  }
}

/** A socket to an address looks nothing up, so an origin that is one would go unchecked. */
function refuseAddress(url: URL, configured: ReadonlySet<string> | undefined): void {
  if (isIP(hostOf(url)) !== 0 && configured?.has(url.origin) !== true) {
    throw new Denial('endpoint_refused', 'An upstream is reached by its name, never by an address.')
  }
}
