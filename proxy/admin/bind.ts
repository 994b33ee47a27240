/** Where the admin listener may be reached: pure checks for config and compose (rule S6). */
import { isIP } from 'node:net'

/** Whether a host, without port and brackets, is this machine alone. */
export function isLoopbackHost(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

/** Why the admin listener may not bind to `host`, and what to do; undefined if it may. */
export function adminBindProblem(host: string, options: { tls: boolean }): string | undefined {
  if (options.tls || isLoopbackHost(host)) return undefined
  return `${host === '' ? 'every address' : host} is not loopback, and there is no TLS: bind the admin listener to 127.0.0.1`
}

/** The `Host` values under which a listener answers: its own names with its port, and those of the operator as given. */
export function adminHosts(host: string, port: number, more: readonly string[] = []): Set<string> {
  const names = isLoopbackHost(host) ? ['127.0.0.1', 'localhost', '[::1]'] : []
  const own = isIP(host) === 6 ? `[${host}]` : host
  return new Set([...names, own, ...more].flatMap((name) => (name.includes(']:') || /^[^:[]+:/.test(name) ? [name] : [`${name}:${port}`])))
}
