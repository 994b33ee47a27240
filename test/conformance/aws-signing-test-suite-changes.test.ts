/** No request that is one byte away from an official case passes, save other spellings of the same; both are counted. */
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/denial.ts'
import type { Verified } from '../../proxy/exchange.ts'
import { Signatures } from '../../proxy/sigv4/signatures.ts'
import { identify } from '../../proxy/stages/identify.ts'
import { checkHead } from '../../proxy/stages/receive.ts'
import { verify } from '../../proxy/stages/verify.ts'
import { agents, received, type WireRequest } from '../sigv4/signing.ts'
import { read, stands } from './pure-verifier.ts'
import { changesOf, EVERY_EDIT, meaningOf, Tally, type Edit } from './vector-changes.ts'
import { vectorsOf, vectorsPresent, type Vector } from './vectors.ts'

const SIGNED_AT_MS = Date.UTC(2015, 7, 30, 12, 36, 0)
/** Every place, one edit at each; which one goes round. */
const ONE_EDIT = EVERY_EDIT.map((edit): readonly Edit[] => [edit])
const oneEdit = (place: number): readonly Edit[] => ONE_EDIT[place % ONE_EDIT.length] ?? []
const everyEdit = (): readonly Edit[] => EVERY_EDIT

const head = checkHead()
const identified = identify({ agents })
const verified = verify({
  agents,
  clockSkew: { maxSkewMs: 300_000, maxSkewS3Ms: 900_000 },
  signatures: new Signatures(),
})

/** The reason for which the stages, and who reads the body, refuse; undefined if they do not. */
async function refusal(request: WireRequest): Promise<string | undefined> {
  try {
    const pending: Verified | Promise<Verified> = verified(identified(head(received(request, SIGNED_AT_MS))))
    const { payload } = pending instanceof Promise ? await pending : pending
    if (payload.kind !== 'declared' || payload.sha256 === hash('sha256', request.body, 'hex'))
      return undefined
    return 'payload_mismatch'
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}

/** The fields whose changes a signature answers for, by the request's own claim, and where the claim stands. */
function coveredFields(request: WireRequest): ReadonlySet<string> {
  return new Set(['authorization', ...(read(request)?.authorization.signedHeaders ?? [])])
}

const named = (vectors: readonly Vector[]) =>
  vectors.map((each) => [`${each.name} (${each.form})`, each] as const)

/** Why the proxy refuses some of the cases as they stand; it takes all others. */
function expectedRefusal({ name, exactPath, request }: Vector): string | undefined {
  // Node's parser takes none of these; the first stage refuses them too.
  if (/^get-(utf8|space-|vanilla-utf8-query)/.test(name)) return 'malformed_request'
  if (name === 'get-header-value-multiline') return 'malformed_request'
  // Static agents have no sessions.
  if (/session-token|-sts-/.test(name)) return 'unknown_credential'
  // Only the S3 family signs its paths as they are, and the suite's service is none of it.
  return exactPath && /\/\/|\/\./.test(request.path) ? 'bad_signature' : undefined
}

describe.skipIf(!vectorsPresent)('the AWS signing test suite, one byte changed', () => {
  const v4 = vectorsOf('v4')
  const v4a = vectorsOf('v4a')

  it.each([
    ['SigV4, every edit at every place', v4, everyEdit, 200_000],
    ['SigV4a, one edit at every place', v4a, oneEdit, 25_000],
  ] as const)(
    'is refused by the pure verifier: %s',
    { timeout: 120_000 },
    (what, vectors, editsOf, least) => {
      const tally = new Tally()
      for (const vector of vectors) {
        const { request, exactPath, omitsSessionToken } = vector
        const leftOut = omitsSessionToken ? ['X-Amz-Security-Token'] : []
        const whole = meaningOf(request, exactPath, leftOut)
        for (const changed of changesOf(request, coveredFields(request), editsOf)) {
          if (!stands(changed, vector)) tally.add('refused')
          else if (meaningOf(changed, exactPath, leftOut) === whole) tally.add('other spellings of the same')
          else expect.fail(`${vector.name} (${vector.form}) is accepted as ${JSON.stringify(changed)}`)
        }
      }
      console.info(`pure verifier, ${what}: ${tally}`)
      expect(tally.count('refused')).toBeGreaterThan(least)
    },
  )

  it.each([...named(v4), ...named(v4a)])('meets the stages unchanged: %s', async (_name, vector) => {
    expect(await refusal(vector.request)).toBe(expectedRefusal(vector))
  })

  it.each([
    ['SigV4', v4, 10_000],
    ['SigV4a', v4a, 10_000],
  ] as const)(
    'is refused by the stages: %s, one edit at every place',
    { timeout: 120_000 },
    async (what, vectors, least) => {
      const tally = new Tally()
      let refused = 0
      for (const vector of vectors) {
        if (expectedRefusal(vector) !== undefined) continue
        const { request } = vector
        const whole = meaningOf(request, false)
        const fields = new Set(request.headers.map((text) => text.toLowerCase()))
        for (const changed of changesOf(request, fields, oneEdit)) {
          const reason = await refusal(changed)
          if (reason !== undefined) {
            refused += 1
            tally.add(reason)
          } else if (meaningOf(changed, false) === whole) tally.add('other spellings of the same')
          else expect.fail(`${vector.name} (${vector.form}) is accepted as ${JSON.stringify(changed)}`)
        }
      }
      console.info(`stages, ${what}: ${refused} refused; ${tally}`)
      expect(refused).toBeGreaterThan(least)
    },
  )
})
