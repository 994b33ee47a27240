/** What stops a verb short of what it was asked for. */
import { ConfigError } from '../config/loaded.ts'
import type { Io } from './verb.ts'

/** What whoever typed the verb can do something about; `code` is Moderato's word for it, empty if it said none. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: string

  constructor(message: string, code = '') {
    super(message)
    this.code = code
  }
}

/** Resolves as `act` does; with exit code 1 and words on standard error after a `Failure` or `ConfigError`. */
export async function tellingFailure(io: Io, act: () => Promise<number>): Promise<number> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof Failure || error instanceof ConfigError)) throw error
    io.stderr.write(`moderato: ${error.message}\n`)
    return 1
  }
}
