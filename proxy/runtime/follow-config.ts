/** Keeps the rules in force those of the configuration's files, as they change. */
import type { Logger } from 'pino'
import { watchedFiles } from '../config/files.ts'
import { loadConfig } from '../config/load.ts'
import { watchFiles } from '../core/watch-files.ts'
import type { Parts } from '../server/services.ts'
import { Reloader } from './reload.ts'

/** `changed` is called when other rules are in force; `stop` ends the watching. */
export function followConfig(
  { inForce, rulesOf, audit, metrics, clock }: Parts,
  log: Logger,
  changed: () => void,
): { readonly reloader: Reloader; stop(): void } {
  const { file } = inForce.current().loaded
  const load = () => loadConfig(file)
  const reloader = new Reloader({ inForce, load, rulesOf, changed, audit, metrics, log, clock })
  const stop = watchFiles(
    () => watchedFiles(inForce.current().loaded),
    () => void reloader.reload('file'),
    (error) =>
      log.warn({ err: error }, 'the configuration is not watched: reload it by SIGHUP or POST /v1/reload'),
  )
  return { reloader, stop }
}
