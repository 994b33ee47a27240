/** For each setting another value than its default, as one would write it, and what it needs beside it. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { setAt } from '../../proxy/config/dotted.ts'
import { parseConfig } from '../../proxy/config/load.ts'
import type { LoadedConfig } from '../../proxy/config/loaded.ts'
import { selfSigned } from '../support/certificates.ts'

export interface Sample {
  /** A looser one, where the environment may tighten the setting. */
  readonly value: unknown
  /** A value that the environment may set without being allowed to. */
  readonly tighter?: unknown
  /** What the file says beside it. */
  readonly beside?: Readonly<Record<string, unknown>>
}

const CREDENTIALS = { accessKeyId: 'AKID', secretAccessKey: 'secret' }
const ROLE = 'arn:aws:iam::111122223333:role/worker'
const PACE = { rate: '1/s', burst: 1, maxWait: '1s' }
const WEBHOOK = { approvals: { webhook: { url: 'https://hooks.example/a', secretFile: 'secret' } } }
const ALERTS = { watch: { alerts: { url: 'https://hooks.example/a', secretFile: 'secret' } } }
const AGENT = { id: 'spiffe://example.org/agent/a' }
const PROVIDER = {
  type: 'oidc',
  name: 'idp',
  issuer: 'https://idp.example',
  audience: 'moderato',
  rules: [{ match: { sub: '*' }, agent: AGENT.id }],
}
const VALKEY = {
  state: { store: 'valkey', url: 'valkeys://one.example:6379', keyFile: 'key', passwordFile: 'password' },
}
const WINDOW = { name: 'nights', from: '22:00', to: '06:00', timeZone: 'UTC' }
const APPROVAL = { classes: ['destructive'] }
const PEOPLE = { admin: { people: [{ id: 'alice' }] } }

/** Where the configuration stands, with certificates beside it, each twice; gone after the tests of a file. */
export function folderWithCertificates(): string {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-settings-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  selfSigned(folder, 'one')
  for (const kind of ['pem', 'key']) copyFileSync(join(folder, `one.${kind}`), join(folder, `two.${kind}`))
  return folder
}

/** Loads from that folder. */
export function loadIn(folder: string) {
  return (given: object, environment: Record<string, string> = {}): LoadedConfig =>
    parseConfig(given, { file: join(folder, 'moderato.yaml'), folder, environment })
}

export function sampleOf(path: string): Sample {
  const sample = SAMPLES[path]
  if (sample === undefined) throw new Error(`${path} is a new setting: give it a sample`)
  return sample
}

/** What the file says with the setting in it. */
export function written(path: string, value: unknown): Record<string, unknown> {
  const document: Record<string, unknown> = structuredClone({ ...sampleOf(path).beside })
  setAt(document, path, value)
  return document
}

const TLS = { cert: 'one.pem', key: 'one.key', clientCa: 'one.pem' }

