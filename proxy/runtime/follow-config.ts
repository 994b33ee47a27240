/** Reloads the settings whenever the files of the configuration change. */
import { watchedFiles } from '../config/files.ts'
import { loadConfig } from '../config/load.ts'
import { watchFiles } from '../core/watch-files.ts'
import { Reloader, type ReloadDeps } from './reload.ts'

/** A watch on the configuration's files; `stop` ends it. */
export interface FollowedConfig {
  readonly reloader: Reloader
  readonly stop: () => void
}

/** Reloads the configuration whenever one of its files changes; the reloader that it returns serves other causes too. */
export function followConfig(deps: Omit<ReloadDeps, 'load'>): FollowedConfig {
  const { settings, log } = deps
  const { file } = settings.current().loaded
  const reloader = new Reloader({ ...deps, load: () => loadConfig(file) })
  const stop = watchFiles(
    () => watchedFiles(settings.current().loaded),
    () => void reloader.reload('file'),
    (error) =>
      log.warn(
        { err: error },
        'the configuration files cannot be watched: after a change, send SIGHUP or POST /v1/reload',
      ),
  )
  return { reloader, stop }
}
