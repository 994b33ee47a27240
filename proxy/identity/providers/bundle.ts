/** Trust bundles of SPIFFE: the keys that a trust domain signs its identities with, as JSON or from the Workload API. */
import { X509Certificate } from 'node:crypto'
import { createLocalJWKSet, type JWK } from 'jose'
import { z } from 'zod'

/** Picks the key that a token names. */
export type KeySet = ReturnType<typeof createLocalJWKSet>

export interface Bundle<Value> {
  readonly value: Value
  /** What the bundle asks its readers to come back after. */
  readonly freshMs: number | undefined
}

const Jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(1000) })
const SpiffeBundle = Jwks.extend({
  spiffe_refresh_hint: z.number().int().positive().optional(),
  keys: z.array(
    z.looseObject({
      kty: z.string(),
      use: z.string().optional(),
      kid: z.string().optional(),
      x5c: z.array(z.string()).optional(),
    }),
  ),
})

/** A public key can only verify; a shared secret could sign as well. */
const PUBLIC_KEYS = new Set(['RSA', 'EC', 'OKP'])
const MIN_REFRESH_MS = 60_000
const MAX_REFRESH_MS = 24 * 60 * 60_000

/** Returns the keys of an OIDC issuer's key set. Throws for what is none, or has no key that verifies. */
export function jwksOf(document: unknown): KeySet {
  return keySet(Jwks.parse(document).keys)
}

/**
 * Returns the keys of JWT-SVIDs in a SPIFFE bundle. Those that do not say what they are for must be ignored (SPIFFE
 * bundle 4.2.2).
 */
export function jwtBundleOf(document: unknown): Bundle<KeySet> {
  const { keys, spiffe_refresh_hint: hint } = SpiffeBundle.parse(document)
  return { value: keySet(keys.filter(({ use }) => use === 'jwt-svid')), freshMs: freshMsOf(hint) }
}

/** Returns the keys of JWT-SVIDs as the Workload API gives them, where all are for that, and few say so. */
export function workloadKeysOf(document: unknown): KeySet {
  const { keys } = SpiffeBundle.parse(document)
  return keySet(keys.filter(({ use = 'jwt-svid' }) => use === 'jwt-svid'))
}

/** Returns the authorities of X.509-SVIDs in a SPIFFE bundle: one certificate in each key. */
export function x509BundleOf(document: unknown): Bundle<readonly X509Certificate[]> {
  const { keys, spiffe_refresh_hint: hint } = SpiffeBundle.parse(document)
  const value = keys
    .filter(({ use }) => use === 'x509-svid')
    .map(({ x5c = [] }) => {
      const [only, ...more] = x5c
      if (only === undefined || more.length > 0)
        throw new Error('a key of use x509-svid must hold one certificate')
      return new X509Certificate(Buffer.from(only, 'base64'))
    })
  return { value: atLeastOne(value, 'authority of use x509-svid'), freshMs: freshMsOf(hint) }
}

/** Returns certificates in DER, one after the other, as the Workload API sends them. */
export function certificatesIn(der: Buffer): readonly X509Certificate[] {
  const certificates: X509Certificate[] = []
  for (let at = 0; at < der.length;) {
    const end = at + lengthAt(der, at)
    certificates.push(new X509Certificate(der.subarray(at, end)))
    at = end
  }
  return atLeastOne(certificates, 'authority')
}

/** Returns how long the DER element at an offset is, with its head (X.690 8.1.3). */
function lengthAt(der: Buffer, at: number): number {
  const first = der[at + 1] ?? 0
  const more = first < 0x80 ? 0 : first & 0x7f
  const content =
    more === 0 ? first : more <= 4 && at + 2 + more <= der.length ? der.readUIntBE(at + 2, more) : NaN
  const length = 2 + more + content
  if (der[at] === 0x30 && at + length <= der.length) return length
  throw new Error('is no sequence of certificates')
}

function keySet(keys: readonly { readonly kty: string; readonly use?: unknown }[]): KeySet {
  const usable = keys
    .filter(({ kty }) => PUBLIC_KEYS.has(kty))
    // jose takes `use: jwt-svid` for a key that must not verify.
    .map(({ use, ...key }) => (use === undefined || use === 'jwt-svid' ? key : { ...key, use }) as JWK)
  return createLocalJWKSet({ keys: [...atLeastOne(usable, 'key that verifies tokens')] })
}

function atLeastOne<Value>(values: readonly Value[], what: string): readonly Value[] {
  if (values.length > 0) return values
  throw new Error(`holds no ${what}`)
}

function freshMsOf(hintSeconds: number | undefined): number | undefined {
  return hintSeconds === undefined
    ? undefined
    : Math.min(Math.max(hintSeconds * 1000, MIN_REFRESH_MS), MAX_REFRESH_MS)
}
