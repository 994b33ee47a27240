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

/** The arguments do not say what to do: why not, if that is more than that they are not as the usage has them. */
export type Wrong = 'wrong usage' | { readonly wrong: string }

/** What is wrong where these flags are not given. */
export function missing(...names: readonly string[]): Wrong {
  return { wrong: `${names.map((name) => `--${name}`).join(', ')} must be given` }
}

/** What is wrong where flags are missing that must be there; undefined if none is. */
export function lacking(flags: Readonly<Record<string, unknown>>): Wrong | undefined {
  const names = Object.keys(flags).filter((name) => flags[name] === undefined)
  return names.length === 0 ? undefined : missing(...names)
}

/**
 * Runs `act` with what the arguments say, and resolves with its exit code. Tells the usage on standard output where they ask
 * for it (0); on standard error (2) where they cannot be read, or where `act` finds them wrong, with what is wrong last,
 * where it is seen.
 */
export async function withArguments<const Options extends ParseArgsOptionsConfig>(
  { usage, options, allowPositionals = true }: CommandLine<Options>,
  args: readonly string[],
  io: Io,
  act: (given: Given<Options>) => Promise<number | Wrong> | number | Wrong,
): Promise<number> {
  const given = read(args, options, allowPositionals)
  if (given instanceof Error) return told(usage, { wrong: given.message }, io)
  if ('help' in given.values && given.values.help === true) {
    io.stdout.write(usage)
    return 0
  }
  const code = await act(given)
  return typeof code === 'number' ? code : told(usage, code, io)
}

function told(usage: string, wrong: Wrong, io: Io): number {
  io.stderr.write(usage)
  if (wrong !== 'wrong usage') io.stderr.write(`\nmoderato: ${wrong.wrong}\n`)
  return 2
}

function read<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  allowPositionals: boolean,
): Given<Options> | Error {
  try {
    return parseArgs({ args, options, allowPositionals })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
