/** Formats addresses, and tells which of them are on this machine. */
import { isIPv6 } from 'node:net'

/** Tells whether a host is on this machine: `localhost`, `::1` or 127.0.0.0/8. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

export function isLoopbackUrl(url: URL): boolean {
  return isLoopback(hostOf(url))
}

/** Tells whether nobody on the way can read or change what is sent there: https, or http on this machine. */
export function isSafeFromOthers(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackUrl(url))
}

/** Returns the host as sockets take it: an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

/** Returns the host as URLs and `Host` headers take it: an IPv6 address in brackets. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host
}

/** Returns the origin of a listener, such as `https://[::1]:8443`. */
export function originOf({ host, port }: { host: string; port: number }, hasTls: boolean): string {
  return `${hasTls ? 'https' : 'http'}://${urlHost(host)}:${port}`
}
