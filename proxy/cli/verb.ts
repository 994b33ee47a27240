/** What every verb of the command line is, and how it reads its arguments. */
import type { Readable, Writable } from 'node:stream'
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

export interface Io {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Runs one verb with the arguments after its name; resolves with the exit code. */
export type Verb = (args: readonly string[], io: Io) => Promise<number>

export interface CommandLine<Options extends ParseArgsOptionsConfig> {
  readonly usage: string
  /** For `parseArgs`; `help` is among them. */
  readonly options: Options & { readonly help: { readonly type: 'boolean' } }
  /** False: flags alone are right. */
  readonly allowPositionals?: boolean
}

/** What the arguments say. */
export type Given<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: readonly string[]; options: Options; allowPositionals: boolean }>
>

/**
 * Runs `act` with what the arguments say, and resolves with its exit code. Tells the usage on standard output where they ask
 * for it (0); on standard error (2) where they cannot be read, or where `act` finds them wrong.
 */
export async function withArguments<const Options extends ParseArgsOptionsConfig>(
  { usage, options, allowPositionals = true }: CommandLine<Options>,
  args: readonly string[],
  io: Io,
  act: (given: Given<Options>) => Promise<number | 'wrong usage'> | number | 'wrong usage',
): Promise<number> {
  const given = read(args, options, allowPositionals)
  if (given !== undefined && 'help' in given.values && given.values.help === true) {
    io.stdout.write(usage)
    return 0
  }
  const code = given === undefined ? 'wrong usage' : await act(given)
  if (code !== 'wrong usage') return code
  io.stderr.write(usage)
  return 2
}

function read<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  allowPositionals: boolean,
): Given<Options> | undefined {
  try {
    return parseArgs({ args, options, allowPositionals })
  } catch {
    return undefined
  }
}
