/** Defines the verbs of the command line, and reads their arguments. */
import type { Readable, Writable } from 'node:stream'
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

export interface Io {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** A Verb runs with the arguments after its name and resolves with the exit code. */
export type Verb = (args: readonly string[], io: Io) => Promise<number>

/** Describes the arguments of a verb. */
export interface CommandLine<Options extends ParseArgsOptionsConfig> {
  readonly usage: string
  /** The options for `parseArgs`; they include `help`. */
  readonly options: Options & { readonly help: { readonly type: 'boolean' } }
  /** False if only flags are allowed. */
  readonly allowPositionals?: boolean
}

/** Holds the parsed arguments. */
export type Given<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: readonly string[]; options: Options; allowPositionals: boolean }>
>

/** Says that the arguments are wrong, and if the usage does not show it, why. */
export type Wrong = 'wrong usage' | { readonly wrong: string }

/** Returns the message that these flags are missing. */
export function missing(...names: readonly string[]): Wrong {
  return { wrong: `${names.map((name) => `--${name}`).join(', ')} must be given` }
}

/** Returns the message about the flags that are undefined; undefined if all are given. */
export function lacking(flags: Readonly<Record<string, unknown>>): Wrong | undefined {
  const names = Object.keys(flags).filter((name) => flags[name] === undefined)
  return names.length === 0 ? undefined : missing(...names)
}

/**
 * Runs `act` with the parsed arguments and resolves with its exit code. With --help it prints the usage on standard output
 * (exit code 0). If the arguments cannot be parsed, or `act` finds them wrong, it prints the usage on standard error, and
 * last, where it is seen, what is wrong (exit code 2).
 */
export async function withArguments<const Options extends ParseArgsOptionsConfig>(
  { usage, options, allowPositionals = true }: CommandLine<Options>,
  args: readonly string[],
  io: Io,
  act: (given: Given<Options>) => Promise<number | Wrong> | number | Wrong,
): Promise<number> {
  const given = read(args, options, allowPositionals)
  if (given instanceof Error)
    return told(usage, { wrong: await withSuggestion(given.message, Object.keys(options)) }, io)
  if ('help' in given.values && given.values.help === true) {
    io.stdout.write(usage)
    return 0
  }
  const code = await act(given)
  if (typeof code === 'number') return code
  return told(usage, code === 'wrong usage' ? await noAction(usage, given.positionals) : code, io)
}

/** Adds what may have been meant by an option that does not exist. */
async function withSuggestion(message: string, options: readonly string[]): Promise<string> {
  const given = /^Unknown option '--?([^']*)'/.exec(message)?.[1]
  if (given === undefined) return message
  const { didYouMean } = await import('../core/did-you-mean.ts')
  // The advice of Node after it is about files whose names begin with a hyphen.
  return `Unknown option '--${given}'${didYouMean(
    `--${given}`,
    options.map((each) => `--${each}`),
  )}`
}

/** Says what may have been meant by an action that the usage does not show. */
async function noAction(usage: string, [action]: readonly string[]): Promise<Wrong> {
  const actions = [...usage.matchAll(/moderato [a-z]+ ([a-z][a-z-]*)/g)].map(([, name = '']) => name)
  if (action === undefined || actions.includes(action)) return 'wrong usage'
  const { nearest } = await import('../core/did-you-mean.ts')
  const meant = nearest(action, actions)
  return meant === undefined ? 'wrong usage' : { wrong: `there is no ${action}; did you mean ${meant}?` }
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
