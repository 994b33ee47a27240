/** The names under which the admin listener answers (rule S6): pure. */
import { isLoopback, urlHost } from '../core/addresses.ts'

/** Exact `Host` values of a listener bound to `host`, with its port; `more` are an operator's own, port included. */
export function adminHosts(host: string, port: number, more: readonly string[] = []): Set<string> {
  const own = urlHost(host)
  const names = isLoopback(host) ? [own, '127.0.0.1', 'localhost', '[::1]'] : [own]
  return new Set([...names.map((name) => `${name}:${port}`), ...more].map((name) => name.toLowerCase()))
}
