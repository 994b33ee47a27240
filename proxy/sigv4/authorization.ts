/** Reads the `Authorization` header of SigV4, and names every other way of signing that a request may use. */
import { Denial } from '../denial.ts'
import type { Authorization } from '../exchange.ts'
import type { HeaderFields } from '../headers.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * What follows the algorithm, as every SDK spells it. Access key ids are of `[A-Za-z0-9_-]`; a signing name may have
 * upper case (`IoTSecuredTunneling`); header names are tokens in lower case (RFC 9110 5.6.2), separated by `;`.
 */
const PARAMETERS =
  /^Credential=([\w-]{1,128})\/(\d{8})\/([a-z0-9-]{1,63})\/([A-Za-z0-9-]{1,63})\/aws4_request, *SignedHeaders=([a-z0-9!#$%&'*+.^_`|~;-]+), *Signature=([0-9a-f]{64})$/

/**
 * The one credential of a request, strictly parsed; nothing is verified yet.
 *
 * Throws a Denial: `missing_credential` if there is none, `unsupported_signature` for a form that is not served,
 * `malformed_request` or `malformed_authorization` for anything that two readers could read in two ways.
 */
export function parseAuthorization(headers: HeaderFields, query: string): Authorization {
  const values = headers.all('authorization')
  const value = values[0]
  if (values.length > 1) throw new Denial('malformed_request', 'The field authorization came twice.')
  const inQuery = queryAuthentication(query)
  if (value === undefined) {
    if (inQuery !== undefined) throw new Denial('unsupported_signature', inQuery)
    throw new Denial('missing_credential', 'The request has no Authorization header.')
  }
  if (inQuery !== undefined) {
    throw malformed('The request is signed in the Authorization header and in the query string.')
  }
  const blank = value.indexOf(' ')
  const scheme = blank < 0 ? value : value.slice(0, blank)
  if (scheme !== ALGORITHM) throw new Denial('unsupported_signature', unsupportedScheme(scheme))
  return parseParameters(value.slice(blank + 1))
}

function parseParameters(text: string): Authorization {
  const match = PARAMETERS.exec(text)
  if (match === null) {
    throw malformed(
      'After the algorithm must come Credential=KEYID/YYYYMMDD/region/service/aws4_request, ' +
        'SignedHeaders=lower-case names, Signature=64 hexadecimal digits, in this order.',
    )
  }
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature = ''] = match
  return {
    accessKeyId,
    scope: { date, region, service },
    signedHeaders: parseSignedHeaders(names),
    signature,
  }
}

function parseSignedHeaders(text: string): readonly string[] {
  const names = text.split(';')
  let previous = ''
  for (const name of names) {
    if (name <= previous) throw malformed('SignedHeaders must be sorted, each name once.')
    previous = name
  }
  return names
}

const QUERY_V4 = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
])

/** What to tell a client that signs in the query string; undefined if this one does not. */
function queryAuthentication(query: string): string | undefined {
  if (query === '') return undefined
  for (const pair of query.split('&')) {
    const name = decodedName(pair)
    if (QUERY_V4.has(name))
      return 'Presigned URLs are not served yet; call the operation with signed headers.'
    if (name === 'awsaccesskeyid') {
      return 'SigV2 is not served; set signature_version to s3v4 (boto3) or take an SDK that signs with SigV4.'
    }
  }
  return undefined
}

/** The upstream decodes names before it reads them, so an encoded one must not hide here. */
function decodedName(pair: string): string {
  const equals = pair.indexOf('=')
  const name = equals < 0 ? pair : pair.slice(0, equals)
  if (!name.includes('%')) return name.toLowerCase()
  return name
    .replace(/%[0-9a-fA-F]{2}/g, (hex) => String.fromCharCode(parseInt(hex.slice(1), 16)))
    .toLowerCase()
}

function unsupportedScheme(scheme: string): string {
  if (scheme === 'AWS4-ECDSA-P256-SHA256') return 'SigV4a is not served yet; sign with AWS4-HMAC-SHA256.'
  if (scheme === 'AWS')
    return 'SigV2 is not served; set signature_version to s3v4 (boto3) or take a newer SDK.'
  if (scheme === 'Bearer') return 'Bearer tokens are not served; sign with AWS4-HMAC-SHA256.'
  return 'This Authorization scheme is not served; sign with AWS4-HMAC-SHA256.'
}

function malformed(detail: string): Denial {
  return new Denial('malformed_authorization', detail)
}
