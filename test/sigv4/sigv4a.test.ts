import { hash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  deriveEcdsaKey,
  EcdsaKeys,
  ecdsaSignature,
  ecdsaSignatureMatches,
  type EcdsaKeyPair,
} from '../../proxy/sigv4/sigv4a.ts'
import { ecdsaKeys } from '../fuzz/reference-keys.ts'
import { ACCESS_KEY_ID, SECRET } from './signing.ts'

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const DATE = '20260304T050607Z'
const scope = { date: '20260304', region: '*', service: 's3' }
const requestHash = hash('sha256', 'a canonical request', 'hex')
const pair = deriveEcdsaKey(ACCESS_KEY_ID, SECRET)

function matches(claimed: string, { publicKey }: EcdsaKeyPair = pair): boolean {
  return ecdsaSignatureMatches(claimed, publicKey, DATE, scope, requestHash)
}

function publicPoint({ publicKey }: Pick<EcdsaKeyPair, 'publicKey'>): string[] {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return [x, y].map((text) => Buffer.from(text, 'base64url').toString('hex'))
}

/** Hex of a length below 128 and what it is the length of. */
function sized(hex: string): string {
  return (hex.length / 2).toString(16).padStart(2, '0') + hex
}

/** The content of a DER integer in its shortest form. */
function content(number: bigint): string {
  const hex = number.toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  return /^[89a-f]/.test(even) ? `00${even}` : even
}

function der(r: string, s: string): string {
  return `30${sized(`02${sized(r)}02${sized(s)}`)}`
}

function numbersOf(signature: string): { readonly r: bigint; readonly s: bigint } {
  const rEnd = 8 + 2 * parseInt(signature.slice(6, 8), 16)
  return { r: BigInt(`0x${signature.slice(8, rEnd)}`), s: BigInt(`0x${signature.slice(rEnd + 4)}`) }
}

describe('deriveEcdsaKey', () => {
  it("gives the key pair of the AWS SDKs' own test", () => {
    expect(
      publicPoint(deriveEcdsaKey('AKISORANDOMAASORANDOM', 'q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom')),
    ).toEqual([
      '15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb',
      '0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0',
    ])
  })

  it('agrees with a derivation by whole numbers, for keys of many lengths', () => {
    for (let i = 1; i <= 60; i += 1) {
      const [id, secret] = [`AKID${'A'.repeat(i)}`, randomBytes(i).toString('base64url')]
      expect(publicPoint(deriveEcdsaKey(id, secret)), `${id} ${secret}`).toEqual(
        publicPoint(ecdsaKeys(id, secret)),
      )
    }
  })

  it('gives a private key that belongs to the public one', () => {
    const { x, y, d } = pair.privateKey.export({ format: 'jwk' })
    expect({ x, y }).toEqual((({ x, y }) => ({ x, y }))(pair.publicKey.export({ format: 'jwk' })))
    expect(Buffer.from(d ?? '', 'base64url')).toHaveLength(32)
  })

  it('depends on the access key id and on the secret', () => {
    const points = [
      pair,
      deriveEcdsaKey(`${ACCESS_KEY_ID}2`, SECRET),
      deriveEcdsaKey(ACCESS_KEY_ID, `${SECRET}2`),
    ].map((each) => publicPoint(each).join())
    expect(new Set(points).size).toBe(3)
  })
})

