/** The configuration: one zod schema gives types, defaults, checks and documentation. */
import { z } from 'zod'
import { admin, listenTls } from './admin.ts'
import { approvals } from './approvals.ts'
import { breakglass } from './breakglass.ts'
import { agent, catalogue, pacing, policy } from './calls.ts'
import { freeze } from './freeze.ts'
import { identity, tasks } from './identity.ts'
import { state } from './state.ts'
import { upstream } from './upstream.ts'
import { address, bytes, durationMs, hostName, later } from './values.ts'
import { watch } from './watch.ts'

const listen = z
  .strictObject({
    agents: address.prefault('127.0.0.1:8080').describe('Endpoint mode: AWS_ENDPOINT_URL points here.'),
    admin: address
      .prefault('127.0.0.1:8081')
      .describe('Health, metrics, admin API; never reachable for agents.'),
    hosts: z.array(hostName).default([]).describe('Our own names, for virtual-host S3.'),
    intercept: later('CONNECT mode'),
    tls: listenTls.optional(),
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
  stateDir: z.string().min(1).default('.moderato').describe('Keys, state and audit log; created 0700.'),
  state,
  upstream,
  agents: z
    .array(agent)
    .default([])
    .describe('id, accessKeyId, secretAccessKey, grants: classes and resource patterns.'),
  identity,
  tasks,
  policy,
  approvals,
  catalogue,
  pacing,
  watch,
  signatures: z
    .strictObject({
      maxSkew: durationMs.prefault('5m').describe('How far a signature date may be from our clock.'),
      maxSkewS3: durationMs.prefault('15m').describe('The same for S3.'),
    })
    .prefault({}),
  limits,
  freeze,
  breakglass,
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
