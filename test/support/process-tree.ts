/** Finds and ends the processes that a test run started, whatever they did to leave their group. Linux alone has /proc. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

interface Process {
  readonly pid: number
  readonly parent: number
  readonly session: number
  readonly command: string
}

/** Returns every process of this machine; empty where there is no /proc. A zombie runs no more, and is left out. */
function processes(): Process[] {
  if (!existsSync('/proc/self/stat')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
        // The command's name, in parentheses, may hold anything: proc_pid_stat(5).
        const [state, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        if (state === 'Z' || state === 'X') return []
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        return [{ pid: Number(name), parent: Number(parent), session: Number(session), command }]
      } catch {
        return []
      }
    })
}

/**
 * Returns the process, all that descend from it, and all of its session, even if their parent is gone. With a mark, also
 * all whose environment has it, and what descends from them.
 */
export function treeOf(root: number, mark?: string): Process[] {
  const all = processes()
  const found = new Set(
    all
      .filter(({ pid, session }) => pid === root || session === root || isMarked(pid, mark))
      .map(({ pid }) => pid),
  )
  for (let before = -1; before !== found.size;) {
    before = found.size
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid)
  }
  return all.filter(({ pid }) => found.has(pid))
}

/**
 * Ends the process and its tree, and returns the commands that it ended. All are stopped first: one that runs on could
 * start another, which nothing would find once its parent is gone.
 */
export function endTree(root: number, mark?: string): string[] {
  const stopped = new Map<number, string>()
  for (;;) {
    const more = treeOf(root, mark).filter(({ pid }) => !stopped.has(pid))
    if (more.length === 0) break
    for (const { pid, command } of more) {
      stopped.set(pid, command)
      send(pid, 'SIGSTOP')
    }
  }
  // Where there is no /proc, the group of the process is what is known.
  if (stopped.size === 0) send(-root, 'SIGKILL')
  for (const pid of stopped.keys()) send(pid, 'SIGKILL')
  return [...stopped.values()]
}

/** Not this process: who ends a run has its mark as well. */
function isMarked(pid: number, mark: string | undefined): boolean {
  if (mark === undefined || pid === process.pid) return false
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark)
  } catch {
    return false
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile.
  }
}
