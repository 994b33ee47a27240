/** Parses requests to the signing endpoint, which signs only what is on a closed list (security rule S10). */
import { z } from 'zod'
import { isGeneralPurpose } from '../../aws/endpoints/buckets.ts'
import { parseJson, textOf } from '../../aws/protocols/document.ts'
import { Denial } from '../../core/denial/denial.ts'

const MAX_SECONDS = 15 * 60
const MAX_EKS_SECONDS = 60
const MAX_KEY_BYTES = 1024
/** Larger than any S3 object may be. */
const MAX_CONTENT_LENGTH = 2 ** 43

const seconds = (max: number) => z.int().min(1).max(max, `must be at most ${max} seconds`).default(max)
const text = (pattern: RegExp, what: string) => z.string().regex(pattern, `must be ${what}`)

const EksToken = z.strictObject({
  type: z.literal('eks-token'),
  cluster: text(/^[0-9A-Za-z][\w-]{0,99}$/, 'the name or id of a cluster'),
  expiresSeconds: seconds(MAX_EKS_SECONDS),
})

const RdsToken = z.strictObject({
  type: z.literal('rds-token'),
  host: text(/^[a-z0-9.-]{1,253}$/, 'a host name in lower case'),
  port: z.int().min(1).max(65_535),
  // No colon, slash, `*`, `?` or `$`: they have a meaning in an ARN.
  user: text(/^\w[\w.@-]{0,62}$/, 'the name of a database user'),
  expiresSeconds: seconds(MAX_SECONDS),
})

const ElastiCacheToken = z.strictObject({
  type: z.literal('elasticache-token'),
  cache: text(/^[a-z][a-z0-9-]{0,39}$/, 'the name of a cache in lower case'),
  user: text(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'the id of a user'),
  serverless: z.boolean().default(false),
  expiresSeconds: seconds(MAX_SECONDS),
})

const objectOf = {
  type: z.literal('s3-url'),
  bucket: z.string().refine(isGeneralPurpose, 'must be the name of a bucket, not an alias or access point'),
  key: z
    .string()
    .min(1)
    .refine((key) => key.isWellFormed() && Buffer.byteLength(key) <= MAX_KEY_BYTES, {
      error: `must be text of at most ${MAX_KEY_BYTES} bytes`,
    })
    .refine((key) => !/\p{Cc}/u.test(key), 'must have no control characters')
    // HTTP clients remove these, however they are encoded.
    .refine((key) => !/(?:^|\/)\.{1,2}(?:\/|$)/.test(key), 'must have no segment "." or "../.."'),
  expiresSeconds: seconds(MAX_SECONDS),
}

const S3Read = z.strictObject({ ...objectOf, method: z.enum(['GET', 'HEAD']) })
const S3Write = z.strictObject({
  ...objectOf,
  method: z.literal('PUT'),
  contentLength: z.int().min(0).max(MAX_CONTENT_LENGTH),
  sha256: text(/^[0-9a-f]{64}$/, "the body's SHA-256 in lower-case hex"),
})

const SignBody = z.discriminatedUnion('type', [
  EksToken,
  RdsToken,
  ElastiCacheToken,
  z.discriminatedUnion('method', [S3Read, S3Write]),
])

/** Describes what the signing endpoint is to sign, as it was parsed. */
export type SignBody = z.output<typeof SignBody>
/** Selects the body of one type. */
export type SignBodyOf<Type extends SignBody['type']> = Extract<SignBody, { type: Type }>

const TYPES = ['eks-token', 'rds-token', 'elasticache-token', 's3-url'] as const satisfies SignBody['type'][]

/**
 * Parses a JSON body. Denial `unclassified` for a request that is not on the list, `malformed_request` for one that has a
 * member twice, an unknown or missing member, or a value that is not allowed.
 */
export function parseSignBody(bytes: Buffer): SignBody {
  const document = parseJson(textOf(bytes))
  const read = SignBody.safeParse(document)
  if (read.success) return read.data
  const { type, method } = (document ?? {}) as { type?: unknown; method?: unknown }
  if (typeof type === 'string' && !TYPES.some((each) => each === type)) throw notOnTheList()
  if (type === 's3-url' && typeof method === 'string' && !['GET', 'HEAD', 'PUT'].includes(method)) {
    throw notOnTheList()
  }
  throw new Denial('malformed_request', problemsOf(read.error))
}

function notOnTheList(): Denial {
  return new Denial(
    'unclassified',
    'Moderato signs only: eks-token (one cluster), rds-token and elasticache-token (one host and user), ' +
      's3-url (GET, HEAD or PUT of one key). It signs no other request; make the call through Moderato.',
  )
}

function problemsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'The body'}: ${message}.`).join(' ')
}
