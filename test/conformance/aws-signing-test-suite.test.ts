import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Authorization } from '../../proxy/sigv4/types.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { parseAuthorization } from '../../proxy/sigv4/authorization.ts'
import { canonicalRequest } from '../../proxy/sigv4/canonical-request.ts'
import { scopeText } from '../../proxy/sigv4/credential.ts'
import { presignedQueryWithoutSignature } from '../../proxy/sigv4/presigned.ts'
import { deriveEcdsaKey } from '../../proxy/sigv4/sigv4a.ts'
import { Signatures } from '../../proxy/sigv4/signatures.ts'
import { signatureStands } from '../../proxy/sigv4/verify-signature.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { sampled, sized } from '../support/sample.ts'
import type { WireRequest } from '../sigv4/signing.ts'
import { slowCanonical } from './slow-canonical.ts'
import { vectorsOf, vectorsPresent, type Vector } from './vectors.ts'

const signatures = new Signatures()

interface Read {
  readonly authorization: Authorization
  readonly signedAt: string
}

/** As the stages read it; undefined where they refuse to. */
function read(request: WireRequest): Read | undefined {
  const headers = new HeaderFields(request.headers)
  try {
    const authorization = parseAuthorization(headers, request.query)
    const { scope, presigned } = authorization
    const signedAt = presigned === undefined ? (headers.one('x-amz-date') ?? '') : presigned.amzDate
    return scope.date === signedAt.slice(0, 8) ? { authorization, signedAt } : undefined
  } catch (error) {
    if (error instanceof Denial) return undefined
    throw error
  }
}

/** Whether the pure verifier takes the request: of the test, only the rules of this case and its clock are ours. */
function stands(request: WireRequest, { owner, exactPath, omitsSessionToken }: Vector): boolean {
  const found = read(request)
  if (found === undefined || found.authorization.accessKeyId !== owner.accessKeyId) return false
  const headers = new HeaderFields(request.headers)
  const { authorization, signedAt } = found
  if (authorization.signedHeaders.some((name) => !headers.has(name))) return false
  const payloadHash = hash('sha256', request.body, 'hex')
  const as = { signedAt, payloadHash, exactPath, omitsSessionToken }
  return signatureStands({ ...request, headers }, authorization, owner, as, signatures)
}

/** All that a signature covers, by the slow reading, and the signature itself: equal texts are one request. */
function meaning(request: WireRequest, { exactPath, omitsSessionToken }: Vector): string | undefined {
  const found = read(request)
  if (found === undefined) return undefined
  const { authorization, signedAt } = found
  const { algorithm, accessKeyId, scope, signedHeaders, signature } = authorization
  const leftOut = ['X-Amz-Signature', ...(omitsSessionToken ? ['X-Amz-Security-Token'] : [])]
  const canonical = slowCanonical(request, { signedHeaders, exactPath, leftOut })
  return [algorithm, accessKeyId, scopeText(algorithm, scope), signedAt, signature, canonical].join('\n')
}

/** The request with one bit of one byte changed, in each of the parts that a signature covers. */
function* changes(request: WireRequest, bitsOf: (at: number) => readonly number[]): Generator<WireRequest> {
  let at = 0
  function* flips(text: string): Generator<string> {
    for (let i = 0; i < text.length; i += 1) {
      at += 1
      for (const bit of bitsOf(at)) {
        const changed = String.fromCharCode(text.charCodeAt(i) ^ (1 << bit))
        yield text.slice(0, i) + changed + text.slice(i + 1)
      }
    }
  }
  for (const method of flips(request.method)) yield { ...request, method }
  for (const path of flips(request.path)) yield { ...request, path }
  for (const query of flips(request.query)) yield { ...request, query }
  for (let i = 0; i < request.headers.length; i += 1) {
    for (const text of flips(request.headers[i] ?? '')) {
      yield { ...request, headers: request.headers.toSpliced(i, 1, text) }
    }
  }
  for (const body of flips(request.body.toString('latin1')))
    yield { ...request, body: Buffer.from(body, 'latin1') }
  yield { ...request, body: Buffer.concat([request.body, Buffer.from('x')]) }
}

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
    const made = signatures.make(algorithm, owner, signedAt, scope, requestHash)
    if (algorithm === 'AWS4-HMAC-SHA256') expect(made).toBe(vector.signature)
    else expect(signatures.matches(algorithm, made, owner, signedAt, scope, requestHash)).toBe(true)
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

  it.each([
    ['SigV4, every bit of every byte', v4, (): readonly number[] => [0, 1, 2, 3, 4, 5, 6]],
    ['SigV4a, a bit of every byte', v4a, (at: number): readonly number[] => [at % 7]],
  ] as const)('refuses every change: %s', { timeout: 120_000 }, (_what, vectors, bitsOf) => {
    const counts = { refused: 0, 'of one meaning': 0 }
    for (const vector of sampled(vectors, 12)) {
      const whole = meaning(vector.request, vector)
      for (const changed of changes(vector.request, bitsOf)) {
        if (!stands(changed, vector)) counts.refused += 1
        else if (meaning(changed, vector) === whole) counts['of one meaning'] += 1
        else expect.fail(`${vector.name} (${vector.form}) accepts ${JSON.stringify(changed)}`)
      }
    }
    console.info(`changes: ${JSON.stringify(counts)}`)
    expect(counts.refused).toBeGreaterThan(sized(30_000, 3_000))
  })
})
