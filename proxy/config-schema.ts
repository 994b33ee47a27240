/** The configuration: one zod schema gives types, defaults, checks and documentation. */
import { z } from 'zod'
import { ACTION_CLASSES } from './classes.ts'
import { DEFAULT_PACES, LONGEST_WAIT_MS } from './pacing/paces.ts'
import { parseDurationMs, parseRate } from './pacing/rates.ts'

const parsed = <T>(parse: (text: string) => T) =>
  z.string().transform((text, context): T => {
    try {
      return parse(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
      return z.NEVER
    }
  })

const durationMs = parsed(parseDurationMs)
const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'must be HOST:PORT, for example 127.0.0.1:8080')
  .transform((text) => {
    const colon = text.lastIndexOf(':')
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
  })
const hostName = z
  .string()
  .regex(
    /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be a DNS name in lower case, without a port',
  )
const later = (what: string) => z.undefined({ error: `${what} is not built yet; remove this key` }).optional()
const bytes = z.int().positive()
const actionClass = z.enum(ACTION_CLASSES)

const pace = z.strictObject({
  rate: parsed(parseRate),
  burst: z.int().positive(),
  maxWait: durationMs.refine(
    (ms) => ms <= LONGEST_WAIT_MS,
    'must be at most 45s: clients give up after that',
  ),
})

/** What may have a pace: what is unknown is refused, never paced. */
const PACED = [...ACTION_CLASSES.filter((name) => name !== 'unknown'), 'may-overwrite'] as const

const listen = z
  .strictObject({
    agents: address.prefault('127.0.0.1:8080').describe('Endpoint mode: AWS_ENDPOINT_URL points here.'),
    admin: address
      .prefault('127.0.0.1:8081')
      .describe('Health, metrics, admin API; never reachable for agents.'),
    hosts: z.array(hostName).default([]).describe('Our own names, for virtual-host S3.'),
    intercept: later('CONNECT mode'),
    tls: z
      .strictObject({
        cert: z.string().min(1).describe('PEM file: the certificate, then those that it is signed by.'),
        key: z.string().min(1).describe('PEM file of its private key.'),
        clientCa: z
          .string()
          .min(1)
          .optional()
          .describe('PEM file: only clients with a certificate of this authority may connect.'),
      })
      .optional(),
  })
  .prefault({})

const admin = z
  .strictObject({
    token: z
      .string()
      .min(32, 'must have at least 32 characters')
      .optional()
      .describe('Made at first start in stateDir/admin-token if neither is set.'),
    tokenFile: z.string().optional().describe('A file of mode 0600 that holds the token.'),
    metrics: z.enum(['open', 'token']).default('open').describe('token: /metrics needs the admin token too.'),
    hosts: z.array(z.string()).default([]).describe('Further names that a Host field may carry.'),
  })
  .prefault({})

const upstream = z
  .strictObject({
    endpoint: z.string().optional().describe('Send every service here (an emulator). https unless loopback.'),
    credentials: z
      .strictObject({
        accessKeyId: z.string().min(1),
        secretAccessKey: z.string().min(1),
        sessionToken: z.string().min(1).optional(),
      })
      .optional()
      .describe('The AWS provider chain otherwise.'),
    signing: z
      .strictObject({
        roleArn: z
          .string()
          .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of a role')
          .describe('Assumed for /.moderato/v1/sign, with a policy of nothing but what is signed.'),
      })
      .optional(),
    accountId: z
      .string()
      .regex(/^\d{12}$/, 'must be 12 digits')
      .optional()
      .describe('Fills the account in ARNs.'),
    regions: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Regions that may be reached; all known ones otherwise.'),
    connections: z.int().positive().default(128).describe('Connections per upstream host, for each agent.'),
    connectTimeout: durationMs.prefault('10s').describe('TCP and TLS to an upstream host.'),
    headersTimeout: durationMs
      .prefault('15m')
      .describe('Until the head of an answer; synchronous Lambda calls take long.'),
    bodyTimeout: durationMs.prefault('5m').describe('The longest pause within an answer.'),
    allowPrivateAddresses: z
      .boolean()
      .default(false)
      .describe('For VPC endpoints: upstream names may resolve to private addresses.'),
  })
  .prefault({})

const agent = z.strictObject({
  id: z.string().min(1).max(256),
  accessKeyId: z.string().regex(/^[A-Za-z0-9]{4,128}$/, 'must be 4 to 128 letters and digits'),
  secretAccessKey: z.string().min(1),
  grants: z
    .array(
      z.strictObject({
        classes: z.array(z.union([actionClass, z.literal('reads-secret')])).min(1),
        resources: z.array(z.string().min(1)).min(1),
      }),
    )
    .default([]),
})

