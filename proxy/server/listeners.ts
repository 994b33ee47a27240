/** Creates the two listeners: for agents, in front of the pipeline, and for operators. */
import { constants } from 'node:crypto'
import type { Server } from 'node:http'
import type { TlsOptions } from 'node:tls'
import { LOCAL_HOST } from '../admin/bind.ts'
import { adminRoutes, type AdminRoutesDeps } from '../admin/routes.ts'
import { createAdmin, type AdminOptions } from '../admin/server.ts'
import { createAgentsServer } from './agent-listener.ts'
import { OpenConnections } from '../core/open-connections.ts'
import { isLoopback } from '../core/addresses.ts'
import type { Config } from '../config/schema/config.ts'
import { readTls, type TlsFiles } from '../config/tls.ts'
import type { Services } from './services.ts'
import type { Reloader } from '../runtime/reload.ts'
import type { Runner } from '../pipeline/run.ts'
import { receive } from './receive/receive.ts'
import type { RecordUnreadable } from './unreadable.ts'

/** The state that both listeners share. */
export interface ServiceState {
  now: 'starting' | 'serving' | 'draining'
  /** The exact `Host` values of the admin listener, known once it is bound. */
  readonly adminHosts: Set<string>
}

/** Creates the server of the agent listener; `unreadable` records that an address sent bytes that are not a request. */
export function agentsServer(
  { config, settings, clock, budget, metrics }: Services,
  run: Runner,
  unreadable: RecordUnreadable,
): Server {
  const { limits, listen, identity } = config
  const connections = new OpenConnections(limits.connections)
  metrics.connections({ used: () => connections.size, limit: () => connections.most })
  return createAgentsServer({
    received: receive({ clock, limits: settings.bodyLimits, budget, connections }),
    run,
    headersTimeoutMs: limits.headersTimeout,
    headerBytes: limits.headerBytes,
    connections,
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
 * Asks clients for a certificate; the identity provider decides whether it is an agent's. Sessions are not resumed, since
 * OpenSSL does not keep intermediate certificates with them.
 */
function askingForCertificates({ clientCa }: TlsFiles): TlsOptions {
  return {
    requestCert: true,
    rejectUnauthorized: clientCa !== undefined,
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

/** The admin API has two servers: of its listener, and of its local socket. */
export interface AdminServers {
  readonly listener: Server
  readonly local: Server
}

/** Creates the servers of the admin API. The local one needs no TLS: its bytes stay in the kernel. */
export function adminServers(
  services: Services,
  reloader: Reloader,
  state: ServiceState,
  bug: (error: unknown) => void,
): AdminServers {
  const { config, metrics, audit, settings } = services
  const { admin, listen } = config
  const options: AdminOptions = {
    metrics,
    ready: () => readiness(services, state),
    callerOf: (request) => settings.current().callerOf(request),
    allowedHosts: state.adminHosts,
    metricsOpen: admin.metrics === 'open' && isLoopback(listen.admin.host),
    routes: adminRoutes(routesDeps(services, reloader)),
    audit,
    catalogue: services.aws.catalogue,
    bug,
  }
  // A client without a certificate may still ask for health, or send a token.
  const tls = admin.tls === undefined ? undefined : { ...readTls(admin.tls), rejectUnauthorized: false }
  return {
    listener: createAdmin({ ...options, tls }),
    local: createAdmin({ ...options, allowedHosts: new Set([LOCAL_HOST]) }),
  }
}

/** Says it to everybody who looks: calls pass that policy and pace would refuse. */
export const OBSERVING =
  'Observe mode: policy, approvals and pace are recorded, not enforced. moderato_would_total counts what they would refuse.'

/**
 * Tells whether traffic should come here. It should if the store is down but reads go on without it; not if somebody
 * must see to it: the audit log is gone, or the store cannot be trusted.
 */
function readiness({ audit, settings, state, config }: Services, { now }: ServiceState) {
  const { store, ledger } = state
  const isDown = !store.up && config.state.readsWhileDown === 'refuse'
  const problems = [
    ...(audit.available ? [] : ['the audit log cannot be written']),
    ...(store.unfit === undefined ? [] : ['the state store must not be used']),
    ...(ledger.problem === undefined || store.unfit !== undefined
      ? []
      : ['the state store cannot be trusted']),
  ]
  const { mode } = settings.current()
  const unusable = isDown || problems.length > 0
  const failing = now === 'serving' && unusable
  return {
    ready: now === 'serving' && !failing,
    state: failing ? ('failing' as const) : now,
    mode,
    enforcing: mode === 'enforce',
    ...(mode === 'observe' ? { notice: OBSERVING } : {}),
    store: { name: store.name, up: store.up },
    ...(problems.length === 0 ? {} : { problems }),
  }
}

function routesDeps(services: Services, reloader: Reloader): AdminRoutesDeps {
  const { settings, audit, identity, clock, steadyClock, freezes, breakglass, approvals, pacing } = services
  const { queue, rates } = pacing
  const { accountOf } = services.credentials
  const { store, ledger } = services.state
  const { limiter } = store
  return {
    settings,
    reloader,
    audit,
    auditSearcher: services.auditSearcher,
    identity,
    clock,
    freezes,
    breakglass,
    approvals,
    watching: services.watching,
    limits: {
      limiter,
      queue,
      rates,
      steadyClock,
      accountOf,
      mode: () => settings.current().mode,
      widened: breakglass.widened,
    },
    state: { store, ledger },
    catalogue: services.aws.catalogue,
  }
}
