/** Reads a token as far as it can be read without trusting it: what is refused here costs no signature check. Pure. */
import { jsonOrUndefined } from '../../core/json.ts'
import { z } from 'zod'
import { Denial } from '../../core/denial/denial.ts'

/** Of what STS takes as a web identity token. */
const MAX_CHARACTERS = 20_000

const Header = z.looseObject({
  alg: z.string(),
  kid: z.string().optional(),
  // A token for another purpose may be signed with the same key (RFC 8725 3.11).
  typ: z
    .string()
    .regex(/^(?:application\/)?(?:jwt|jose|at\+jwt)$/i)
    .optional(),
  // Nothing critical is understood here (RFC 7515 4.1.11).
  crit: z.undefined().optional(),
})

/** The last second of the year 9999: what is later is no date that stores and certificates can hold (RFC 5280 4.1.2.5). */
const LAST_SECOND = 253_402_300_799

const Claims = z.looseObject({
  iss: z.string().optional(),
  sub: z.string().min(1).max(2048),
  aud: z.union([z.string(), z.array(z.string())]).transform((aud) => [aud].flat()),
  exp: z.number().max(LAST_SECOND),
})

export interface UnverifiedToken {
  readonly text: string
  readonly algorithm: string
  readonly issuer: string | undefined
  readonly subject: string
  readonly audiences: readonly string[]
  readonly expiresAtMs: number
}

/** Reads a token. Denial `identity_malformed` for what is no signed JWT with a subject, an audience and an end. */
export function readToken(text: string): UnverifiedToken {
  if (text.length > MAX_CHARACTERS) throw malformedToken(`it has over ${MAX_CHARACTERS} characters`)
  const [header = '', payload = '', signature, ...more] = text.split('.')
  if (signature === undefined || more.length > 0) throw malformedToken('it has not three parts')
  const { alg } = parsed('header', Header, header)
  const { iss, sub, aud, exp } = parsed('claims', Claims, payload)
  return {
    text,
    algorithm: alg,
    issuer: iss,
    subject: sub,
    audiences: aud,
    expiresAtMs: Math.floor(exp * 1000),
  }
}

export interface Expected {
  readonly algorithms: readonly string[]
  readonly audience: string
  readonly toleranceMs: number
}

/**
 * Checks that a token is worth having its signature checked. Denials `identity_malformed`, `identity_audience`,
 * `identity_expired`. A list of audiences must be ours alone: whoever else is in it could present the token here.
 */
export function checkUnverified(token: UnverifiedToken, expected: Expected, nowMs: number): void {
  const { algorithms, audience, toleranceMs } = expected
  if (!algorithms.includes(token.algorithm)) {
    throw malformedToken(`its algorithm must be one of ${algorithms.join(', ')}`)
  }
  if (token.audiences.length === 0 || token.audiences.some((each) => each !== audience)) {
    throw new Denial(
      'identity_audience',
      `The token must be for the audience ${JSON.stringify(audience)} alone.`,
    )
  }
  if (token.expiresAtMs + toleranceMs <= nowMs) throw new Denial('identity_expired', 'The token has expired.')
}

export function malformedToken(why: string): Denial {
  return new Denial('identity_malformed', `The token cannot be used: ${why}.`)
}

function parsed<Shape extends z.ZodType>(part: string, shape: Shape, text: string): z.output<Shape> {
  const read = shape.safeParse(jsonOf(text))
  if (read.success) return read.data
  const names = [...new Set(read.error.issues.map(({ path }) => path.join('.')))].filter(
    (name) => name !== '',
  )
  throw malformedToken(
    names.length === 0 ? `its ${part} cannot be read` : `its ${part} lack a usable ${names.join(', ')}`,
  )
}

function jsonOf(text: string): unknown {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return undefined
  return jsonOrUndefined(Buffer.from(text, 'base64url').toString('utf8'))
}
