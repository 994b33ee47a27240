/**
 * Lists what happens to a header field that the signature leaves out (rule S29). Anybody between the client and Moderato
 * can add or change such a field, and Moderato would sign it. So a field that is not listed here is dropped before
 * anything reads it.
 */

/**
 * Names what Moderato does with an unsigned field:
 *
 * - `forward`: it goes on, and decides nothing here
 * - `connection`: it is about this connection or this signature; Moderato writes its own
 * - `reading`: it goes on with GET and HEAD, and is refused with any other method
 * - `object`: it goes on to S3, where it describes an object; it is dropped elsewhere
 * - `coding`: it goes on to S3 like `object`; it is refused elsewhere
 * - `type`: it goes on if it is the type that the operation's protocol has; see `unsigned-type.ts`
 * - `refuse`: it can change what the call does
 * - `drop`: it neither goes on nor is refused
 */
export type UnsignedTreatment =
  | 'forward'
  | 'connection'
  | 'reading'
  | 'object'
  | 'coding'
  | 'type'
  | 'refuse'
  | 'drop'

/** Is a row of the table. */
export interface UnsignedRow {
  /** Names in lower case; a `*` at the end stands for the rest of a name. */
  readonly names: readonly string[]
  readonly treatment: UnsignedTreatment
  /** The reason, for docs/signing.md. */
  readonly why: string
}

/**
 * The table. What the AWS SDKs never sign was read in botocore 1.43 (`auth.py`), `@smithy/signature-v4` 5.7
 * (`constants.ts`), aws4 1.13, aws4fetch 1.0 and aws-sdk 2.1693; the fields that services read, in botocore 1.44.5. The
 * longest name that fits counts.
 */
export const UNSIGNED_HEADERS: readonly UnsignedRow[] = [
  {
    names: ['x-amz-*'],
    treatment: 'refuse',
    why: 'It holds parameters of the call. AWS refuses it unsigned too.',
  },
  {
    names: ['x-amzn-*', 'smithy-protocol', 'x-k8s-aws-id'],
    treatment: 'refuse',
    why: 'It holds parameters of the call, names its protocol, or the cluster that an EKS token is for.',
  },
  {
    names: [
      'allow-revert',
      'authentication',
      'client-token',
      'content-range',
      'description',
      'grafana-token',
      'graphidentifier',
      'inputsource',
      'instance-id',
      'latest-version-number',
      'match-for-version-type',
      'mcp-protocol-version',
      'mcp-session-id',
      'response-content-type',
      'responsecontenttype',
      'staging',
      'uniqueids',
      'useclientcertificateocspendpoint',
      'versionlabel',
      'x-client-token',
    ],
    treatment: 'refuse',
    why: 'It is a parameter of some AWS operation. Without it the call would be another one.',
  },
  {
    names: ['host'],
    treatment: 'refuse',
    why: 'It names the bucket or the service. Every signer signs it.',
  },
  {
    names: ['content-type'],
    treatment: 'type',
    why: 'Many signers leave it out. It goes on where it can change nothing; see below.',
  },
  {
    names: ['range', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since'],
    treatment: 'reading',
    why: 'With GET and HEAD it chooses how much of a granted object is read. Otherwise it decides whether something is changed: sign it.',
  },
  {
    names: ['content-disposition', 'content-language', 'content-md5', 'expires', 'origin'],
    treatment: 'object',
    why: 'To S3 it is metadata or a checksum of an object, or has the answer name its origin for browsers. Nothing else reads it.',
  },
  {
    names: ['content-encoding'],
    treatment: 'coding',
    why: 'To S3 it is metadata of an object. Any other service could read another body than Moderato.',
  },
  {
    names: [
      'connection',
      'content-length',
      'expect',
      'keep-alive',
      'proxy-authenticate',
      'proxy-authorization',
      'proxy-connection',
      'te',
      'trailer',
      'transfer-encoding',
      'upgrade',
    ],
    treatment: 'connection',
    why: 'It is about one connection. Moderato checks it and writes its own.',
  },
  {
    names: ['authorization', 'date'],
    treatment: 'connection',
    why: 'Moderato signs with its own credentials and date.',
  },
  {
    names: ['amz-sdk-invocation-id', 'amz-sdk-request', 'amz-sdk-retry'],
    treatment: 'forward',
    why: 'SDKs count their attempts in it and never sign it.',
  },
  {
    names: ['baggage', 'traceparent', 'tracestate', 'x-amzn-trace-id'],
    treatment: 'forward',
    why: "AWS's own tracing reads it.",
  },
  {
    names: ['accept', 'accept-encoding', 'accept-language'],
    treatment: 'forward',
    why: 'It asks for a form of the answer.',
  },
  {
    names: ['cache-control', 'from', 'max-forwards', 'pragma', 'referer', 'sec-*', 'user-agent'],
    treatment: 'forward',
    why: 'HTTP libraries add it after signing; SDKs never sign it. Services log it, and S3 stores Cache-Control.',
  },
  {
    names: [
      'x-amzn-lattice-*',
      'x-amzn-mtls-*',
      'x-amzn-requestid',
      'x-amzn-tls-*',
      'x-amzn-vpc-*',
      'x-amzn-vpce-*',
      'x-amzn-waf-*',
    ],
    treatment: 'drop',
    why: "AWS's load balancers, firewalls and service networks add it. No operation has it.",
  },
  {
    names: ['*'],
    treatment: 'drop',
    why: 'No operation has it: cookies, X-Forwarded-* and what else browsers, tracers, sidecars and load balancers add; method overrides too.',
  },
]

const EXACT = new Map<string, UnsignedTreatment>()
const PREFIXES: (readonly [string, UnsignedTreatment])[] = []
for (const { names, treatment } of UNSIGNED_HEADERS)
  for (const name of names)
    if (name.endsWith('*')) PREFIXES.push([name.slice(0, -1), treatment])
    else EXACT.set(name, treatment)
PREFIXES.sort(([a], [b]) => b.length - a.length)

/** Returns what is done with a field of this name (lower case) if it is not signed. */
export function unsignedTreatment(name: string): UnsignedTreatment {
  const exact = EXACT.get(name)
  if (exact !== undefined) return exact
  for (const [prefix, treatment] of PREFIXES) if (name.startsWith(prefix)) return treatment
  return 'drop'
}

/** Tells whether our own signature leaves this field (lower case) out, as the SDKs' do. Never true for `host`. */
export function mayBeUnsigned(name: string): boolean {
  const treatment = unsignedTreatment(name)
  return treatment === 'forward' || treatment === 'connection'
}
