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
import { stands } from './pure-verifier.ts'
import { changesOf, EVERY_EDIT, meaningOf, Tally, type Edit } from './vector-changes.ts'
import { vectorsOf, vectorsPresent, type Vector } from './vectors.ts'

const SIGNED_AT_MS = Date.UTC(2015, 7, 30, 12, 36, 0)

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

/** `perPlace` edits at every place; which ones goes round, from case to case too: they share most of their text. */
function editsFor(index: number, perPlace: number): (place: number) => readonly Edit[] {
  if (perPlace === EVERY_EDIT.length) return () => EVERY_EDIT
  return (place) =>
    Array.from({ length: perPlace }, (_, i) => EVERY_EDIT[(index + place + i * 3) % EVERY_EDIT.length] ?? 0)
}

type Judge = (request: WireRequest, vector: Vector) => string | undefined | Promise<string | undefined>

/** Counts the refusals by reason. Fails at a change that passes, unless it is another spelling of the same. */
async function judged(vectors: readonly Vector[], perPlace: number, judge: Judge): Promise<Tally> {
  const tally = new Tally()
  for (const [index, vector] of vectors.entries()) {
    const { name, form, request, exactPath, omitsSessionToken } = vector
    const leftOut = omitsSessionToken ? ['x-amz-security-token'] : []
    const whole = meaningOf(request, exactPath, leftOut)
    const fields = new Set(request.headers.map((text) => text.toLowerCase()))
    // Who leaves the token out of what is signed has no signature over its header.
    for (const each of leftOut) fields.delete(each)
    for (const changed of changesOf(request, fields, editsFor(index, perPlace))) {
      const judgement = judge(changed, vector)
      const reason = judgement instanceof Promise ? await judgement : judgement
      if (reason !== undefined) tally.refused(reason)
      else if (meaningOf(changed, exactPath, leftOut) === whole) tally.same()
      else expect.fail(`${name} (${form}) is accepted as ${JSON.stringify(changed)}`)
    }
  }
  return tally
}

describe.skipIf(!vectorsPresent)('the AWS signing test suite, one byte changed', () => {
  const v4 = vectorsOf('v4')
  const v4a = vectorsOf('v4a')

  it.each([
    ['SigV4', v4, 10, 200_000],
    ['SigV4a', v4a, 3, 80_000],
  ] as const)(
    'is refused by the pure verifier (%s)',
    { timeout: 120_000 },
    async (what, vectors, edits, least) => {
      const tally = await judged(vectors, edits, (request, vector) =>
        stands(request, vector) ? undefined : 'refused',
      )
      console.info(`pure verifier, ${what}: ${tally.summary()}`)
      expect(tally.total).toBeGreaterThan(least)
    },
  )

  it.each([...named(v4), ...named(v4a)])('meets the stages unchanged: %s', async (_name, vector) => {
    expect(await refusal(vector.request)).toBe(expectedRefusal(vector))
  })

  it.each([
    ['SigV4', v4, 10, 130_000],
    ['SigV4a', v4a, 2, 35_000],
  ] as const)('is refused by the stages (%s)', { timeout: 120_000 }, async (what, vectors, edits, least) => {
    const taken = vectors
      .filter((vector) => expectedRefusal(vector) === undefined)
      .map((vector) => ({ ...vector, exactPath: false }))
    const tally = await judged(taken, edits, refusal)
    console.info(`stages, ${what}: ${tally.summary()}`)
    expect(tally.total).toBeGreaterThan(least)
  })
})
