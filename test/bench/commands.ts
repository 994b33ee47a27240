/** How long the `moderato` command takes to start, as `npm run moderato` starts it; npm's own time is not in it. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const COMMAND = join(import.meta.dirname, '../../proxy/main.ts')

/** What stops agents must be fast. */
const LINES: readonly (readonly string[])[] = [
  ['--version'],
  ['freeze', '--help'],
  ['freeze', 'list', '--admin', 'URL', '--token-file', 'TOKEN'],
  ['freeze', 'list', '--admin', 'URL', '--config', 'FILE'],
  ['approvals', 'list', '--admin', 'URL', '--config', 'FILE'],
  ['audit', 'tail', '--config', 'FILE'],
]

export interface CommandRow {
  readonly name: string
  /** From start to end, the median; with what the first start compiled, as `npm start` keeps it. */
  readonly ms: number
}

/** A running Moderato that the commands ask, and a folder for what Node compiles. */
export interface CommandPlace {
  readonly admin: string
  readonly tokenFile: string
  readonly config: string
  readonly compiled: string
}

/** Runs each command several times, nothing else running. Throws if one of them fails. */
export function measureCommands(place: CommandPlace, times: number): CommandRow[] {
  const { admin, tokenFile, config, compiled } = place
  const filled: Readonly<Record<string, string>> = { URL: admin, TOKEN: tokenFile, FILE: config }
  return LINES.map((line) => {
    const args = line.map((each) => filled[each] ?? each)
    const [, ...tookMs] = Array.from({ length: times + 1 }, () => runMs(args, compiled))
    const ms = tookMs.toSorted((one, other) => one - other)[Math.floor(times / 2)] ?? NaN
    return { name: `moderato ${line.join(' ')}`, ms }
  })
}

function runMs(args: readonly string[], compiled: string): number {
  const startedMs = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['--expose-gc', COMMAND, ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  })
  if (status !== 0) throw new Error(`moderato ${args.join(' ')}: ${stderr}`)
  return performance.now() - startedMs
}
