/** Runs the listeners as one service: listens, drains and closes in an order that loses nothing. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { originOf } from '../core/addresses.ts'
import { errorMessage } from '../core/error-message.ts'
import { bindLocal } from './local-socket.ts'

/** Starts and stops the service. */
export interface Lifecycle {
  /** Binds the listeners; resolves with their addresses as URLs. */
  listen(): Promise<{ agents: string; admin: string }>
  /** Stops taking calls: readiness ends, held calls are answered, streams may finish; then closes everything. */
  drain(): Promise<void>
}

/** The listeners, and what happens when they are bound, drained and closed. */
export interface ServiceParts {
  readonly agents: { readonly server: Server; readonly host: string; readonly port: number }
  readonly admin: { readonly server: Server; readonly host: string; readonly port: number }
  /** The admin API on a socket of this machine; `failed` hears why there is none. */
  readonly local: {
    readonly server: Server
    readonly path: string
    readonly failed: (error: unknown) => void
  }
  readonly drainMs: number
  /** Called with the bound addresses, before any request is answered. */
  readonly bound: (addresses: { readonly agents: AddressInfo; readonly admin: AddressInfo }) => void
  readonly draining: () => void
  /** Closes what the listeners need: upstream connections, the audit log, the store. */
  readonly closed: () => Promise<void>
}

/** Returns the service of the listeners. */
export function lifecycle(parts: ServiceParts): Lifecycle {
  const { agents, admin, local } = parts
  return {
    async listen() {
      const addresses = {
        agents: await bind(agents, 'listen.agents'),
        admin: await bind(admin, 'listen.admin'),
      }
      parts.bound(addresses)
      await bindLocal(local.server, local.path).catch(local.failed)
      return { agents: urlOf(addresses.agents, agents.server), admin: urlOf(addresses.admin, admin.server) }
    },
    async drain() {
      parts.draining()
      const ended = once(agents.server, 'close')
      agents.server.close()
      agents.server.closeIdleConnections()
      const limit = setTimeout(() => agents.server.closeAllConnections(), parts.drainMs)
      // Node would keep a connection that becomes idle now for its client's next request.
      const idle = setInterval(() => agents.server.closeIdleConnections(), 50)
      await ended
      clearTimeout(limit)
      clearInterval(idle)
      try {
        await parts.closed()
      } finally {
        for (const { server } of [admin, local]) {
          server.close()
          server.closeAllConnections()
        }
      }
    },
  }
}

async function bind({ server, host, port }: ServiceParts['agents'], setting: string): Promise<AddressInfo> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'another process listens there' : errorMessage(error)
    throw new Error(`${setting}: ${host}:${port}: ${why}`, { cause: error })
  }
  return server.address() as AddressInfo
}

function urlOf({ address: host, port }: AddressInfo, server: Server): string {
  return originOf({ host, port }, server instanceof TlsServer)
}
