/** The key pair of SigV4a once more, by arithmetic on whole numbers. */
import { createECDH, createHmac, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const known = new Map<string, { readonly privateKey: KeyObject; readonly publicKey: KeyObject }>()

export function ecdsaKeys(accessKeyId: string, secret: string) {
  const name = `${accessKeyId} ${secret}`
  let pair = known.get(name)
  if (pair === undefined) known.set(name, (pair = derive(accessKeyId, secret)))
  return pair
}

function derive(accessKeyId: string, secret: string) {
  for (let counter = 1; ; counter += 1) {
    const fixed = `\0\0\0\x01AWS4-ECDSA-P256-SHA256\0${accessKeyId}${String.fromCharCode(counter)}\0\0\x01\0`
    const digest = createHmac('sha256', `AWS4A${secret}`).update(fixed, 'latin1').digest('hex')
    const number = BigInt(`0x${digest}`)
    if (number > ORDER - 2n) continue
    const curve = createECDH('prime256v1')
    const d = Buffer.from((number + 1n).toString(16).padStart(64, '0'), 'hex')
    curve.setPrivateKey(d)
    const point = curve.getPublicKey()
    const [x = '', y = ''] = [point.subarray(1, 33), point.subarray(33)].map((each) =>
      each.toString('base64url'),
    )
    const jwk = { kty: 'EC', crv: 'P-256', x, y }
    return {
      privateKey: createPrivateKey({ key: { ...jwk, d: d.toString('base64url') }, format: 'jwk' }),
      publicKey: createPublicKey({ key: jwk, format: 'jwk' }),
    }
  }
}
