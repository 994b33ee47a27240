/** Ends child processes with their parent, however that ends: SIGKILL runs no handler. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import { join } from 'node:path'

/**
 * Arguments of Node for a child whose standard input is a pipe of this process: it ends when this process does. The child
 * must not read its standard input.
 */
export const END_WITH_PARENT = ['--import', join(import.meta.dirname, 'end-with-parent.ts')]

const DEATH_SIGNAL = ['--pdeathsig', 'KILL']
let hasSetpriv: boolean | undefined

/**
 * Returns the command line of another program that ends with this process, which must be the one that starts it. It
 * replaces itself by the program, so the process id is the program's. Elsewhere than on Linux the program stays as it is.
 */
export function endingWithParent(command: string, args: readonly string[]): [string, string[]] {
  hasSetpriv ??= spawnSync('setpriv', [...DEATH_SIGNAL, 'true']).status === 0
  return hasSetpriv ? ['setpriv', [...DEATH_SIGNAL, command, ...args]] : [command, [...args]]
}

/** Says what a process has started, and the folder that goes with it. */
export interface Started {
  /** The leader of its session. */
  readonly pid: number
  /** A variable that all of it has in its environment: `NAME=VALUE`. */
  readonly mark: string
  readonly folder?: string
}

/** Starts a process that ends all that was started when this process is gone. It is ended itself where all went well. */
export function startReaper({ pid, mark, folder = '' }: Started): ChildProcess {
  const script = join(import.meta.dirname, 'reaper.ts')
  const reaper = spawn(process.execPath, [script, String(pid), mark, folder], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  })
  // Neither the process nor its pipe keeps this one from ending.
  reaper.unref()
  if (reaper.stdin instanceof Socket) reaper.stdin.unref()
  process.once('exit', () => reaper.kill())
  return reaper
}
