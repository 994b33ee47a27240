/** Opens the audit logs that a command line names, for a search. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { segmentNumbers } from '../audit/chain.ts'
import { SearchedLogs } from '../audit/search/search.ts'
import { StaleIndex } from '../audit/search/log-index.ts'
import { errorMessage } from '../core/error-message.ts'
import { Failure } from './failure.ts'

const DEFAULT_DIR = '.moderato/audit'

export interface LogsFlags {
  readonly config?: string | undefined
  readonly rebuild?: boolean | undefined
}

/**
 * Calls `use` with the logs of the folders, of a configuration, or of the default folder. Rejects with `Failure` where a
 * folder has no audit log: nothing found there would look as if nothing had happened.
 */
export async function withLogs<Result>(
  given: readonly string[],
  { config, rebuild = false }: LogsFlags,
  use: (logs: SearchedLogs) => Promise<Result> | Result,
): Promise<Result> {
  const dirs = await dirsGiven(given, config)
  const logs = orFailure(() => {
    for (const dir of dirs) checkLog(dir)
    return new SearchedLogs(dirs, { rebuild })
  })
  try {
    return await use(logs)
  } catch (error) {
    const isStale = error instanceof StaleIndex
    throw new Failure(
      isStale ? `${error.message}: it is made anew. Run the command again.` : errorMessage(error),
    )
  } finally {
    logs.close()
  }
}

/** Returns the folders of a command line: those that it names, of its configuration, or the default. */
export async function dirsGiven(
  given: readonly string[],
  config: string | undefined,
): Promise<readonly string[]> {
  return given.length > 0 ? given : [config === undefined ? DEFAULT_DIR : await dirOf(config)]
}

async function dirOf(config: string): Promise<string> {
  const { loadConfigOfRunning } = await import('../config/load.ts')
  return join(loadConfigOfRunning(config).config.stateDir, 'audit')
}

function checkLog(dir: string): void {
  if (segmentNumbers(readdirSync(dir)).length > 0) return
  throw new Failure(`${dir} has no audit log: give the folder audit in stateDir, or --config FILE`)
}

function orFailure<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(errorMessage(error))
  }
}
