/** What every verb of the command line is. */
import type { Readable, Writable } from 'node:stream'

export interface Io {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Runs one verb with the arguments after its name; resolves with the exit code. */
export type Verb = (args: readonly string[], io: Io) => Promise<number>
