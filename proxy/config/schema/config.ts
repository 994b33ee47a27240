/** The configuration: one zod schema gives types, defaults, checks and documentation. */
import { z } from 'zod'
import { admin, listenTls } from './admin.ts'
import { approvals } from './approvals.ts'
import { breakglass } from './breakglass.ts'
import { agent, catalogue, pacing, policy } from './calls.ts'
import { freeze } from './freeze.ts'
import { identity, tasks } from './identity.ts'
import { limits } from './limits.ts'
import { free, setting } from './setting.ts'
import { state } from './state.ts'
import { upstream } from './upstream.ts'
import { address, durationMs, hostName, later } from './values.ts'
import { watch } from './watch.ts'

const listen = z
  .strictObject({
    agents: setting(address.prefault('127.0.0.1:8080'), {
      doc: 'Endpoint mode: AWS_ENDPOINT_URL points here.',
      environment: free('Whoever calls there must sign, wherever it is.'),
    }),
    admin: setting(address.prefault('127.0.0.1:8081'), {
      doc: 'Health, metrics, admin API; never reachable for agents.',
    }),
    hosts: setting(z.array(hostName).default([]), {
      doc: 'Our own names, for virtual-host S3.',
      environment: free(
        'A request is judged and forwarded by one reading of its host, whatever our names are.',
      ),
    }),
    intercept: later('CONNECT mode'),
    tls: listenTls.optional(),
  })
  .prefault({})

export const ConfigSchema = z.strictObject({
  listen,
  admin,
  stateDir: setting(z.string().min(1).default('.moderato'), {
    doc: 'Keys, state and audit log; created 0700.',
    environment: free('Where it is depends on the machine: the usual thing that the environment says.'),
    file: { kind: 'state', what: 'the state directory' },
  }),
  state,
  upstream,
  agents: setting(z.array(agent).default([]), {
    doc: 'id, accessKeyId, secretAccessKey, grants: classes and resource patterns.',
    reload: true,
  }),
  identity,
  tasks,
  policy,
  approvals,
  catalogue,
  pacing,
  watch,
  signatures: z
    .strictObject({
      maxSkew: setting(durationMs.prefault('5m'), {
        doc: 'How far a signature date may be from our clock.',
        reload: true,
      }),
      maxSkewS3: setting(durationMs.prefault('15m'), { doc: 'The same for S3.', reload: true }),
    })
    .prefault({}),
  limits,
  freeze,
  breakglass,
  drain: setting(durationMs.prefault('30s'), {
    doc: 'How long streams may finish after SIGTERM.',
    environment: free('It is about the end of the process, and no new call is taken then.'),
  }),
  log: z
    .strictObject({
      level: setting(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'), {
        doc: 'Of the JSON lines on standard error.',
        reload: true,
        environment: free('The log is for operators; what counts is in the audit, whatever the level.'),
      }),
    })
    .prefault({}),
  allowEmpty: setting(z.boolean().default(false), {
    doc: 'Lets a reload take `agents: []` where agents were in force. Without it, that counts as a half-written file.',
    reload: true,
  }),
  allowEnvironment: setting(z.boolean().default(false), {
    doc: 'Lets the environment loosen what only the file may (rule S7).',
    reload: true,
    environment: { may: 'never', because: 'The environment would allow itself everything.' },
  }),
})

export type Config = z.output<typeof ConfigSchema>
