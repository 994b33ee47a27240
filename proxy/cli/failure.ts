/** Defines the error that ends a verb. */
import { ConfigError } from '../config/loaded.ts'
import type { Io } from './verb.ts'

/** A Failure is an error that the user of the verb can fix; `code` is Moderato's error code, empty if there is none. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: string

  constructor(message: string, code = '') {
    super(message)
    this.code = code
  }
}

/** Resolves as `act` does; after a `Failure` or `ConfigError` with exit code 1 and its message on standard error. */
export async function tellingFailure(io: Io, act: () => Promise<number>): Promise<number> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof Failure || error instanceof ConfigError)) throw error
    io.stderr.write(`moderato: ${error.message}\n`)
    return 1
  }
}
