/** Opens a server on a socket in a folder, for who can enter it. */
import { once } from 'node:events'
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'

/**
 * Binds the server to a socket that its own user alone can use. It replaces one that a process left behind which was
 * killed: no other process uses this folder, since the audit log in it is locked. Rejects if it cannot: a path of over
 * 107 bytes is too long for Linux, and something else may be there.
 */
export async function bindLocal(server: Server, path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path)
  server.listen(path)
  await once(server, 'listening')
  chmodSync(path, 0o600)
}
