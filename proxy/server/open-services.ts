/** Opens the services that a configuration asks for. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { adminToken } from '../admin/token.ts'
import { openApprovals } from '../approvals/open.ts'
import { openAudit, type Audit } from '../audit/audit.ts'
import { openAuditSearcher } from '../incident/audit-searcher.ts'
import type { ChainHead } from '../audit/chain.ts'
import { loadCatalogue } from '../aws/catalogue/catalogue.ts'
import type { Catalogue } from '../aws/catalogue/types.ts'
import { addressing } from '../aws/endpoints/addressing.ts'
import { privateServices, type PrivateServices } from '../aws/private/services.ts'
import { openBreakglass } from '../breakglass/open.ts'
import type { LoadedConfig } from '../config/loaded.ts'
import type { Config } from '../config/schema/config.ts'
import { BufferBudget } from '../core/buffer-budget.ts'
import type { Clock, Timer } from '../core/ports.ts'
import { openSigners } from '../credentials/open.ts'
import { Freezes } from '../freeze/freezes.ts'
import { agentStore } from '../identity/agent-store.ts'
import { openIdentity } from '../identity/open.ts'
import { createMetrics, type Metrics } from '../observe/metrics.ts'
import { agentRefusals } from '../observe/agent-refusals.ts'
import { unverifiedRefusals } from '../observe/refusals.ts'
import { PaceQueue } from '../pacing/queue.ts'
import { openSettings } from '../runtime/live-settings.ts'
import { openRates } from '../runtime/rate-settings.ts'
import { Signatures } from '../sigv4/signatures.ts'
import { noteAuditHead, readAuditHead } from '../state/audit-head.ts'
import { openStore } from '../state/open.ts'
import { pinnedLookup } from '../upstream/address.ts'
import { upstreamEndpoint } from '../upstream/endpoint.ts'
import { createUpstreams } from '../upstream/pool.ts'
import { openWatch } from '../watch/open.ts'
import type { AwsServices, Services, UpstreamServices } from './services.ts'

const clock: Clock = { nowMs: () => Date.now() }
const steadyClock: Clock = { nowMs: () => performance.timeOrigin + performance.now() }
const timer: Timer = {
  after(ms: number, fire: () => void) {
    // A held call has a socket, which keeps the process alive; after a failed start, no timer may do that.
    const handle = setTimeout(fire, ms).unref()
    return () => clearTimeout(handle)
  },
}

type BaseServices = Pick<
  Services,
  | 'config'
  | 'settings'
  | 'log'
  | 'clock'
  | 'steadyClock'
  | 'timer'
  | 'metrics'
  | 'audit'
  | 'auditSearcher'
  | 'aws'
  | 'state'
  | 'noteHeadNow'
>

/** Opens all services. Rejects if anything is wrong; then nothing listens. */
export async function openServices(loaded: LoadedConfig, log: Logger): Promise<Services> {
  const base = await openBase(loaded, log)
  const { config, settings, metrics, audit, aws, state } = base
  const { ledger, store } = state
  const rules = settings.current
  const policy = () => rules().policy
  const identity = await openIdentity(config, { policy, ledger, clock, audit, log, metrics })
  const lookup = lookupOf(config.upstream)
  const { revocations, sessions } = identity
  const { catalogue, privateServices: own } = aws
  const credentials = openSigners(config.upstream, { catalogue, rules, lookup, ledger, revocations, clock })
  const { accountOf } = credentials
  const common = { ledger, rules, clock, timer, audit, metrics, log }
  const freezes = new Freezes({ ...common, accountOf })
  metrics.freezes(() => freezes.counts())
  const approvals = openApprovals({ ...common, steadyClock })
  const watching = openWatch({ ...common, revocations, approvals: approvals.approvals })
  const { limiter } = store
  return {
    ...base,
    refusals: openRefusals(audit),
    identity,
    agents: agentStore(() => rules().owners, sessions),
    pacing: {
      queue: new PaceQueue({ limiter, clock: steadyClock, timer, limits: settings.queueLimits }),
      rates: openRates(() => rules().pacing, ledger),
    },
    approvals,
    freezes,
    breakglass: openBreakglass(common),
    watching,
    holds: [freezes.hold, watching.quarantines.hold, identity.hold],
    signatures: new Signatures(),
    credentials,
    upstream: openUpstream(config.upstream, lookup, own),
    inFlight: new Map(),
    budget: new BufferBudget(settings.bodyLimits),
  }
}

