/** AWS's own signing cases, in both forms: what is hashed, what is signed, the signature. */
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { HeaderFields } from '../../proxy/headers.ts'
import { canonicalRequest } from '../../proxy/sigv4/canonical-request.ts'
import { scopeText } from '../../proxy/sigv4/credential.ts'
import { presignedQueryWithoutSignature } from '../../proxy/sigv4/presigned.ts'
import { deriveEcdsaKey } from '../../proxy/sigv4/sigv4a.ts'
import { read, signatures, stands } from './pure-verifier.ts'
import { vectorsOf, vectorsPresent, type Vector } from './vectors.ts'

describe.skipIf(!vectorsPresent)('the AWS signing test suite', () => {
  const v4 = vectorsOf('v4')
  const v4a = vectorsOf('v4a')
  const named = (vectors: readonly Vector[]) =>
    vectors.map((each) => [`${each.name} (${each.form})`, each] as const)

  it('has all its cases', () => {
    expect([v4.length, v4a.length]).toEqual([38 * 2, 38 * 2])
  })

  it.each([...named(v4), ...named(v4a)])('%s', (_name, vector) => {
    const { request, algorithm, owner, omitsSessionToken } = vector
    const found = read(request)
    if (found === undefined) throw new Error('not read')
    const { authorization, signedAt } = found
    const { signedHeaders, scope, presigned } = authorization
    const query =
      presigned === undefined
        ? request.query
        : presignedQueryWithoutSignature(request.query, omitsSessionToken)
    const canonical = canonicalRequest(
      { ...request, query, headers: new HeaderFields(request.headers) },
      vector.exactPath ? 's3' : '',
      signedHeaders,
      hash('sha256', request.body, 'hex'),
    )
    expect(canonical).toBe(vector.canonicalRequest)
    const requestHash = hash('sha256', canonical, 'hex')
    expect([algorithm, signedAt, scopeText(algorithm, scope), requestHash].join('\n')).toBe(
      vector.stringToSign,
    )
    expect(stands(request, vector)).toBe(true)
    const matches = (claimed: string): boolean =>
      signatures.matches(algorithm, claimed, owner, signedAt, scope, requestHash)
    const made = signatures.make(algorithm, owner, signedAt, scope, requestHash)
    expect(matches(made)).toBe(true)
    // SigV4a's signatures are random: the suite has another one beside the request.
    expect(matches(vector.signature)).toBe(true)
    if (algorithm === 'AWS4-HMAC-SHA256') expect(made).toBe(vector.signature)
  })

  it('is about the session token where it is left out of what is signed', () => {
    const about = [...v4, ...v4a].filter(({ omitsSessionToken }) => omitsSessionToken)
    expect(about).toHaveLength(4)
    for (const vector of about) {
      expect(stands(vector.request, { ...vector, omitsSessionToken: false })).toBe(vector.form === 'header')
    }
  })

  it('derives the key pair of SigV4a', () => {
    for (const { owner, publicKey } of v4a) {
      const { x = '', y = '' } = deriveEcdsaKey(owner.accessKeyId, owner.secretAccessKey).publicKey.export({
        format: 'jwk',
      })
      const hex = (text: string) => Buffer.from(text, 'base64url').toString('hex')
      expect({ X: hex(x), Y: hex(y) }).toEqual(publicKey)
    }
  })
})
