/** Keeps the sealing keys in force those of their file, so that keys change, or are taken away, without a restart. */
import type { Logger } from 'pino'
import { watchFiles } from '../core/watch-files.ts'
import type { Audit } from '../audit/audit.ts'
import type { SealingKeyFile } from './sealing-keys.ts'

export interface FollowKeysDeps {
  readonly audit: Pick<Audit, 'append'>
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Called when other keys are in force: calls that wait may be of a session that is over. */
  readonly changed: () => void
}

/**
 * Follows the file of sealing keys until the function that it returns is called. A file that is bad or gone changes
 * nothing but the log and the audit.
 */
export function followKeys(keys: SealingKeyFile, { audit, log, changed }: FollowKeysDeps): () => void {
  const reload = (): void => {
    try {
      const { ids } = keys.reload()
      log.info({ keys: ids }, 'other sealing keys are in force')
      audit.append({ phase: 'config', config: { by: 'sealing-keys', result: 'applied', keys: ids } })
      changed()
    } catch (error) {
      log.error({ err: error }, 'the sealing keys were not read anew; those in force stay so')
      audit.append({
        phase: 'config',
        config: { by: 'sealing-keys', result: 'refused', keys: keys.current().ids },
      })
    }
  }
  return watchFiles(
    () => [keys.path],
    reload,
    (error) => log.warn({ err: error }, 'the sealing keys are not watched: a change needs a restart'),
  )
}
