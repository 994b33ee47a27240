/** Reloads the whole configuration while Moderato runs: replaces it as one value, or keeps the old one and says why. */
import type { Logger } from 'pino'
import { configDiff, isReloaded, type Change } from '../config/diff.ts'
import type { Finding } from '../config/checks/finding.ts'
import { ConfigError, type LoadedConfig } from '../config/loaded.ts'
import { errorMessage } from '../core/error-message.ts'
import type { Audit } from '../audit/audit.ts'
import type { Metrics } from '../observe/metrics.ts'
import { Masked } from '../observe/redact.ts'
import type { ReloadResult } from '../observe/metrics-operations.ts'
import type { Clock } from '../core/ports.ts'
import type { Settings } from './live-settings.ts'

/** Describes how one reload ended. */
export interface Reload {
  readonly result: ReloadResult
  /** The cause: `SIGHUP`, `file`, or the caller of the admin API. */
  readonly by: string
  readonly atMs: number
  readonly changes: readonly Change[]
  /** The problems for which it was refused. */
  readonly findings: readonly Finding[]
}

/** Declares what `Reloader` needs. */
export interface ReloadDeps {
  readonly settings: Pick<Settings, 'current' | 'inForce' | 'make'>
  /** Loads the configuration as at start, with the environment's values over it (rule S7). */
  readonly load: () => LoadedConfig
  /** Called when other rules are in force, so that held calls are judged by them (rule S4). */
  readonly changed: () => void
  readonly audit: Pick<Audit, 'append'>
  readonly metrics: Pick<Metrics, 'policyBundle' | 'reload'>
  readonly log: Pick<Logger, 'level' | 'info' | 'warn'>
  readonly clock: Clock
}

/** Reloads the configuration, one reload after another. */
export class Reloader {
  readonly #deps: ReloadDeps
  #last: Reload | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(deps: ReloadDeps) {
    this.#deps = deps
  }

  /** The result of the last reload; undefined before the first. */
  get last(): Reload | undefined {
    return this.#last
  }

  /** Reloads the configuration. Never rejects: if it is refused, the previous one stays in force. */
  reload(by: string): Promise<Reload> {
    const reload = this.#running.then(() => this.#reload(by))
    this.#running = reload
    return reload
  }

  async #reload(by: string): Promise<Reload> {
    const { settings, load, clock } = this.#deps
    const { inForce, make } = settings
    const before = inForce.current()
    let changes: readonly Change[] = []
    try {
      const loaded = load()
      // The file may be half written: the old settings are better than none, without agents and freeze windows.
      if (loaded.sources.size === 0) throw new ConfigError(loaded.file, [{ path: '', message: 'is empty' }])
      changes = configDiff(before.loaded.config, loaded.config)
      const fixed = changes.filter(({ path }) => !isReloaded(path))
      const wrong = fixed.length > 0 ? fixed.map(needsRestart) : emptied(before.loaded, loaded)
      if (wrong.length > 0) throw new ConfigError(loaded.file, wrong)
      const after = await make(loaded, before)
      inForce.swap(after)
      const isUnchanged = changes.length === 0 && after.policy.revision === before.policy.revision
      this.#deps.log.level = loaded.config.log.level
      this.#deps.metrics.policyBundle(after.policy.revision)
      this.#deps.changed()
      return this.#done({
        result: isUnchanged ? 'unchanged' : 'applied',
        by,
        atMs: clock.nowMs(),
        changes,
        findings: [],
      })
    } catch (error) {
      const findings =
        error instanceof ConfigError ? error.findings : [{ path: '', message: errorMessage(error) }]
      return this.#done({ result: 'refused', by, atMs: clock.nowMs(), changes, findings })
    }
  }

  #done(reload: Reload): Reload {
    const { audit, metrics, log, settings } = this.#deps
    const { result, by, changes, findings } = reload
    this.#last = reload
    metrics.reload(result)
    const { name: engine, revision } = settings.inForce.current().policy
    const fields = { by, result, changes, findings }
    audit.append({ phase: 'config', config: fields, policy: { engine, revision, rules: [] } })
    const shown = { ...fields, changes: new Masked(changes) }
    if (result === 'refused')
      log.warn(shown, 'the configuration was not reloaded; the previous one stays in force')
    else log.info(shown, `configuration reloaded: ${result}${pathsText(changes)}`)
    return reload
  }
}

/** Most paths that the line's text names; its member `changes` has all. */
const MAX_PATHS = 20

function pathsText(changes: readonly Change[]): string {
  if (changes.length === 0) return ''
  const paths = changes.slice(0, MAX_PATHS).map(({ path }) => path)
  const rest = changes.length - paths.length
  return `: ${paths.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

/** A file that lost its agents would have all their calls refused, and no SDK tries those again. */
function emptied(before: LoadedConfig, { config }: LoadedConfig): Finding[] {
  const { length } = before.config.agents
  if (length === 0 || config.agents.length > 0 || config.allowEmpty) return []
  const message = `names nobody, but ${length} ${length === 1 ? 'agent is' : 'agents are'} in force: if that is meant, write allowEmpty: true beside it`
  return [{ path: 'agents', message }]
}

function needsRestart({ path }: Change): Finding {
  return { path, message: 'cannot change while Moderato runs: restart Moderato, or set the old value again' }
}
