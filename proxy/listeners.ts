/** The two listeners: agents in front of the pipeline, operators beside it. */
import type { Server } from 'node:http'
import { join } from 'node:path'
import { callers, sha256, type Person } from './admin/callers.ts'
import { adminRoutes } from './admin/routes.ts'
import { createAdmin } from './admin/server.ts'
import { createAgentsServer } from './agents-server.ts'
import { isLoopback } from './config-rules.ts'
import type { Config } from './config-schema.ts'
import { readTls } from './config-tls.ts'
import type { Parts } from './parts.ts'
import type { Runner } from './record.ts'
import { ownSecret, readSecret } from './secret-file.ts'
import { receive } from './stages/receive.ts'

export interface ServiceState {
  now: 'starting' | 'serving' | 'draining'
  /** Exact `Host` values of the admin listener; known once it is bound. */
  readonly adminHosts: Set<string>
}

export function agentsServer(
  { limits, listen }: Config,
  { clock, budget }: Parts,
  run: Runner,
  unreadable: (address: string) => string,
): Server {
  return createAgentsServer({
    received: receive({
      clock,
      limits: { ...limits, bodyPauseMs: limits.bodyPause },
      budget,
    }),
    run,
    headersTimeoutMs: limits.headersTimeout,
    headerBytes: limits.headerBytes,
    maxConnections: limits.connections,
    streamsPerConnection: limits.streamsPerConnection,
    unreadable,
    tls: listen.tls === undefined ? undefined : readTls(listen.tls),
  })
}

export function adminServer(
  config: Config,
  parts: Parts,
  state: ServiceState,
  bug: (error: unknown) => void,
): Server {
  const { metrics, audit, mode, readsWhileDown } = parts
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
        mode,
        store: { name: store.name, up: store.up },
      }
    },
    callerOf: callers(adminToken(config), admin.people.map(personOf)),
    allowedHosts: state.adminHosts,
    metricsOpen: admin.metrics === 'open' && isLoopback(listen.admin.host),
    routes: adminRoutes(parts),
    audit,
    // Who has no certificate may still ask for health, or show a token.
    tls: admin.tls === undefined ? undefined : { ...readTls(admin.tls), rejectUnauthorized: false },
    bug,
  })
}

/** The shared token; made at first start. Throws if its file is open to others. */
export function adminToken({ admin, stateDir }: Config): string {
  return (
    admin.token ??
    (admin.tokenFile === undefined ? ownSecret(join(stateDir, 'admin-token')) : readSecret(admin.tokenFile))
  )
}

function personOf({ id, certificate, tokenSha256, tokenFile }: Config['admin']['people'][number]): Person {
  const ofFile = tokenFile === undefined ? undefined : sha256(readSecret(tokenFile)).toString('hex')
  return { id, certificate, tokenSha256: tokenSha256 ?? ofFile }
}
