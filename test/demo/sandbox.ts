/** Runs the sandbox cloud: a DynamoDB API (dynalite, on LevelDB in memory), which counts the requests that reach it. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import dynalite from 'dynalite'

export const UPSTREAM_ACCESS_KEY_ID = 'AKIDSANDBOX'

export interface Sandbox {
  readonly endpoint: string
  /** Returns the number of requests that arrived so far. */
  requests(): number
  /** Returns how many of them were not signed with the proxy's own upstream key. */
  foreign(): number
  close(): Promise<void>
}

/** Starts the sandbox on a free port of 127.0.0.1. */
export async function startSandbox(): Promise<Sandbox> {
  const server = dynalite({ createTableMs: 100, deleteTableMs: 100, updateTableMs: 100 })
  let requests = 0
  let foreign = 0
  server.on('request', ({ headers }) => {
    requests += 1
    if (headers.authorization?.includes(`Credential=${UPSTREAM_ACCESS_KEY_ID}/`) !== true) foreign += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests: () => requests,
    foreign: () => foreign,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
