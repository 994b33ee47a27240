/** Keeps the settings in force those of the configuration's files, as they change. */
import { watchedFiles } from '../config/files.ts'
import { loadConfig } from '../config/load.ts'
import { watchFiles } from '../core/watch-files.ts'
import { Reloader, type ReloadDeps } from './reload.ts'

/** What watches the configuration's files; `stop` ends the watching. */
export interface FollowedConfig {
  readonly reloader: Reloader
  readonly stop: () => void
}

/** Reloads the configuration whenever one of its files changes, and returns what else may ask for a reload. */
export function followConfig(deps: Omit<ReloadDeps, 'load'>): FollowedConfig {
  const { settings, log } = deps
  const { file } = settings.current().loaded
  const reloader = new Reloader({ ...deps, load: () => loadConfig(file) })
  const stop = watchFiles(
    () => watchedFiles(settings.current().loaded),
    () => void reloader.reload('file'),
    (error) =>
      log.warn({ err: error }, 'the configuration is not watched: reload it by SIGHUP or POST /v1/reload'),
  )
  return { reloader, stop }
}
