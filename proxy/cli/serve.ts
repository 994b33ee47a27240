/** Implements `moderato serve --config FILE`: runs the proxy until SIGTERM or SIGINT. */
import { z } from 'zod'
import { openModerato } from '../server/moderato.ts'
import { OBSERVING } from '../server/listeners.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/loaded.ts'
import { diskTrouble } from '../core/disk.ts'
import { errorMessage } from '../core/error-message.ts'
import { openLog } from '../observe/log.ts'
import { expectShortLives } from './short-lived.ts'
import { missing, withArguments, type Io } from './verb.ts'

const USAGE = `usage: moderato serve --config FILE

Prints one JSON line on standard output when it listens; logs go to standard error.
SIGHUP, or a changed file, reloads the configuration: all of it, or nothing; then the log says why.
SIGTERM drains: /readyz fails first, held calls are answered, streams may finish. A second SIGTERM ends the process at once.
`

export function run(args: readonly string[], io: Io): Promise<number> {
  // It prints JSON with or without --json.
  const options = {
    config: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const
  return withArguments(
    { usage: USAGE, options, allowPositionals: false },
    args,
    io,
    ({ values: { config } }) => (config === undefined ? missing('config') : serve(config, io)),
  )
}

async function serve(file: string, io: Io): Promise<number> {
  expectShortLives()
  // Few schemas are used twice: compiled parsers would take 3 MB.
  z.config({ jitless: true })
  let stateDir = file
  try {
    const loaded = loadConfig(file)
    ;({ stateDir } = loaded.config)
    const processLog = openLog(loaded.config.log.level)
    const moderato = await openModerato(loaded, processLog)
    let draining = false
    process.on('SIGHUP', () => {
      if (!draining) void moderato.reload('SIGHUP')
    })
    const listening = await moderato.listen()
    // Before the line is printed: its reader may end the service at once.
    const ended = endOfService()
    const { mode } = loaded.config.policy
    io.stdout.write(`${JSON.stringify({ listening, ...(mode === 'observe' && { notice: OBSERVING }) })}\n`)
    await ended
    draining = true
    processLog.log.info('draining')
    await moderato.drain()
    processLog.flush()
    return 0
  } catch (error) {
    io.stderr.write(`${error instanceof ConfigError ? error.message : failureText(stateDir, error)}\n`)
    return 1
  }
}

/** Says what failed, and if it was the disk, what to do about that. */
function failureText(stateDir: string, error: unknown): string {
  const message = errorMessage(error)
  const trouble = diskTrouble(stateDir, error)
  const isSaid = trouble === undefined || message.includes(trouble)
  return `moderato: ${message}${isSaid ? '' : ` (${stateDir}: ${trouble})`}`
}

/** Resolves on the first signal; the next one ends the process. */
function endOfService(): Promise<void> {
  return new Promise((resolve) => {
    let draining = false
    const onSignal = (): void => {
      if (draining) process.exit(1)
      draining = true
      resolve()
    }
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
  })
}
