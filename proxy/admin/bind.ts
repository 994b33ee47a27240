/** Computes the names under which the admin listener answers (rule S6). Pure. */
import { isLoopback, urlHost } from '../core/addresses.ts'

/** Returns the exact `Host` values of a listener bound to `host`, with its port; `more` are an operator's own, with port. */
export function adminHosts(host: string, port: number, more: readonly string[] = []): Set<string> {
  const own = urlHost(host)
  const names = isLoopback(host) ? [own, '127.0.0.1', 'localhost', '[::1]'] : [own]
  return new Set([...names.map((name) => `${name}:${port}`), ...more].map((name) => name.toLowerCase()))
}
