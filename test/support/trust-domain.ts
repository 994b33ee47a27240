/** Makes a SPIFFE trust domain for tests: an authority that issues valid and invalid X.509-SVIDs. */
// oxlint-disable-next-line import/no-unassigned-import -- a polyfill that the next import cannot do without
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** Import the library from here: it needs its polyfill first. */
export { x509 }
x509.cryptoProvider.set(webcrypto)

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags
const DAY_MS = 24 * 60 * 60_000

export interface Issued {
  readonly certificate: x509.X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
  /** The certificate in PEM. */
  readonly cert: string
  readonly key: string
}

export interface SvidShape {
  readonly uris?: readonly string[]
  readonly ca?: boolean
  readonly pathLength?: number
  readonly usages?: number
  readonly purposes?: readonly x509.ExtendedKeyUsageType[]
  readonly extra?: readonly x509.Extension[]
  readonly notBefore?: Date
  readonly notAfter?: Date
}

let serial = 0

/** Returns a certificate of an issuer; a self-signed one if there is none. */
async function issue(name: string, issuer: Issued | undefined, shape: SvidShape): Promise<Issued> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const { uris = [], ca = false, pathLength, usages, purposes, extra = [] } = shape
  serial += 1
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial.toString(16).padStart(4, '0'),
    subject: `CN=${name}`,
    issuer: issuer?.certificate.subject ?? `CN=${name}`,
    notBefore: shape.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: shape.notAfter ?? new Date(Date.now() + DAY_MS),
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(ca, pathLength, true),
      new x509.KeyUsagesExtension(usages ?? (ca ? keyCertSign | cRLSign : digitalSignature), true),
      ...(uris.length === 0
        ? []
        : [new x509.SubjectAlternativeNameExtension(uris.map((value) => ({ type: 'url' as const, value })))]),
      ...(purposes === undefined ? [] : [new x509.ExtendedKeyUsageExtension([...purposes])]),
      ...extra,
    ],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`
  return { certificate, keys, cert: certificate.toString('pem'), key }
}

export class TrustDomain {
  readonly name: string
  readonly authority: Issued

  private constructor(name: string, authority: Issued) {
    this.name = name
    this.authority = authority
  }

  static async create(name: string, shape: SvidShape = {}): Promise<TrustDomain> {
    const root = { ca: true, uris: [`spiffe://${name}`], ...shape }
    return new TrustDomain(name, await issue(`authority of ${name}`, undefined, root))
  }

  /** Issues an SVID of `spiffe://NAME/path`. */
  svid(path: string, shape: SvidShape = {}, issuer: Issued = this.authority): Promise<Issued> {
    return issue(`workload ${path}`, issuer, { uris: [`spiffe://${this.name}${path}`], ...shape })
  }

  intermediate(shape: SvidShape = {}): Promise<Issued> {
    return issue(`intermediate of ${this.name}`, this.authority, { ca: true, ...shape })
  }

  /** Returns the SPIFFE bundle document. */
  bundle(): object {
    const x5c = [Buffer.from(this.authority.certificate.rawData).toString('base64')]
    return { keys: [{ use: 'x509-svid', kty: 'EC', x5c }], spiffe_refresh_hint: 300 }
  }
}
