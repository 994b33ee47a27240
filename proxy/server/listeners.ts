/** The two listeners: agents in front of the pipeline, operators beside it. */
import { constants } from 'node:crypto'
import type { Server } from 'node:http'
import type { TlsOptions } from 'node:tls'
import { adminRoutes } from '../admin/routes.ts'
import { createAdmin } from '../admin/server.ts'
import { createAgentsServer } from './agent-listener.ts'
import { isLoopback } from '../core/addresses.ts'
import type { Config } from '../config/schema/config.ts'
import { readTls, type TlsFiles } from '../config/tls.ts'
import type { Parts } from './services.ts'
import type { Reloader } from '../runtime/reload.ts'
import type { Runner } from '../pipeline/run.ts'
import { receive } from '../stages/receive/receive.ts'

export interface ServiceState {
  now: 'starting' | 'serving' | 'draining'
  /** Exact `Host` values of the admin listener; known once it is bound. */
  readonly adminHosts: Set<string>
}

export function agentsServer(
  { limits, listen, identity }: Config,
  { clock, budget, bodyLimits }: Parts,
  run: Runner,
  unreadable: (address: string) => string,
): Server {
  return createAgentsServer({
    received: receive({ clock, limits: bodyLimits, budget }),
    run,
    headersTimeoutMs: limits.headersTimeout,
    headerBytes: limits.headerBytes,
    maxConnections: limits.connections,
    streamsPerConnection: limits.streamsPerConnection,
    unreadable,
    tls:
      listen.tls === undefined
        ? undefined
        : { ...readTls(listen.tls), ...(wantsSvids(identity) ? askingForCertificates(listen.tls) : {}) },
  })
}

function wantsSvids({ providers }: Config['identity']): boolean {
  return providers.some(({ type }) => type === 'spiffe-x509')
}

/**
 * Whoever has a certificate shows it; whether it is one of an agent, its provider says. Sessions are not resumed, since
 * OpenSSL keeps no intermediate certificates with them.
 */
function askingForCertificates({ clientCa }: TlsFiles): TlsOptions {
  return {
    requestCert: true,
    rejectUnauthorized: clientCa !== undefined,
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

export function adminServer(
  config: Config,
  parts: Parts,
  reloader: Reloader,
  state: ServiceState,
  bug: (error: unknown) => void,
): Server {
  const { metrics, audit, rules, readsWhileDown } = parts
  const { store } = parts.state
  const { admin, listen } = config
  return createAdmin({
    metrics,
    ready: () => {
      // Where reads go on without the store, so must the traffic that brings them.
      const crippled = !audit.available || (!store.up && readsWhileDown === 'refuse')
      const failing = state.now === 'serving' && crippled
      return {
        ready: state.now === 'serving' && !failing,
        state: failing ? 'failing' : state.now,
        mode: rules().mode,
        store: { name: store.name, up: store.up },
      }
    },
    callerOf: (request) => rules().callerOf(request),
    allowedHosts: state.adminHosts,
    metricsOpen: admin.metrics === 'open' && isLoopback(listen.admin.host),
    routes: adminRoutes(parts, reloader),
    audit,
    // Who has no certificate may still ask for health, or show a token.
    tls: admin.tls === undefined ? undefined : { ...readTls(admin.tls), rejectUnauthorized: false },
    bug,
  })
}
