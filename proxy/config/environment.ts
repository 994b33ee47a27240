/** Environment overrides: `MODERATO_` and the setting's path in upper snake case; lists and maps as JSON. */
import type { Finding } from './checks/finding.ts'

interface Override {
  readonly path: string
  readonly value: unknown
  readonly variable: string
}

/** Every setting that the environment can name, with whether its value is text, or JSON for all else. */
const SETTINGS: Readonly<Record<string, 'text' | 'json'>> = {
  'listen.agents': 'text',
  'listen.admin': 'text',
  'listen.hosts': 'json',
  'listen.tls': 'json',
  'listen.tls.cert': 'text',
  'listen.tls.key': 'text',
  'listen.tls.clientCa': 'text',
  'admin.token': 'text',
  'admin.tokenFile': 'text',
  'admin.people': 'json',
  'admin.tls': 'json',
  'admin.tls.cert': 'text',
  'admin.tls.key': 'text',
  'admin.tls.clientCa': 'text',
  'admin.metrics': 'text',
  'admin.hosts': 'json',
  stateDir: 'text',
  'state.store': 'text',
  'state.file': 'text',
  'state.url': 'text',
  'state.passwordFile': 'text',
  'state.ca': 'text',
  'state.keyFile': 'text',
  'state.prefix': 'text',
  'state.timeout': 'text',
  'state.readsWhileDown': 'text',
  'upstream.endpoint': 'text',
  'upstream.credentials': 'json',
  'upstream.credentials.accessKeyId': 'text',
  'upstream.credentials.secretAccessKey': 'text',
  'upstream.credentials.sessionToken': 'text',
  'upstream.roles': 'json',
  'upstream.signing': 'json',
  'upstream.signing.roleArn': 'text',
  'upstream.accountId': 'text',
  'upstream.regions': 'json',
  'upstream.connections': 'json',
  'upstream.connectTimeout': 'text',
  'upstream.headersTimeout': 'text',
  'upstream.bodyTimeout': 'text',
  'upstream.allowPrivateAddresses': 'json',
  agents: 'json',
  'identity.sealingKeys': 'text',
  'identity.providers': 'json',
  'tasks.maxDuration': 'text',
  'tasks.defaultDuration': 'text',
  'tasks.require': 'json',
  'tasks.rate': 'text',
  'tasks.burst': 'json',
  'policy.mode': 'text',
  'policy.bundle': 'text',
  'policy.approvals': 'json',
  'policy.taskApprovals': 'json',
  'policy.allowUnmodelled': 'json',
  'approvals.expire': 'text',
  'approvals.pendingPerAgent': 'json',
  'approvals.maxUses': 'json',
  'approvals.hold': 'json',
  'approvals.url': 'text',
  'approvals.webhook': 'json',
  'approvals.webhook.url': 'text',
  'approvals.webhook.secretFile': 'text',
  'approvals.webhook.format': 'text',
  'approvals.callback': 'json',
  'approvals.callback.secretFile': 'text',
  'catalogue.overrides': 'json',
  'catalogue.guardedTags': 'json',
  'catalogue.services': 'json',
  'pacing.unboundedCount': 'json',
  'pacing.cascadeWeight': 'json',
  'pacing.classes': 'json',
  'pacing.rules': 'json',
  'pacing.dwell': 'text',
  'watch.detectors': 'json',
  'watch.alerts': 'json',
  'watch.alerts.url': 'text',
  'watch.alerts.secretFile': 'text',
  'watch.alerts.format': 'text',
  'signatures.maxSkew': 'text',
  'signatures.maxSkewS3': 'text',
  'limits.bufferedBodyBytes': 'json',
  'limits.bufferedTotalBytes': 'json',
  'limits.bufferedAgentBytes': 'json',
  'limits.chunkBytes': 'json',
  'limits.bodyMinBytesPerSecond': 'json',
  'limits.bodyPause': 'text',
  'limits.headersTimeout': 'text',
  'limits.headerBytes': 'json',
  'limits.connections': 'json',
  'limits.streamsPerConnection': 'json',
  'limits.held': 'json',
  'limits.heldPerAgent': 'json',
  'limits.inFlightPerAgent': 'json',
  'limits.replaysPerAgent': 'json',
  'limits.agentLabels': 'json',
  'freeze.windows': 'json',
  'breakglass.maxDuration': 'text',
  'breakglass.people': 'json',
  'breakglass.confirmWithin': 'text',
  'breakglass.classes': 'json',
  'breakglass.resources': 'json',
  'breakglass.pace': 'json',
  'breakglass.pace.rate': 'text',
  'breakglass.pace.burst': 'json',
  'breakglass.pace.maxWait': 'text',
  drain: 'text',
  'log.level': 'text',
}

