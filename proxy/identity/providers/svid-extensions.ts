/** Reads the extensions of a certificate that Node does not tell (RFC 5280 4.2.1). Pure. */
import type { X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  id_ce_basicConstraints as basicConstraints,
  id_ce_extKeyUsage as extKeyUsage,
  id_ce_keyUsage as keyUsage,
  id_ce_nameConstraints as nameConstraints,
  id_ce_subjectAltName as subjectAltName,
  KeyUsage,
  NameConstraints,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509'
import { Denial } from '../../core/denial/denial.ts'

/** What is understood here; anything else that is critical must be refused (RFC 5280 4.2). */
const UNDERSTOOD = new Set([keyUsage, basicConstraints, subjectAltName, extKeyUsage, nameConstraints])

export interface Extensions {
  readonly uris: readonly string[]
  /** Bits of KeyUsageFlags. */
  readonly usages: number
  readonly isAuthority: boolean
  readonly pathLength: number | undefined
  /** Undefined: for any. */
  readonly purposes: readonly string[] | undefined
  /** Undefined: any. */
  readonly names: NameConstraints | undefined
}

/** Reads what Node does not tell. Denial `identity_malformed` for what cannot be read, or is critical and unknown. */
export function extensionsOf(certificate: X509Certificate): Extensions {
  try {
    return readExtensions(certificate)
  } catch (error) {
    if (error instanceof Denial) throw error
    throw malformedCertificate('its extensions cannot be read')
  }
}

function readExtensions({ raw }: X509Certificate): Extensions {
  const { extensions = [] } = AsnConvert.parse(raw, Certificate).tbsCertificate
  const unknown = extensions.find(({ critical, extnID }) => critical && !UNDERSTOOD.has(extnID))
  if (unknown !== undefined)
    throw malformedCertificate(`its critical extension ${unknown.extnID} is not understood`)
  const read = <Value>(id: string, shape: new () => Value): Value | undefined => {
    const [found, ...more] = extensions.filter(({ extnID }) => extnID === id)
    if (more.length > 0) throw malformedCertificate(`its extension ${id} comes twice`)
    return found === undefined ? undefined : AsnConvert.parse(found.extnValue, shape)
  }
  const constraints = read(basicConstraints, BasicConstraints)
  const altNames = read(subjectAltName, SubjectAlternativeName) ?? []
  return {
    uris: [...altNames].flatMap(({ uniformResourceIdentifier: uri }) => (uri === undefined ? [] : [uri])),
    usages: read(keyUsage, KeyUsage)?.toNumber() ?? 0,
    isAuthority: constraints?.cA === true,
    pathLength: constraints?.pathLenConstraint,
    purposes: read(extKeyUsage, ExtendedKeyUsage)?.map(String),
    names: read(nameConstraints, NameConstraints),
  }
}

/** Returns the refusal of a certificate that is no SVID, or has no chain that can be checked. */
export function malformedCertificate(why: string): Denial {
  return new Denial('identity_malformed', `The certificate cannot be used: ${why}.`)
}
