/** Opens the whole service, with its parts, routes and listeners, and closes it. */
import { adminHosts, localSocket } from '../admin/bind.ts'
import { idleSettings } from '../config/checks/hurts.ts'
import { describeConfig } from '../config/describe.ts'
import { VERSION } from '../core/version.ts'
import type { LoadedConfig } from '../config/loaded.ts'
import { followKeys } from '../identity/follow-keys.ts'
import type { ProcessLog } from '../observe/log.ts'
import { WarnOnce } from '../observe/warn-once.ts'
import { followConfig, type FollowedConfig } from '../runtime/follow-config.ts'
import type { Reload } from '../runtime/reload.ts'
import { compose } from './compose.ts'
import { lifecycle, type Lifecycle } from './lifecycle.ts'
import { connectMetrics, showRules } from './metric-sources.ts'
import { adminServers, agentsServer, OBSERVING, type ServiceState } from './listeners.ts'
import { openServices } from './open-services.ts'
import { unreadable } from './request-metrics.ts'
import { runRoutes } from './route-runs.ts'
import { counted } from './runs.ts'
import type { Services } from './services.ts'
import { openStages, type Stages } from './stages.ts'

const NO_CREDENTIALS =
  'no upstream credentials: calls are refused until the AWS provider chain finds some, or upstream.credentials gives them'

const NO_LOCAL_SOCKET =
  'the admin socket of stateDir cannot be opened: the command line uses listen.admin alone'

/** The service that runs in this process. */
export interface Moderato extends Lifecycle {
  /** Reloads the configuration; `by` names who or what asks for it. Never rejects. */
  reload(by: string): Promise<Reload>
}

/** Opens the service of a configuration. Rejects if anything is wrong, before anything listens. */
export async function openModerato(loaded: LoadedConfig, { log, lostLines }: ProcessLog): Promise<Moderato> {
  const services = await openServices(loaded, log)
  const { config, steadyClock } = services
  services.metrics.logLinesLost(lostLines)
  connectMetrics(services)
  const bug = (error: unknown, requestId?: string) =>
    log.error({ err: error, requestId }, 'this is a bug in Moderato')
  const warnings = new WarnOnce({ clock: steadyClock, warn: (fields, message) => log.warn(fields, message) })
  const stages = openStages(services)
  const runs = counted(runRoutes(compose(stages), services, { bug, refused: warnings.tell }))
  const { reloader, stop } = follow(services, stages)
  const state: ServiceState = { now: 'starting', adminHosts: new Set() }
  const operators = adminServers(services, reloader, state, bug)
  const { agents, admin } = config.listen
  const service = lifecycle({
    agents: { server: agentsServer(services, runs.run, unreadable(services)), ...agents },
    admin: { server: operators.listener, ...admin },
    local: {
      server: operators.local,
      path: localSocket(config.stateDir),
      failed: (err) => log.warn({ err }, NO_LOCAL_SOCKET),
    },
    drainMs: config.drain,
    bound: (addresses) => started(services, state, addresses.admin.port),
    draining() {
      state.now = 'draining'
      services.approvals.waiting.drain()
      services.pacing.queue.drain()
    },
    async closed() {
      stop()
      // Connections may close before the runs of their requests end.
      await runs.ended()
      await close(services)
    },
  })
  return { ...service, reload: (by) => reloader.reload(by) }
}

/** Judges held calls and uploads again whenever policy, settings or state change; `stop` ends that. */
function follow(services: Services, { uploads }: Stages): FollowedConfig {
  const { settings, audit, metrics, log, clock, timer, identity } = services
  const changed = (): void => {
    services.pacing.queue.reconsider()
    uploads.reconsider()
  }
  services.state.ledger.onChange(changed)
  let { mode } = settings.current()
  const reloaded = (): void => {
    const before = mode
    ;({ mode } = settings.current())
    if (mode === 'observe' && before !== mode) log.warn({ mode }, OBSERVING)
    showRules(metrics, settings.current())
    changed()
  }
  const followed = followConfig({ settings, audit, metrics, log, clock, timer, changed: reloaded })
  const ends = [
    followed.stop,
    services.freezes.watchWindows(timer, changed),
    services.breakglass.watchEnds(timer, changed),
    followKeys(identity.sealingKeys, { audit, log, changed }),
  ]
  return {
    reloader: followed.reloader,
    stop() {
      for (const end of ends) end()
    },
  }
}

/** Records the settings in force, and where each value comes from, once both listeners are bound (rule S7). */
function started(services: Services, state: ServiceState, adminPort: number): void {
  const { settings, audit, approvals, credentials, aws, log } = services
  const { loaded, policy } = settings.current()
  for (const { path, message } of idleSettings(loaded.config, aws.catalogue.services))
    log.warn({ path, problem: message }, 'a setting does not do what it seems to; config check says more')
  const { listen, admin } = loaded.config
  approvals.bound(adminPort)
  for (const host of adminHosts(listen.admin.host, adminPort, admin.hosts)) state.adminHosts.add(host)
  const { name: engine, revision } = policy
  audit.append({
    phase: 'start',
    version: VERSION,
    settings: describeConfig(loaded),
    policy: { engine, revision, rules: [] },
  })
  if (loaded.config.policy.mode === 'observe') log.warn({ mode: 'observe' }, OBSERVING)
  state.now = 'serving'
  credentials.ready().catch((err: unknown) => log.warn({ err }, NO_CREDENTIALS))
}

/** Closes what the listeners need: the audit log after all that writes to it, and the store last. */
async function close({ approvals, watching, breakglass, refusals, ...services }: Services): Promise<void> {
  approvals.close()
  await watching.stop()
  breakglass.close()
  refusals.unverified.flush()
  refusals.agents.flush()
  await Promise.all([
    services.upstream.pool.close(),
    services.identity.identities.close(),
    services.auditSearcher.close(),
  ])
  // If the disk is full, the store must still be closed.
  try {
    await services.audit.close()
    await services.noteHeadNow()
  } finally {
    await services.state.close()
  }
}