/** What the environment must not loosen unless the file says `allowEnvironment: true` (security rule S7). */
const GUARDED = [
  'freeze.windows',
  'breakglass.maxDuration',
  'breakglass.people',
  'breakglass.confirmWithin',
  'breakglass.classes',
  'breakglass.resources',
  'breakglass.pace',
  'breakglass.pace.rate',
  'breakglass.pace.burst',
  'breakglass.pace.maxWait',
  'agents',
  'identity.sealingKeys',
  'identity.providers',
  'tasks.maxDuration',
  'tasks.require',
  'policy.bundle',
  'policy.approvals',
  'policy.taskApprovals',
  'policy.allowUnmodelled',
  'approvals.expire',
  'approvals.pendingPerAgent',
  'approvals.maxUses',
  'approvals.webhook',
  'approvals.webhook.url',
  'approvals.webhook.secretFile',
  'approvals.callback',
  'approvals.callback.secretFile',
  'catalogue.overrides',
  'catalogue.guardedTags',
  'catalogue.services',
  'listen.admin',
  'listen.tls',
  'listen.tls.clientCa',
  'upstream.endpoint',
  'upstream.allowPrivateAddresses',
  'upstream.regions',
  'upstream.roles',
  'upstream.signing',
  'upstream.signing.roleArn',
  'state.store',
  'state.file',
  'state.url',
  'state.ca',
  'state.keyFile',
  'state.prefix',
  'state.readsWhileDown',
  'admin.token',
  'admin.tokenFile',
  'admin.people',
  'admin.tls',
  'admin.tls.clientCa',
  'admin.metrics',
  'admin.hosts',
  'watch.detectors',
  'watch.alerts',
  'watch.alerts.url',
  'watch.alerts.secretFile',
  'signatures.maxSkew',
  'signatures.maxSkewS3',
]

/** For the commands that ask a running Moderato (`adminPlace`, `surroundings` in config.ts); they are no settings. */
const CLIENTS_OWN =
  /^MODERATO_(?:ADMIN_URL|ADMIN_CA|PROXY|CA|TOKEN_FILE|AUDIENCE|ACCESS_KEY_ID|SECRET_ACCESS_KEY)$/

const variableOf = (path: string): string =>
  `MODERATO_${path
    .replaceAll('.', '_')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()}`

const BY_VARIABLE = new Map(
  Object.entries(SETTINGS).map(([path, kind]) => [variableOf(path), { path, kind }]),
)

/** The overrides that an environment holds, and what is wrong with them. Unknown `MODERATO_` names are findings. */
export function environmentOverrides(
  environment: NodeJS.ProcessEnv,
  mayLoosen: boolean,
): { overrides: Override[]; findings: Finding[] } {
  const overrides: Override[] = []
  const findings: Finding[] = []
  for (const [variable, text] of Object.entries(environment).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!variable.startsWith('MODERATO_') || text === undefined || CLIENTS_OWN.test(variable)) continue
    const setting = BY_VARIABLE.get(variable)
    if (setting === undefined) {
      findings.push({ path: variable, message: 'names no setting; docs/configuration.md lists them all' })
      continue
    }
    if (!mayLoosen && isGuarded(setting.path, text)) {
      findings.push({
        path: setting.path,
        message: `may not come from ${variable} unless the file says allowEnvironment: true`,
      })
      continue
    }
    try {
      overrides.push({
        path: setting.path,
        value: setting.kind === 'json' ? JSON.parse(text) : text,
        variable,
      })
    } catch {
      findings.push({ path: setting.path, message: `${variable} must hold JSON` })
    }
  }
  return { overrides, findings }
}

function isGuarded(path: string, text: string): boolean {
  return path === 'policy.mode' ? text !== 'enforce' : GUARDED.includes(path)
}

/** Sets a dotted path in a document, making maps on the way. */
export function setAt(document: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.')
  const last = keys.pop() ?? path
  let at = document
  for (const key of keys) {
    const inner = at[key]
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      at = inner as Record<string, unknown>
    else at = at[key] = {}
  }
  at[last] = value
}
