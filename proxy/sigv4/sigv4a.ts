/** Implements SigV4a: derives a P-256 key pair from an access key, and makes and checks signatures with it. */
import {
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import { RecentMap } from '../core/recent-map.ts'
import type { CredentialScope } from './types.ts'
import { ECDSA_ALGORITHM, scopeText } from './credential.ts'

export interface EcdsaKeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** The largest valid derived number: the order of P-256 minus two (FIPS 186-5, appendix on curves). */
const ORDER_LESS_2 = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f', 'hex')
const MAX_COUNTER = 254

/**
 * Derives the key pair of an access key. A key derivation function in counter mode (NIST SP 800-108) over its secret
 * gives a number; it is repeated until the number is in range, then one is added (AWS SDKs, "SigV4a key derivation").
 */
export function deriveEcdsaKey(accessKeyId: string, secretAccessKey: string): EcdsaKeyPair {
  for (let counter = 1; counter <= MAX_COUNTER; counter++) {
    const candidate = createHmac('sha256', `AWS4A${secretAccessKey}`)
      .update(Buffer.from([0, 0, 0, 1]))
      .update(ECDSA_ALGORITHM)
      .update(Buffer.from([0]))
      .update(accessKeyId)
      .update(Buffer.from([counter]))
      .update(Buffer.from([0, 0, 1, 0]))
      .digest()
    if (candidate.compare(ORDER_LESS_2) <= 0) return keyPair(plusOne(candidate))
  }
  throw new Error('no derived number is in range; no known secret leads here')
}

function plusOne(number: Buffer): Buffer {
  return Buffer.from((BigInt(`0x${number.toString('hex')}`) + 1n).toString(16).padStart(64, '0'), 'hex')
}

function keyPair(d: Buffer): EcdsaKeyPair {
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(d)
  const point = curve.getPublicKey()
  const url = (bytes: Buffer): string => bytes.toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: url(point.subarray(1, 33)), y: url(point.subarray(33)) }
  return {
    privateKey: createPrivateKey({ key: { ...jwk, d: url(d) }, format: 'jwk' }),
    publicKey: createPublicKey({ key: jwk, format: 'jwk' }),
  }
}

function stringToSign(amzDate: string, scope: CredentialScope, requestHash: string): Buffer {
  return Buffer.from(
    `${ECDSA_ALGORITHM}\n${amzDate}\n${scopeText(ECDSA_ALGORITHM, scope)}\n${requestHash}`,
    'latin1',
  )
}

/** Returns the DER signature in hex; `requestHash` is the canonical request's SHA-256 in hex. */
export function ecdsaSignature(
  privateKey: KeyObject,
  amzDate: string,
  scope: CredentialScope,
  requestHash: string,
): string {
  return sign('sha256', stringToSign(amzDate, scope, requestHash), privateKey).toString('hex')
}

/** Tells whether `claimed` (DER in lower-case hex) is a signature of that key. DER must be strict: one encoding each. */
export function ecdsaSignatureMatches(
  claimed: string,
  publicKey: KeyObject,
  amzDate: string,
  scope: CredentialScope,
  requestHash: string,
): boolean {
  if (!isStrictDer(claimed)) return false
  return verify('sha256', stringToSign(amzDate, scope, requestHash), publicKey, Buffer.from(claimed, 'hex'))
}

/** Accepts two positive integers in a sequence, each in its shortest form, and nothing else (X.690 8.3, 10.1). */
function isStrictDer(hex: string): boolean {
  const match = /^30([0-9a-f]{2})02([0-9a-f]{2})([0-9a-f]+)$/.exec(hex)
  if (match === null) return false
  const [, total = '', rLength = '', rest = ''] = match
  if (2 * parseInt(total, 16) !== hex.length - 4) return false
  const rEnd = 2 * parseInt(rLength, 16)
  const s = /^02([0-9a-f]{2})([0-9a-f]*)$/.exec(rest.slice(rEnd))
  if (s === null || 2 * parseInt(s[1] ?? '', 16) !== (s[2] ?? '').length) return false
  return isShortest(rest.slice(0, rEnd)) && isShortest(s[2] ?? '')
}

function isShortest(hex: string): boolean {
  if (hex.length < 2 || /^[89a-f]/.test(hex)) return false
  return !hex.startsWith('00') || /^00[89a-f]/.test(hex)
}

/** Caches key pairs, bounded: deriving one takes longer than verifying with it. */
export class EcdsaKeys {
  readonly #byKey: RecentMap<{ readonly secretAccessKey: string; readonly pair: EcdsaKeyPair }>

  constructor(capacity = 1_000) {
    this.#byKey = new RecentMap(capacity)
  }

  /** Returns the key pair of an access key; a changed secret gives a new one. */
  get(accessKeyId: string, secretAccessKey: string): EcdsaKeyPair {
    const known = this.#byKey.get(accessKeyId)
    if (known?.secretAccessKey === secretAccessKey) return known.pair
    const pair = deriveEcdsaKey(accessKeyId, secretAccessKey)
    this.#byKey.set(accessKeyId, { secretAccessKey, pair })
    return pair
  }
}
