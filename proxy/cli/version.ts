/** `moderato version`, or `moderato --version`. */
import { NODE_VERSION, VERSION } from '../core/version.ts'
import { withArguments, type Io } from './verb.ts'

const USAGE = `usage: moderato version [--json]

Prints the version of Moderato; with --json as an object, with the version of Node that runs it.
`

export function run(args: readonly string[], io: Io): Promise<number> {
  const options = { json: { type: 'boolean' }, help: { type: 'boolean' } } as const
  return withArguments(
    { usage: USAGE, options, allowPositionals: false },
    args,
    io,
    ({ values: { json } }) => {
      const told = { version: VERSION, node: NODE_VERSION }
      io.stdout.write(json === true ? `${JSON.stringify(told)}\n` : `${VERSION}\n`)
      return 0
    },
  )
}
