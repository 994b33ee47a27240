/** Parses SPIFFE IDs exactly as the standard defines them; text that could be read in two ways is refused. Pure. */

export interface SpiffeId {
  readonly trustDomain: string
  /** With its first slash; empty for the trust domain itself. */
  readonly path: string
}

const MAX_CHARACTERS = 2048

/** Matches a trust domain (SPIFFE ID 2.1): no upper case, no port, no user, no percent-encoding. */
export const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/
/** SPIFFE ID 2.2: no empty and no dot segment, no trailing slash, no query, no fragment. */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/

/** Parses a SPIFFE ID; returns undefined if the text is not one. */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  if (text.length > MAX_CHARACTERS || !text.startsWith('spiffe://')) return undefined
  const rest = text.slice('spiffe://'.length)
  const slash = rest.indexOf('/')
  const trustDomain = slash < 0 ? rest : rest.slice(0, slash)
  const path = slash < 0 ? '' : rest.slice(slash)
  return TRUST_DOMAIN.test(trustDomain) && PATH.test(path) ? { trustDomain, path } : undefined
}
