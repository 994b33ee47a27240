/** Checks a token's signature and its claims with a provider's keys. */
import { errors, jwtVerify, type JWTPayload } from 'jose'
import { Denial } from '../../core/denial/denial.ts'
import type { Clock } from '../../core/ports.ts'
import type { KeySet } from './bundle.ts'
import type { Source } from './source.ts'
import { checkUnverified, malformedToken, type Expected, type UnverifiedToken } from './token.ts'

export interface TokenVerifyOptions extends Expected {
  readonly keys: Source<KeySet>
  readonly issuer?: string
  /** Since `iat`; undefined: as long as its issuer says. */
  readonly maxAgeMs?: number | undefined
  readonly clock: Clock
}

/** The most checks of signatures under way for one provider. */
const MOST_CHECKS = 64
/** The most tokens that wait for new keys of one provider. A token of a known key never waits there. */
const MOST_WAITING = 64

/** Verifies tokens, a bounded number of them at a time: denial `overloaded` beyond. */
export function tokenVerifier(options: TokenVerifyOptions) {
  const { keys, clock } = options
  const checks = bounded(MOST_CHECKS, 'Too many tokens are being checked.')
  const renewals = bounded(MOST_WAITING, 'Too many tokens wait for new keys of their issuer.')
  const checked = (token: UnverifiedToken, known: KeySet): Promise<JWTPayload> =>
    checks(() => claimsOf(token, known, options))

  return async function verifyToken(token: UnverifiedToken): Promise<JWTPayload> {
    checkUnverified(token, options, clock.nowMs())
    const known = await keys.current()
    try {
      return await checked(token, known)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw denialOf(error)
    }
    // A key that is not known may be a new one: then the keys are asked for anew, once.
    const renewed = await renewals(() => keys.renewed())
    try {
      return await checked(token, renewed)
    } catch (error) {
      throw denialOf(error)
    }
  }
}

/** Returns what runs a bounded number of acts at a time, and refuses more. */
function bounded(most: number, why: string) {
  let underWay = 0
  return async function run<Value>(act: () => Promise<Value>): Promise<Value> {
    if (underWay >= most) throw new Denial('overloaded', why)
    underWay += 1
    try {
      return await act()
    } finally {
      underWay -= 1
    }
  }
}

async function claimsOf(
  token: UnverifiedToken,
  keys: KeySet,
  options: TokenVerifyOptions,
): Promise<JWTPayload> {
  const { issuer, audience, algorithms, toleranceMs, maxAgeMs, clock } = options
  const { payload } = await jwtVerify(token.text, keys, {
    audience,
    algorithms: [...algorithms],
    clockTolerance: toleranceMs / 1000,
    currentDate: new Date(clock.nowMs()),
    requiredClaims: ['sub', 'exp'],
    ...(issuer === undefined ? {} : { issuer }),
    ...(maxAgeMs === undefined ? {} : { maxTokenAge: maxAgeMs / 1000 }),
  })
  return payload
}

/** Returns what jose has against a token, in our words; whatever else it throws is passed on. */
function denialOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired)
    return new Denial('identity_expired', 'The token has expired, or is too old.')
  if (error instanceof errors.JWTClaimValidationFailed) return ofClaim(error)
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed)
    return new Denial('identity_signature', 'No key that its issuer uses now has signed the token.')
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return new Denial('identity_signature', 'The token does not say which key has signed it.')
  if (error instanceof errors.JOSEError)
    return malformedToken('its signature is of a form that is not known here')
  // A key that is too short, or not fit for the algorithm.
  if (error instanceof TypeError) return new Denial('identity_signature', `The issuer's key cannot be used.`)
  return error
}

function ofClaim({ claim }: errors.JWTClaimValidationFailed): Denial {
  switch (claim) {
    case 'aud':
      return new Denial('identity_audience', 'The token is for another audience.')
    case 'iss':
      return new Denial('identity_unknown_issuer', 'The token is of another issuer.')
    case 'nbf':
    case 'iat':
      return new Denial('identity_expired', 'The token is not valid yet, or does not say since when it is.')
    default:
      return malformedToken(`its claim ${claim} is missing, or no usable value`)
  }
}