function openRefusals(audit: Audit): Services['refusals'] {
  return {
    unverified: unverifiedRefusals({ audit, clock: steadyClock }),
    agents: agentRefusals({ audit, clock, steadyClock }),
  }
}

/**
 * Opens the services that the features need: catalogue, metrics, store, audit log, settings and ledger, in this order.
 * Store and audit log know of each other, so that neither is lost without a word.
 */
async function openBase(loaded: LoadedConfig, log: Logger): Promise<BaseServices> {
  const { config } = loaded
  const aws = openAws(config)
  const metrics = openMetrics(config, aws.catalogue)
  const opened = await openStore(config, { clock, steadyClock, timer, log })
  const noted = await readAuditHead(opened.notes, config.stateDir)
  const audit = await openAuditLog(config, { metrics, log, noted })
  const ranBefore = audit.head.seq > 0
  const settings = await openSettings(loaded, { adminToken: adminToken(config), clock })
  metrics.policyBundle(settings.current().policy.revision)
  const state = await opened.openLedger(ranBefore)
  metrics.stateUp(() => state.store.up)
  metrics.stateTrusted(() => state.store.unfit === undefined && state.ledger.problem === undefined)
  const noteHeadNow = noteAuditHead({ audit, notes: state.notes, stateDir: config.stateDir, timer })
  const auditSearcher = openAuditSearcher(join(config.stateDir, 'audit'))
  const parts = { config, settings, log, clock, steadyClock, timer, metrics }
  return { ...parts, audit, auditSearcher, aws, state, noteHeadNow }
}

function openAws({ catalogue: { services }, listen }: Config): AwsServices {
  const catalogue = loadCatalogue()
  return {
    catalogue,
    privateServices: privateServices(services, catalogue),
    addressing: addressing({ hosts: [...listen.hosts, listen.agents.host] }),
  }
}

function openMetrics({ catalogue: { services }, limits }: Config, catalogue: Catalogue): Metrics {
  const ownPrefixes = services.map(({ signingName }) => signingName)
  return createMetrics({
    services: new Set([...catalogue.services, ...ownPrefixes]),
    agentLabels: limits.agentLabels,
  })
}

interface AuditDeps {
  readonly metrics: Metrics
  readonly log: Logger
  readonly noted: ChainHead | undefined
}

async function openAuditLog(config: Config, { metrics, log, noted }: AuditDeps): Promise<Audit> {
  const audit = await openAudit({
    dir: join(config.stateDir, 'audit'),
    clock,
    noted,
    onDurable: (records) => metrics.auditRecords(records),
    onFailure: (error) => log.error({ err: error }, 'the audit log cannot be written'),
  })
  for (const torn of audit.sealed)
    log.warn({ torn }, 'a crash left an incomplete (torn) audit record; it was kept and sealed')
  const { missing } = audit
  if (missing !== undefined)
    log.error({ missing }, 'records are missing in the audit log: the state store noted a head that it lacks')
  metrics.auditLag(() => audit.lagSeconds())
  return audit
}

type Lookup = ReturnType<typeof pinnedLookup> | undefined

/** Returns the address lookup of upstream hosts; undefined for an emulator, which the system resolves. */
function lookupOf({ endpoint, allowPrivateAddresses }: Config['upstream']): Lookup {
  return endpoint === undefined ? pinnedLookup({ allowPrivate: allowPrivateAddresses }) : undefined
}

function openUpstream(upstream: Config['upstream'], lookup: Lookup, own: PrivateServices): UpstreamServices {
  return {
    endpoint: upstreamEndpoint(upstream, own),
    pool: createUpstreams({
      connections: upstream.connections,
      connectTimeoutMs: upstream.connectTimeout,
      headersTimeoutMs: upstream.headersTimeout,
      bodyTimeoutMs: upstream.bodyTimeout,
      lookup,
      configured: own.origins,
    }),
  }
}
