/** What independent signers sign verifies; what was changed by a byte after signing does not. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { parseAuthorization } from '../../proxy/sigv4/authorization.ts'
import { payloadHashCheck } from '../../proxy/sigv4/payload-hash.ts'
import { accept, headerOf, received, refusal, withHeader, type WireRequest } from '../sigv4/signing.ts'
import { signers, unsignedRequest } from './signers.ts'

const SEED = 20_260_304

for (const signer of signers) {
  if (signer.missing !== undefined) console.warn(`SKIPPED: signer ${signer.name} needs ${signer.missing}`)

  describe.skipIf(signer.missing !== undefined)(`requests signed by ${signer.name}`, () => {
    const plain = fc.sample(unsignedRequest(), { seed: SEED, numRuns: 300 })
    const signing = signer.missing === undefined ? signer.sign(plain) : Promise.resolve([])

    it('verify', async () => {
      for (const request of await signing) {
        const accepted = await accept(received(request))
        expect(['declared', 'hashed']).toContain(accepted.payload.kind)
      }
    })

    it('are refused when one byte was changed after signing', async () => {
      const requests = await signing
      const change = fc.tuple(fc.constantFrom(...requests), fc.constantFrom(...PARTS), fc.nat(), character())
      await fc.assert(
        fc.asyncProperty(change, async ([request, part, at, char]) => {
          const changed = changes[part](request, at, char)
          if (changed !== undefined) expect(await refusedOrCut(changed)).toBe(true)
        }),
        { seed: SEED, numRuns: 1500 },
      )
    })
  })
}

type Part = 'method' | 'path' | 'query' | 'header' | 'date' | 'scope' | 'body' | 'signature' | 'signedHeaders'
const PARTS: Part[] = [
  'method',
  'path',
  'query',
  'header',
  'date',
  'scope',
  'body',
  'signature',
  'signedHeaders',
]

type Change = (request: WireRequest, at: number, char: string) => WireRequest | undefined

const changes: Record<Part, Change> = {
  method: (request, at, char) => ({ ...request, method: replaced(request.method, at, char) }),
  path: (request, at, char) => {
    // The first "/" is the target's own; an escape's case, and empty or dot segments, mean the same to AWS.
    if (request.path.length < 2 || char === '/' || char === '.') return undefined
    const path = `/${replaced(request.path.slice(1), at, char)}`
    return path.toLowerCase() === request.path.toLowerCase() || path.includes('/..')
      ? undefined
      : { ...request, path }
  },
  query: (request, at, char) => {
    if (request.query === '') return undefined
    const query = replaced(request.query, at, char)
    return query.toLowerCase() === request.query.toLowerCase() ? undefined : { ...request, query }
  },
  header: (request, at, char) => {
    const headers = new HeaderFields(request.headers)
    const { signedHeaders } = parseAuthorization(headers, '')
    const name = signedHeaders[at % signedHeaders.length] ?? ''
    const value = headerOf(request, name)
    return value[at % value.length] === ' ' ? undefined : withHeader(request, name, replaced(value, at, char))
  },
  date: (request, at, char) =>
    withHeader(request, 'x-amz-date', replaced(headerOf(request, 'x-amz-date'), at, char)),
  scope: (request, at, char) => inAuthorization(request, /Credential=([^,]+)/, at, char),
  signedHeaders: (request, at, char) => inAuthorization(request, /SignedHeaders=([^,]+)/, at, char),
  signature: (request, at, char) => inAuthorization(request, /Signature=([0-9a-f]+)/, at, char),
  body: (request, at, char) =>
    request.body.length === 0
      ? undefined
      : { ...request, body: Buffer.from(replaced(request.body.toString('latin1'), at, char), 'latin1') },
}

function inAuthorization(request: WireRequest, part: RegExp, at: number, char: string): WireRequest {
  const value = headerOf(request, 'authorization')
  const found = part.exec(value)?.[1] ?? ''
  return withHeader(
    request,
    'authorization',
    value.replace(found, () => replaced(found, at, char)),
  )
}

/** The text with one character replaced by a different one. */
function replaced(text: string, at: number, char: string): string {
  const index = at % text.length
  const other = text[index] === char ? (char === 'a' ? 'b' : 'a') : char
  return text.slice(0, index) + other + text.slice(index + 1)
}

function character(): fc.Arbitrary<string> {
  return fc.stringMatching(/^[!-~]$/)
}

/** Refused by the stages or, where the hash is declared, cut off as the body passes. */
async function refusedOrCut(request: WireRequest): Promise<boolean> {
  const exchange = received(request)
  if ((await refusal(exchange)) !== undefined) return true
  const { payload } = await accept(exchange)
  if (payload.kind !== 'declared') return false
  const check = payloadHashCheck(payload.sha256)
  check.end(request.body)
  return check
    .resume()
    .toArray()
    .then(
      () => false,
      () => true,
    )
}
