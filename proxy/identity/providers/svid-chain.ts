/** Checks an X.509-SVID as the SPIFFE X.509-SVID standard asks (chapters 2 to 5), on top of RFC 5280's path. Pure. */
import type { X509Certificate } from 'node:crypto'
import {
  anyExtendedKeyUsage as anyPurpose,
  id_kp_clientAuth as clientAuth,
  KeyUsageFlags,
} from '@peculiar/asn1-x509'
import { Denial } from '../../core/denial/denial.ts'
import { parseSpiffeId, type SpiffeId } from '../../core/spiffe-id.ts'
import { areNamesPermitted } from './name-constraints.ts'
import { extensionsOf, malformedCertificate as malformed } from './svid-extensions.ts'

/** Leaf, intermediates, root. */
const MAX_CHAIN = 5

const { digitalSignature, keyCertSign, cRLSign } = KeyUsageFlags

export interface Svid extends SpiffeId {
  readonly id: string
}

/**
 * Returns the SPIFFE ID of a leaf, which names its trust domain; nothing is proved yet. Denial `identity_malformed` for
 * a certificate that is no SVID.
 */
export function readSvid(leaf: X509Certificate): Svid {
  const { uris, usages, isAuthority, purposes } = extensionsOf(leaf)
  const [id = ''] = uris
  const parsed = uris.length === 1 ? parseSpiffeId(id) : undefined
  if (parsed === undefined) throw malformed('it must have one URI, a SPIFFE ID')
  if (parsed.path === '') throw malformed('its SPIFFE ID is a trust domain, not a workload')
  if (isAuthority) throw malformed('it is of an authority')
  if ((usages & digitalSignature) === 0 || (usages & (keyCertSign | cRLSign)) !== 0)
    throw malformed('its key usage must be digitalSignature, and not to sign certificates')
  if (purposes?.includes(clientAuth) === false) throw malformed('its key is not for clients')
  return { ...parsed, id }
}

/**
 * Checks a chain. Denials `identity_signature` if no authority vouches for the leaf, `identity_expired` if one did, at
 * another time.
 */
export function checkChain(
  sent: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  trustDomain: string,
  nowMs: number,
): void {
  let [current, ...intermediates] = sent
  if (current === undefined) throw unvouched()
  checkTime(current, nowMs)
  for (let below = 0; below < MAX_CHAIN - 1; below += 1) {
    const child: X509Certificate = current
    const authority = authorities.find((each) => isIssuer(each, child))
    if (authority !== undefined) {
      checkTime(authority, nowMs)
      checkAuthority(authority, trustDomain, below)
      return
    }
    const issuer: X509Certificate | undefined = intermediates.find((each) => isIssuer(each, child))
    if (issuer === undefined) throw unvouched()
    checkTime(issuer, nowMs)
    checkAuthority(issuer, trustDomain, below)
    intermediates = intermediates.filter((each) => each !== issuer)
    current = issuer
  }
  throw unvouched()
}

function isIssuer(issuer: X509Certificate, child: X509Certificate): boolean {
  return child.checkIssued(issuer) && child.verify(issuer.publicKey)
}

function checkTime({ validFrom, validTo }: X509Certificate, nowMs: number): void {
  if (Date.parse(validFrom) <= nowMs && nowMs < Date.parse(validTo)) return
  throw new Denial('identity_expired', 'The certificate, or one above it, is not valid now.')
}

/** `below` is how many authorities stand between it and the leaf (RFC 5280 4.2.1.9). */
function checkAuthority(authority: X509Certificate, trustDomain: string, below: number): void {
  const { uris, usages, isAuthority, pathLength = Infinity, purposes, names } = extensionsOf(authority)
  const [id, ...more] = uris
  const parsed = id === undefined ? undefined : parseSpiffeId(id)
  const isSound =
    isAuthority &&
    (usages & keyCertSign) !== 0 &&
    more.length === 0 &&
    // An authority may have no SPIFFE ID; one that it has is that of its trust domain (X.509-SVID 3).
    (id === undefined || (parsed?.trustDomain === trustDomain && parsed.path === '')) &&
    below <= pathLength
  if (!isSound) throw unvouched()
  // RFC 5280 leaves open what it means in an authority; all who check take it for the purposes of what is below.
  if (purposes?.some((each) => each === clientAuth || each === anyPurpose) === false)
    throw malformed('an authority above it is for another purpose than clients')
  // All names below are of this trust domain: the leaf's, and those of the authorities, as just checked.
  if (names !== undefined && !areNamesPermitted(names, trustDomain))
    throw malformed(`an authority above it may not vouch for ${trustDomain}`)
}

function unvouched(): Denial {
  return new Denial('identity_signature', 'No authority of its trust domain vouches for the certificate.')
}
