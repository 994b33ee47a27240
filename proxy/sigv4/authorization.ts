/** Finds the one credential of a request, in the `Authorization` header or the query string, and refuses other schemes. */
import { Denial } from '../core/denial/denial.ts'
import type { Authorization } from './types.ts'
import type { HeaderFields } from '../core/http/headers.ts'
import { memoize } from '../core/memoize.ts'
import {
  ALGORITHM,
  ECDSA_ALGORITHM,
  malformedAuthorization,
  parseRegionSet,
  parseSignedHeaders,
} from './credential.ts'
import { parseQueryAuthorization, queryForm } from './query-authorization.ts'

/**
 * Matches what follows the algorithm, as every SDK writes it. Access key ids consist of `[A-Za-z0-9_-]`. A signing name
 * may have upper case (`IoTSecuredTunneling`). Header names are tokens in lower case (RFC 9110 5.6.2), separated by
 * `;`. Over HTTP/2 some clients sign `:authority` instead of Host. SigV4a has no region in its scope, and its signature
 * is DER in hex.
 */
const PARAMETERS =
  /^Credential=([\w-]{1,128})\/(\d{8})\/([a-z0-9-]{1,63})\/([A-Za-z0-9-]{1,63})\/aws4_request, *SignedHeaders=((?::authority;)?[a-z0-9!#$%&'*+.^_`|~;-]+|:authority), *Signature=$/
const SIGNATURE = /^[0-9a-f]{64}$/
const SIGNATURE_DIGITS = 64
const ECDSA_PARAMETERS =
  /^Credential=([\w-]{1,128})\/(\d{8})\/([A-Za-z0-9-]{1,63})\/aws4_request, *SignedHeaders=((?::authority;)?[a-z0-9!#$%&'*+.^_`|~;-]+|:authority), *Signature=((?:[0-9a-f]{2}){8,72})$/

/**
 * Parses the one credential of a request strictly. It verifies nothing.
 *
 * Throws a Denial: `missing_credential` if there is none, `unsupported_signature` for a form that is not supported,
 * `malformed_request` or `malformed_authorization` for anything that two parsers could read in two ways.
 */
export function parseAuthorization(headers: HeaderFields, query: string): Authorization {
  const values = headers.all('authorization')
  const value = values[0]
  if (values.length > 1)
    throw new Denial('malformed_request', 'The request has two Authorization headers; send one.')
  const form = queryForm(query)
  if (form !== undefined && value !== undefined) {
    throw malformedAuthorization('The request is signed in the Authorization header and in the query string.')
  }
  if (form === 'sigv2') throw new Denial('unsupported_signature', NO_SIGV2)
  if (form === 'sigv4') return parseQueryAuthorization(query)
  if (value === undefined) throw missing(headers)
  const blank = value.indexOf(' ')
  const scheme = blank < 0 ? value : value.slice(0, blank)
  if (scheme === ALGORITHM) return parseParameters(value.slice(blank + 1))
  if (scheme === ECDSA_ALGORITHM) return parseEcdsaParameters(value.slice(blank + 1), headers)
  throw new Denial('unsupported_signature', unsupportedScheme(scheme))
}

function parseParameters(text: string): Authorization {
  const signature = text.slice(-SIGNATURE_DIGITS)
  if (!SIGNATURE.test(signature)) throw malformedParameters(CREDENTIAL)
  return { ...claimOf(text.slice(0, -SIGNATURE_DIGITS)), signature }
}

const CREDENTIAL = 'KEYID/YYYYMMDD/region/service/aws4_request'

/** Parses everything but the signature. For one client it is the same from call to call. */
const claimOf = memoize(
  (text): Omit<Authorization, 'signature'> => {
    const match = PARAMETERS.exec(text)
    if (match === null) throw malformedParameters(CREDENTIAL)
    const [, accessKeyId = '', date = '', region = '', service = '', names = ''] = match
    return {
      algorithm: ALGORITHM,
      accessKeyId,
      scope: Object.freeze({ date, region, service }),
      signedHeaders: Object.freeze(parseSignedHeaders(names)),
      presigned: undefined,
    }
  },
  { most: 1_000, longest: 512 },
)

function parseEcdsaParameters(text: string, headers: HeaderFields): Authorization {
  const match = ECDSA_PARAMETERS.exec(text)
  if (match === null) throw malformedParameters('KEYID/YYYYMMDD/service/aws4_request')
  const [, accessKeyId = '', date = '', service = '', names = '', signature = ''] = match
  return {
    algorithm: ECDSA_ALGORITHM,
    accessKeyId,
    scope: { date, region: parseRegionSet(headers.one('x-amz-region-set')), service },
    signedHeaders: parseSignedHeaders(names),
    signature,
    presigned: undefined,
  }
}

const NO_SIGV2 =
  'SigV2 is not supported; set signature_version to s3v4 (boto3) or use an SDK that signs with SigV4.'

/** A browser uploads with a policy document in a form: its signature is in the body (S3 API, "POST Object"). */
function missing(headers: HeaderFields): Denial {
  if (/^multipart\/form-data\s*(;|$)/i.test(headers.one('content-type') ?? '')) {
    return new Denial(
      'unsupported_signature',
      'Uploads by a browser form (POST policy) are not supported; make a presigned URL for PUT instead.',
    )
  }
  return new Denial(
    'missing_credential',
    'The request has no Authorization header, and no signature in its query string.',
  )
}

function unsupportedScheme(scheme: string): string {
  if (scheme === 'AWS') return NO_SIGV2
  if (scheme === 'Bearer') return 'Bearer tokens are not supported; sign with AWS4-HMAC-SHA256.'
  return 'This Authorization scheme is not supported; sign with AWS4-HMAC-SHA256.'
}

function malformedParameters(credential: string): Denial {
  return malformedAuthorization(
    `After the algorithm must come Credential=${credential}, SignedHeaders=lower-case names, Signature=hexadecimal ` +
      'digits, in this order.',
  )
}
