/** Keeps connections to the upstreams alive, by origin. */
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector, Pool } from 'undici'
import { hostOf } from '../core/addresses.ts'
import { Denial } from '../core/denial/denial.ts'
import { hearLastAnswer } from './hear-last-answer.ts'
import { ignoreContinue } from './ignore-continue.ts'

export interface UpstreamOptions {
  /** The most connections per origin, for one agent. */
  readonly connections: number
  readonly connectTimeoutMs: number
  /** The time from the request's end to the answer's head. */
  readonly headersTimeoutMs: number
  /** The time between two parts of the answer's body. */
  readonly bodyTimeoutMs: number
  /** The time for which an idle connection is kept. */
  readonly keepAliveMs?: number
  /** The most origins in use at once. Agents choose some of them: account and API ids are host labels. */
  readonly maxOrigins?: number
  /** Checks what names resolve to; undefined only for the configured `upstream.endpoint`. */
  readonly lookup?: LookupFunction | undefined
  /** The configured origins: only they may be IP addresses. */
  readonly configured?: ReadonlySet<string>
  /** Certificate authorities (PEM) that replace the built-in ones. */
  readonly ca?: string
}

const DEFAULT_KEEP_ALIVE_MS = 10_000
const DEFAULT_MAX_ORIGINS = 512
/** As much as the most generous client takes; Node's own default is a quarter of it. */
const MAX_HEAD_BYTES = 64 * 1024

/**
 * Creates a dispatcher that follows no redirect, uses no proxy of the environment, and verifies TLS whatever the
 * environment says (security rule S5). It speaks HTTP/1.1, which keeps target and header order as they were signed.
 * HTTP/2 is only for event streams, which go both ways at once.
 */
export function createUpstream(options: UpstreamOptions, speaksHttp2 = false): Agent {
  const { lookup } = options
  return new Agent({
    connections: options.connections,
    maxOrigins: options.maxOrigins ?? DEFAULT_MAX_ORIGINS,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    keepAliveTimeout: options.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS,
    pipelining: 1,
    allowH2: speaksHttp2,
    maxHeaderSize: MAX_HEAD_BYTES,
    connect: connectorOf(options, speaksHttp2),
    factory: (origin, poolOptions) => {
      if (lookup !== undefined) refuseAddress(new URL(origin), options.configured)
      return new Pool(origin, poolOptions)
    },
  })
}

function connectorOf(
  { connectTimeoutMs, lookup, ca }: UpstreamOptions,
  speaksHttp2: boolean,
): buildConnector.connector {
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    rejectUnauthorized: true,
    allowH2: speaksHttp2,
    ...(lookup === undefined ? {} : { lookup }),
    ...(ca === undefined ? {} : { ca }),
  })
  return (where, done) =>
    connect(where, (error, socket) =>
      error === null ? done(null, hearLastAnswer(ignoreContinue(socket))) : done(error, null),
    )
}

export interface Upstreams {
  of(agentId: string, speaksHttp2?: boolean): Agent
  /** Returns connections for one call of HTTP/1.1, none of which was used before. Whoever asks closes them. */
  unused(): Agent
  close(): Promise<void>
}

/** Creates connections of its own for each agent: one that reads slowly or holds many calls open takes no other's. */
export function createUpstreams(options: UpstreamOptions): Upstreams {
  const byAgent = new Map<string, Agent>()
  return {
    of(agentId, speaksHttp2 = false) {
      const key = `${speaksHttp2 ? 'h2' : 'h1'} ${agentId}`
      let own = byAgent.get(key)
      if (own === undefined) byAgent.set(key, (own = createUpstream(options, speaksHttp2)))
      return own
    },
    unused: () => createUpstream({ ...options, connections: 1 }),
    async close() {
      await Promise.all([...byAgent.values()].map((each) => each.close()))
    },
  }
}

/** Refuses an origin that is an IP address: its socket looks nothing up, so nothing would check it. */
function refuseAddress(url: URL, configured: ReadonlySet<string> | undefined): void {
  if (isIP(hostOf(url)) !== 0 && configured?.has(url.origin) !== true) {
    throw new Denial('endpoint_refused', 'An upstream must be a host name, not an IP address.')
  }
}