export const SAMPLES: Readonly<Record<string, Sample>> = {
  'listen.agents': { value: '0.0.0.0:8443' },
  'listen.admin': { value: '127.0.0.1:8181' },
  'listen.hosts': { value: ['moderato.internal'] },
  'listen.tls.cert': { value: 'two.pem', beside: { listen: { tls: TLS } } },
  'listen.tls.key': { value: 'two.key', beside: { listen: { tls: TLS } } },
  'listen.tls.clientCa': { value: 'two.pem', beside: { listen: { tls: TLS } } },
  'admin.token': { value: 'a-token-with-more-than-32-characters' },
  'admin.tokenFile': { value: 'token' },
  'admin.people': { value: [{ id: 'alice' }] },
  'admin.tls.cert': { value: 'two.pem', beside: { admin: { tls: TLS } } },
  'admin.tls.key': { value: 'two.key', beside: { admin: { tls: TLS } } },
  'admin.tls.clientCa': { value: 'two.pem', beside: { admin: { tls: TLS } } },
  'admin.metrics': { value: 'token' },
  'admin.hosts': { value: ['admin.internal'] },
  stateDir: { value: 'elsewhere' },
  'state.store': { value: 'memory' },
  'state.file': { value: 'shared.sqlite', beside: { state: { keyFile: 'key' } } },
  'state.url': { value: 'valkeys://two.example:6379', beside: VALKEY },
  'state.passwordFile': { value: 'other', beside: VALKEY },
  'state.ca': { value: 'ca.pem', beside: VALKEY },
  'state.keyFile': { value: 'other', beside: VALKEY },
  'state.prefix': { value: 'other' },
  'state.timeout': { value: '100ms', tighter: '2s' },
  'state.readsWhileDown': { value: 'refuse' },
  'upstream.endpoint': { value: 'http://127.0.0.1:5000' },
  'upstream.credentials.accessKeyId': {
    value: 'OTHER',
    beside: { upstream: { credentials: CREDENTIALS } },
  },
  'upstream.credentials.secretAccessKey': {
    value: 'other',
    beside: { upstream: { credentials: CREDENTIALS } },
  },
  'upstream.credentials.sessionToken': {
    value: 'token',
    beside: { upstream: { credentials: CREDENTIALS } },
  },
  'upstream.roles': { value: [{ roleArn: ROLE }] },
  'upstream.signing.roleArn': {
    value: `${ROLE}-2`,
    beside: { upstream: { signing: { roleArn: ROLE } } },
  },
  'upstream.accountId': { value: '111122223333' },
  'upstream.regions': { value: ['eu-central-1'] },
  'upstream.connections': { value: 7 },
  'upstream.connectTimeout': { value: '7s' },
  'upstream.headersTimeout': { value: '7m' },
  'upstream.bodyTimeout': { value: '7m' },
  'upstream.allowPrivateAddresses': { value: true },
  agents: { value: [AGENT] },
  'identity.sealingKeys': { value: 'keys' },
  'identity.providers': { value: [PROVIDER], beside: { agents: [AGENT] } },
  'tasks.maxDuration': { value: '2h' },
  'tasks.defaultDuration': { value: '10m' },
  'tasks.require': { value: [] },
  'tasks.rate': { value: '61/min', tighter: '59/min' },
  'tasks.burst': { value: 21, tighter: 19 },
  'policy.mode': { value: 'observe', tighter: 'enforce' },
  'policy.bundle': { value: 'bundle.tar.gz' },
  'policy.approvals': { value: [APPROVAL], beside: PEOPLE },
  'policy.taskApprovals': { value: [APPROVAL], beside: PEOPLE },
  'policy.allowUnmodelled': { value: ['s3:PutObject:x-amz-new'] },
  'approvals.expire': { value: '2h' },
  'approvals.pendingPerAgent': { value: 7 },
  'approvals.maxUses': { value: 7 },
  'approvals.hold': { value: true },
  'approvals.url': { value: 'https://console.example' },
  'approvals.webhook.url': { value: 'https://hooks.example/b', beside: WEBHOOK },
  'approvals.webhook.secretFile': { value: 'other', beside: WEBHOOK },
  'approvals.webhook.format': { value: 'slack', beside: WEBHOOK },
  'approvals.callback.secretFile': {
    value: 'other',
    beside: { approvals: { callback: { secretFile: 'secret' } } },
  },
  'catalogue.overrides': { value: [{ operation: 's3:*', classes: ['write'] }] },
  'catalogue.guardedTags': { value: ['environment'] },
  'catalogue.services': {
    value: [
      {
        name: 'orders',
        region: 'eu-central-1',
        hosts: ['orders.internal'],
        api: 'a1b2c3d4e5/prod',
        operations: [{ name: 'Get', method: 'GET', path: '/orders', classes: ['read'] }],
      },
    ],
  },
  'pacing.classes': {
    value: { destructive: { rate: '1000000/s', burst: 1_000_000, maxWait: '45s' } },
    tighter: { write: PACE },
  },
  'pacing.unboundedCount': { value: 1, tighter: 11 },
  'pacing.cascadeWeight': { value: 1, tighter: 11, beside: { pacing: { cascadeWeight: 10 } } },
  'pacing.rules': { value: [{ name: 'fleet', classes: ['write'], per: ['fleet'], ...PACE }] },
  'pacing.dwell': { value: '1s', tighter: '20s', beside: { pacing: { dwell: '10s' } } },
  'watch.detectors': { value: { fanout: { calls: 7 } } },
  'watch.alerts.url': { value: 'https://hooks.example/b', beside: ALERTS },
  'watch.alerts.secretFile': { value: 'other', beside: ALERTS },
  'watch.alerts.format': { value: 'slack', beside: ALERTS },
  'signatures.maxSkew': { value: '6m' },
  'signatures.maxSkewS3': { value: '16m' },
  'limits.bufferedBodyBytes': { value: 1_000_000_000, tighter: 1024 },
  'limits.bufferedTotalBytes': { value: 1_000_000_000, tighter: 1024 },
  'limits.bufferedAgentBytes': { value: 1_000_000_000, tighter: 1024 },
  'limits.chunkBytes': { value: 1_000_000_000, tighter: 1024 },
  'limits.bodyMinBytesPerSecond': { value: 1, tighter: 2048 },
  'limits.bodyPause': { value: '1h', tighter: '1s' },
  'limits.headersTimeout': { value: '1h', tighter: '1s' },
  'limits.headerBytes': { value: 1_000_000, tighter: 1024 },
  'limits.connections': { value: 1_000_000, tighter: 7 },
  'limits.streamsPerConnection': { value: 1_000_000, tighter: 7 },
  'limits.held': { value: 1_000_000, tighter: 7 },
  'limits.heldPerAgent': { value: 1_000_000, tighter: 7 },
  'limits.inFlightPerAgent': { value: 1_000_000, tighter: 7 },
  'limits.replaysPerAgent': { value: 1_000_000, tighter: 7 },
  'limits.agentLabels': { value: 7 },
  'freeze.windows': { value: [WINDOW] },
  'breakglass.maxDuration': { value: '2h' },
  'breakglass.people': { value: 2 },
  'breakglass.confirmWithin': { value: '20m' },
  'breakglass.classes': { value: ['write'] },
  'breakglass.resources': { value: ['arn:aws:s3:::a'] },
  'breakglass.pace.rate': { value: '2/s', beside: { breakglass: { pace: PACE } } },
  'breakglass.pace.burst': { value: 2, beside: { breakglass: { pace: PACE } } },
  'breakglass.pace.maxWait': { value: '2s', beside: { breakglass: { pace: PACE } } },
  drain: { value: '7s' },
  'log.level': { value: 'debug' },
  allowEmpty: { value: true },
  allowEnvironment: { value: true },
}
