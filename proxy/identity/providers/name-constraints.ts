/** Checks the names that an authority may vouch for (RFC 5280 4.2.1.10), whether they are marked critical or not. Pure. */
import type { GeneralSubtree, NameConstraints } from '@peculiar/asn1-x509'
import { malformedCertificate } from './svid-extensions.ts'

/**
 * Tells whether an authority may vouch for SPIFFE IDs of a trust domain, which is the host of their URI. Denial
 * `identity_malformed` for constraints of other kinds of names than URIs, which are not checked here.
 */
export function areNamesPermitted(
  { permittedSubtrees, excludedSubtrees }: NameConstraints,
  trustDomain: string,
): boolean {
  const [permitted, excluded] = [hostsOf(permittedSubtrees), hostsOf(excludedSubtrees)]
  if (permitted.length + excluded.length === 0) throw unreadable('name no names')
  const covers = (host: string): boolean => isCovered(trustDomain, host)
  return (permitted.length === 0 || permitted.some(covers)) && !excluded.some(covers)
}

/** A host stands for itself; with a dot before it, for all hosts below it. */
function isCovered(trustDomain: string, constraint: string): boolean {
  return constraint.startsWith('.') ? trustDomain.endsWith(constraint) : trustDomain === constraint
}

function hostsOf(subtrees: Iterable<GeneralSubtree> | undefined): readonly string[] {
  return [...(subtrees ?? [])].map(({ base, minimum, maximum }) => {
    const { uniformResourceIdentifier: host } = base
    if (host === undefined || minimum !== 0 || maximum !== undefined) throw unreadable('are not all of URIs')
    if (!/^\.?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(host)) throw unreadable('hold a URI that is no host')
    return host.toLowerCase()
  })
}

function unreadable(why: string): Error {
  return malformedCertificate(`the name constraints of an authority above it ${why}, which is not read here`)
}