const policy = z
  .strictObject({
    mode: z
      .enum(['enforce', 'observe'])
      .default('enforce')
      .describe('observe: policy verdicts and pace are recorded, not enforced.'),
    bundle: z.string().optional().describe('A bundle file; the packaged default policy otherwise.'),
    allowUnmodelled: z
      .array(z.string().regex(/^[a-z0-9-]+:\w+:.+$/, 'is service:Operation:parameter'))
      .default([])
      .describe(
        'Parameters that changes may have although the catalogue lacks them: `service:Operation:name`.',
      ),
  })
  .prefault({})

const pacing = z
  .strictObject({
    classes: z
      .partialRecord(z.enum(PACED), pace)
      .prefault({})
      .transform((given) => ({
        ...z.partialRecord(z.enum(PACED), pace).parse(DEFAULT_PACES),
        // Who set a pace for writes meant those that replace something too.
        ...(given.write === undefined ? {} : { 'may-overwrite': given.write }),
        ...given,
      })),
    unboundedCount: z
      .int()
      .min(1)
      .default(10)
      .describe('As how many things a call counts whose selector may match any number; a burst at most.'),
    cascadeWeight: z
      .int()
      .min(1)
      .default(1)
      .describe(
        'Multiplies the count of a call that removes a container with what it holds; a burst at most.',
      ),
    rules: z.array(z.unknown()).max(0, 'rules are not built yet; use classes').default([]),
    dwell: durationMs.prefault('0s').refine((ms) => ms === 0, 'is not built yet; leave it at 0s'),
  })
  .prefault({})

const limits = z
  .strictObject({
    bufferedBodyBytes: bytes
      .default(10 * 1024 * 1024)
      .describe('The largest body that is read whole to classify it.'),
    bufferedTotalBytes: bytes
      .default(512 * 1024 * 1024)
      .describe('Body bytes held at once, over all agents.'),
    bufferedAgentBytes: bytes.default(128 * 1024 * 1024).describe('Body bytes held at once for one agent.'),
    chunkBytes: bytes
      .default(16 * 1024 * 1024)
      .describe(
        'The largest chunk of a body whose chunks are signed; it is held until its signature verifies.',
      ),
    bodyMinBytesPerSecond: bytes.default(1024).describe('A body that stays slower is cut off.'),
    bodyPause: durationMs.prefault('20s').describe('How long a body may stay under the minimum rate.'),
    headersTimeout: durationMs.prefault('15s').describe('How long a request head may take.'),
    headerBytes: bytes.default(32 * 1024).describe('The largest request head.'),
    connections: bytes.default(10_000).describe('Connections on the agent listener.'),
    streamsPerConnection: bytes.default(128).describe('Calls under way on one HTTP/2 connection.'),
    held: bytes.default(10_000).describe('Calls that wait for their turn, over all agents.'),
    heldPerAgent: bytes.default(100).describe('The same for one agent.'),
    inFlightPerAgent: bytes.default(1_000).describe('Calls of one agent under way at once.'),
    replaysPerAgent: bytes
      .default(100_000)
      .describe('Changing calls of one agent remembered while their signature is valid; more are refused.'),
    agentLabels: bytes.default(200).describe('Agents named in metrics; further ones are counted as other.'),
  })
  .prefault({})

export const ConfigSchema = z.strictObject({
  listen,
  admin,
  stateDir: z.string().min(1).default('.moderato').describe('Admin token and audit log; created 0700.'),
  upstream,
  agents: z
    .array(agent)
    .default([])
    .describe('id, accessKeyId, secretAccessKey, grants: classes and resource patterns.'),
  policy,
  pacing,
  watch: z.strictObject({ detectors: z.strictObject({}).prefault({}) }).prefault({}),
  signatures: z
    .strictObject({
      maxSkew: durationMs.prefault('5m').describe('How far a signature date may be from our clock.'),
      maxSkewS3: durationMs.prefault('15m').describe('The same for S3.'),
    })
    .prefault({}),
  limits,
  drain: durationMs.prefault('30s').describe('How long streams may finish after SIGTERM.'),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('Of the JSON lines on standard error.'),
    })
    .prefault({}),
  allowEnvironment: z
    .boolean()
    .default(false)
    .describe('Lets the environment loosen what only the file may (rule S7).'),
})

export type Config = z.output<typeof ConfigSchema>
