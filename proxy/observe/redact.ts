/** Implements the one redactor (rule S8): it removes secrets from text of agents and upstreams before log and audit show it. */
import { memoize } from '../core/memoize.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'

export const REDACTED = '[redacted]'

const HEADERS = new Set([
  'authorization',
  'proxy-authorization',
  'www-authenticate',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-amz-security-token',
  'x-amz-s3session-token',
  'x-amz-sso_bearer_token',
  'x-amz-access-token',
  'x-amz-signature',
  'x-amz-client-context',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-server-side-encryption-customer-key-md5',
  'x-amz-copy-source-server-side-encryption-customer-key',
  'x-amz-copy-source-server-side-encryption-customer-key-md5',
  'x-amzn-oidc-accesstoken',
  'x-amzn-oidc-data',
])

/** Matches names of headers, query parameters and members whose value is a secret, whoever sends it. */
const SECRET_NAME =
  /secret|token|passw|signature|credential|private.?key|customer.?key|authori[sz]ation|cookie|api.?key|session.?key/i
/** Matches names of members with free text of a caller: queries, scripts, user data, environment. */
const FREE_TEXT_NAME =
  /^(body|sql|statements?|query_?string|user_?data|environment|variables|env|scripts?|commands?|code)$/i
/** Lists names that match the pattern but hold no secret. */
const PLAIN_NAMES = new Set([
  'signedheaders',
  'x-amz-signedheaders',
  'signature_failures',
  'unsupported_signature',
])

const TEXT_RULES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g, REDACTED],
  // `Bearer x`, `Basic x`, and the three members of a SigV4 authorization at once.
  [/\b(Bearer|Basic|Negotiate|AWS4-[A-Z0-9-]{4,40})\s+[^\r\n"']+/gi, `$1 ${REDACTED}`],
  // name=value and "name": "value"; the repetitions are bounded, so hostile text costs linear time.
  [
    /([\w.-]{0,40}(?:secret|token|passw(?:or)?d|signature|private_?key|customer-key|authorization|cookie|api_?key)[\w.-]{0,40}["']?\s{0,4}[:=]\s{0,4}["']?)[^\s"',;&<>}]+/gi,
    `$1${REDACTED}`,
  ],
  [/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, REDACTED],
  // A signature or another SHA-256 in hex.
  [/\b[0-9a-f]{64}\b/gi, REDACTED],
  // The shape of an AWS secret access key: 40 characters of base64, upper, lower and digit among them.
  [
    /(?<![A-Za-z0-9/+])(?=[A-Za-z0-9/+]{0,39}[A-Z])(?=[A-Za-z0-9/+]{0,39}[a-z])(?=[A-Za-z0-9/+]{0,39}\d)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/g,
    REDACTED,
  ],
]

/** Caches results: the same few user agents and messages come with every request. */
const redactAll = memoize(
  (text: string): string => {
    let clean = text
    for (const [pattern, replacement] of TEXT_RULES) clean = clean.replace(pattern, replacement)
    return clean
  },
  { most: 1_000, longest: 512 },
)

/** Returns free text without what looks like a secret, cut to `maxCharacters`. */
export function redactText(text: string, maxCharacters = 4000): string {
  // Cut first, with room for a value that crosses the end: hostile length must not cost time.
  const clean = redactAll(text.slice(0, maxCharacters * 2))
  return clean.length > maxCharacters || text.length > maxCharacters * 2
    ? `${clean.slice(0, maxCharacters)}...`
    : clean
}

/** The default length is short enough for a sentence. */
const MAX_QUOTED = 200

/** Returns an agent's text without what looks like a secret, quoted as people are shown it everywhere. */
export function quoteRedacted(text: string, maxCharacters = MAX_QUOTED): string {
  return quoteUntrusted(redactText(text, maxCharacters), { max: maxCharacters })
}

/** Tells whether the value of this name is never shown: a header, a query parameter or a member, in any case. */
export function isSecretName(name: string): boolean {
  const lower = name.toLowerCase()
  if (HEADERS.has(lower)) return true
  return SECRET_NAME.test(lower) && !PLAIN_NAMES.has(lower)
}

/** Returns header fields (name, value, name, value, ...) with secret values replaced. */
export function redactHeaders(raw: readonly string[]): string[] {
  return raw.map((text, index) => {
    if (index % 2 === 0) return text
    return isSecretName(raw[index - 1] ?? '') ? REDACTED : redactText(text)
  })
}

/** Returns a raw query string with secret values replaced; names are decoded before they are compared. */
export function redactQuery(query: string): string {
  return query
    .split('&')
    .map((pair) => {
      const end = pair.indexOf('=')
      if (end < 0) return pair
      return isSecretName(decodeName(pair.slice(0, end)))
        ? `${pair.slice(0, end)}=${REDACTED}`
        : redactText(pair)
    })
    .join('&')
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch {
    return name
  }
}

const MAX_DEPTH = 6

/**
 * Holds a value whose secrets were masked by what knows them better than this redactor: the configuration's own schema
 * says which settings are secret, and names in it are none.
 */
export class Masked {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/** Returns a copy of a structured value: secret and free-text members are replaced, and every text is redacted. */
export function redactValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Masked) return value.value
  if (value instanceof Error) return redactError(value, depth)
  if (value instanceof Date) return value
  if (depth >= MAX_DEPTH || ArrayBuffer.isView(value)) return REDACTED
  if (Array.isArray(value)) return value.map((each) => redactValue(each, depth + 1))
  const copy: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) {
    const hidden = member !== undefined && (isSecretName(name) || FREE_TEXT_NAME.test(name))
    copy[name] = hidden ? REDACTED : redactValue(member, depth + 1)
  }
  return copy
}

function redactError(error: Error, depth: number): object {
  return {
    type: error.name,
    message: redactText(error.message),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...(error.cause === undefined || depth >= MAX_DEPTH
      ? {}
      : { cause: redactValue(error.cause, depth + 1) }),
  }
}
