/** Computes the names under which the admin listener answers (rule S6), and where its local socket is. Pure. */
import { join } from 'node:path'
import { isLoopback, urlHost } from '../core/addresses.ts'

/** Returns the exact `Host` values of a listener bound to `host`, with its port; `more` are an operator's own, with port. */
export function adminHosts(host: string, port: number, more: readonly string[] = []): Set<string> {
  const own = urlHost(host)
  const names = isLoopback(host) ? [own, '127.0.0.1', 'localhost', '[::1]'] : [own]
  return new Set([...names.map((name) => `${name}:${port}`), ...more].map((name) => name.toLowerCase()))
}

/** The `Host` of requests to the local socket. */
export const LOCAL_HOST = 'localhost'

/**
 * Returns the path of the local socket: the admin API for who can enter `stateDir`. Nobody who cannot is able to take up
 * its connections, so that a freeze gets through whatever agents do.
 */
export function localSocket(stateDir: string): string {
  return join(stateDir, 'admin.sock')
}
