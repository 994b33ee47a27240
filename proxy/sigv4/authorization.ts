/** Reads the `Authorization` header of SigV4, and names every other way of signing that a request may use. */
import { Denial } from '../denial.ts'
import type { Authorization, CredentialScope } from '../exchange.ts'
import type { HeaderFields } from '../headers.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'

const ACCESS_KEY_ID = /^[A-Za-z0-9_-]{1,128}$/
const DATE = /^\d{8}$/
const REGION = /^[a-z0-9-]{1,63}$/
/** Upper case occurs: `IoTSecuredTunneling` is a signing name. */
const SERVICE = /^[A-Za-z0-9-]{1,63}$/
/** RFC 9110 5.6.2 `token`, lower case; no `;`, which separates names here. */
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const SIGNATURE = /^[0-9a-f]{64}$/

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
  const parameters = new Map<string, string>()
  for (const part of text.split(',')) {
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(equals, 0)).trim()
    if (parameters.has(name)) throw malformed('A part of the Authorization header came twice.')
    parameters.set(name, part.slice(equals + 1).trim())
  }
  const credential = parameters.get('Credential')
  const signedHeaders = parameters.get('SignedHeaders')
  const signature = parameters.get('Signature')
  if (credential === undefined || signedHeaders === undefined || signature === undefined || parameters.size !== 3) {
    throw malformed('The Authorization header needs Credential, SignedHeaders and Signature, each once.')
  }
  if (!SIGNATURE.test(signature)) throw malformed('Signature must be 64 hexadecimal digits in lower case.')
  return { ...parseCredential(credential), signedHeaders: parseSignedHeaders(signedHeaders), signature }
}

function parseCredential(text: string): { accessKeyId: string; scope: CredentialScope } {
  const [accessKeyId = '', date = '', region = '', service = '', end, ...rest] = text.split('/')
  const wellFormed =
    ACCESS_KEY_ID.test(accessKeyId) && DATE.test(date) && REGION.test(region) && SERVICE.test(service)
  if (!wellFormed || end !== 'aws4_request' || rest.length > 0) {
    throw malformed('Credential must be KEYID/YYYYMMDD/region/service/aws4_request.')
  }
  return { accessKeyId, scope: { date, region, service } }
}

function parseSignedHeaders(text: string): readonly string[] {
  const names = text.split(';')
  let previous = ''
  for (const name of names) {
    if (!HEADER_NAME.test(name) || name <= previous) {
      throw malformed('SignedHeaders must be lower-case header names, sorted, each once.')
    }
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
    if (QUERY_V4.has(name)) return 'Presigned URLs are not served yet; call the operation with signed headers.'
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
  return name.replace(/%[0-9a-fA-F]{2}/g, (hex) => String.fromCharCode(parseInt(hex.slice(1), 16))).toLowerCase()
}

function unsupportedScheme(scheme: string): string {
  if (scheme === 'AWS4-ECDSA-P256-SHA256') return 'SigV4a is not served yet; sign with AWS4-HMAC-SHA256.'
  if (scheme === 'AWS') return 'SigV2 is not served; set signature_version to s3v4 (boto3) or take a newer SDK.'
  if (scheme === 'Bearer') return 'Bearer tokens are not served; sign with AWS4-HMAC-SHA256.'
  return 'This Authorization scheme is not served; sign with AWS4-HMAC-SHA256.'
}

function malformed(detail: string): Denial {
  return new Denial('malformed_authorization', detail)
}