describe('ecdsaSignatureMatches', () => {
  it('takes what ecdsaSignature makes, of whatever length', () => {
    const lengths = new Set<number>()
    for (let i = 0; i < 300; i += 1) {
      const made = ecdsaSignature(pair.privateKey, DATE, scope, requestHash)
      lengths.add(made.length)
      expect(matches(made)).toBe(true)
    }
    expect(lengths.size).toBeGreaterThan(1)
  })

  it('refuses a signature over anything else, or by anybody else', () => {
    const made = ecdsaSignature(pair.privateKey, DATE, scope, requestHash)
    const { publicKey } = pair
    const other = deriveEcdsaKey(ACCESS_KEY_ID, 'another secret').publicKey
    const day = { ...scope, date: '20260305' }
    const service = { ...scope, service: 's3express' }
    expect(ecdsaSignatureMatches(made, other, DATE, scope, requestHash)).toBe(false)
    expect(ecdsaSignatureMatches(made, publicKey, '20260304T050608Z', scope, requestHash)).toBe(false)
    expect(ecdsaSignatureMatches(made, publicKey, DATE, day, requestHash)).toBe(false)
    expect(ecdsaSignatureMatches(made, publicKey, DATE, service, requestHash)).toBe(false)
    expect(ecdsaSignatureMatches(made, publicKey, DATE, scope, hash('sha256', 'b', 'hex'))).toBe(false)
  })

  it('has no region in its scope: the canonical request covers the region set', () => {
    const made = ecdsaSignature(pair.privateKey, DATE, scope, requestHash)
    const elsewhere = { ...scope, region: 'us-east-1' }
    expect(ecdsaSignatureMatches(made, pair.publicKey, DATE, elsewhere, requestHash)).toBe(true)
  })

  const { r, s } = numbersOf(ecdsaSignature(pair.privateKey, DATE, scope, requestHash))
  const [rHex, sHex] = [content(r), content(s)]
  const good = der(rHex, sHex)
  const body = good.slice(4)

  it('takes s and the order less s, as AWS does', () => {
    expect(matches(good)).toBe(true)
    expect(matches(der(rHex, content(ORDER - s)))).toBe(true)
  })

  it.each([
    ['nothing', ''],
    ['zeros for numbers', der('00', '00')],
    ['r of zero', der('00', sHex)],
    ['s of zero', der(rHex, '00')],
    ['r of the order', der(content(ORDER), sHex)],
    ['s of the order', der(rHex, content(ORDER))],
    ['s beyond the order', der(rHex, content(s + ORDER))],
    ['r beyond the order', der(content(r + ORDER), sHex)],
    [
      'a negative s',
      der(
        rHex,
        content(s)
          .replace(/^00/, '')
          .replace(/^[0-7]/, 'f'),
      ),
    ],
    ['r with a zero too many', der(`00${rHex}`, sHex)],
    ['s with a zero too many', der(rHex, `00${sHex}`)],
    ['an empty number', der(rHex, '')],
    ['a number only', `30${sized(`02${sized(rHex)}`)}`],
    ['a third number', `30${sized(`${body}020101`)}`],
    ['bytes behind', `${good}00`],
    ['bytes before', `00${good}`],
    ['bytes behind within the sequence', `30${sized(`${body}00`)}`],
    ['a length in the long form', `3081${good.slice(2)}`],
    ['a length in the long form with a zero', `308200${good.slice(2)}`],
    ['a length of no end', `3080${body}0000`],
    ['a number with a length in the long form', `30${sized(`0281${sized(rHex)}02${sized(sHex)}`)}`],
    ['a sequence that is a set', `31${good.slice(2)}`],
    ['a number that is a string', `30${sized(`04${sized(rHex)}02${sized(sHex)}`)}`],
    ['half a byte more', `${good}0`],
    ['half a byte less', good.slice(0, -1)],
    ['a byte less', good.slice(0, -2)],
    ['upper case', good.toUpperCase()],
    ['a line end', `${good}\n`],
    ['the two numbers alone', r.toString(16).padStart(64, '0') + s.toString(16).padStart(64, '0')],
  ])('refuses %s', (_what, claimed) => {
    expect(claimed).not.toBe(good)
    expect(matches(claimed)).toBe(false)
  })
})

describe('EcdsaKeys', () => {
  it('gives one pair for one access key, and another for another secret', () => {
    const keys = new EcdsaKeys()
    const first = keys.get(ACCESS_KEY_ID, SECRET)
    expect(keys.get(ACCESS_KEY_ID, SECRET)).toBe(first)
    const rotated = keys.get(ACCESS_KEY_ID, 'rotated')
    expect(publicPoint(rotated)).toEqual(publicPoint(deriveEcdsaKey(ACCESS_KEY_ID, 'rotated')))
    expect(publicPoint(keys.get(ACCESS_KEY_ID, SECRET))).toEqual(publicPoint(first))
  })

  it('stays bounded', () => {
    const keys = new EcdsaKeys(3)
    const first = keys.get('A', SECRET)
    for (const id of ['B', 'C', 'D', 'E', 'F', 'G']) keys.get(id, SECRET)
    const again = keys.get('A', SECRET)
    expect(again).not.toBe(first)
    expect(publicPoint(again)).toEqual(publicPoint(first))
  })
})
