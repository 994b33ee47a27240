/** The two listeners: agents in front of the pipeline, operators beside it. */
import type { Server } from 'node:http'
import { join } from 'node:path'
import { createAdmin } from './admin/server.ts'
import { createAgentsServer } from './agents-server.ts'
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
  { metrics, policy, audit, mode }: Parts,
  state: ServiceState,
  bug: (error: unknown) => void,
): Server {
  return createAdmin({
    metrics,
    ready: () => {
      const failing = state.now === 'serving' && !audit.available
      return { ready: state.now === 'serving' && !failing, state: failing ? 'failing' : state.now, mode }
    },
    token: tokenOf(config),
    allowedHosts: state.adminHosts,
    metricsOpen: config.admin.metrics === 'open',
    routes: {
      '/v1/policy': () => ({ engine: policy.name, revision: policy.revision, mode }),
      '/v1/audit': () => ({ head: audit.head, available: audit.available }),
    },
    bug,
  })
}

function tokenOf({ admin, stateDir }: Config): string {
  return (
    admin.token ??
    (admin.tokenFile === undefined ? ownSecret(join(stateDir, 'admin-token')) : readSecret(admin.tokenFile))
  )
}
