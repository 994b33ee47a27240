/** Reloads the settings whenever the files of the configuration change. */
import { configDiff, type Change } from '../config/diff.ts'
import { watchedFiles } from '../config/files.ts'
import { loadConfig } from '../config/load.ts'
import type { LoadedConfig } from '../config/loaded.ts'
import type { Timer } from '../core/ports.ts'
import { watchFiles } from '../core/watch-files.ts'
import { Reloader, type ReloadDeps } from './reload.ts'

/** A watch on the configuration's files; `stop` ends it. */
export interface FollowedConfig {
  readonly reloader: Reloader
  readonly stop: () => void
}

/** A file that is written in parts says too little for a moment, and is valid all the same. */
const WHOLE_AFTER_MS = 2_000

/** Reloads the configuration whenever one of its files changes; the reloader that it returns serves other causes too. */
export function followConfig(deps: Omit<ReloadDeps, 'load'> & { readonly timer: Timer }): FollowedConfig {
  const { settings, log, timer } = deps
  const inForce = () => settings.current().loaded
  const { file } = inForce()
  const load = (): LoadedConfig => loadConfig(file)
  const reloader = new Reloader({ ...deps, load })
  const reload = (): void => void reloader.reload('file')
  const changed = patient({ load, inForce, reload, timer, log })
  const stop = watchFiles(
    () => watchedFiles(inForce()),
    () => changed.look(),
    (error) =>
      log.warn(
        { err: error },
        'the configuration files cannot be watched: after a change, send SIGHUP or POST /v1/reload',
      ),
  )
  return {
    reloader,
    stop() {
      changed.stop()
      stop()
    },
  }
}

interface PatientDeps {
  readonly load: () => LoadedConfig
  readonly inForce: () => LoadedConfig
  readonly reload: () => void
  readonly timer: Timer
  readonly log: Pick<ReloadDeps['log'], 'info'>
}

/** Returns what reloads at once, or a moment later where the files say less than what is in force. */
export function patient({ load, inForce, reload, timer, log }: PatientDeps) {
  let cancel = (): void => undefined
  return {
    look(): void {
      cancel()
      if (!saysLess(inForce(), load)) return reload()
      log.info(
        'the configuration says less than before: it is read again in 2 s, in case it is not whole yet',
      )
      cancel = timer.after(WHOLE_AFTER_MS, reload)
    },
    stop: () => cancel(),
  }
}

/** Tells whether files that can be read have lost a setting, or an entry of a list. */
function saysLess(before: LoadedConfig, load: () => LoadedConfig): boolean {
  try {
    const now = load()
    const losesSetting = [...before.sources].some(
      ([path, source]) => source === 'file' && !now.sources.has(path),
    )
    return losesSetting || configDiff(before.config, now.config).some(losesEntry)
  } catch {
    // The reload says what is wrong.
    return false
  }
}

function losesEntry({ before, after }: Change): boolean {
  if (after === undefined) return true
  return Array.isArray(before) && Array.isArray(after) && after.length < before.length
}
