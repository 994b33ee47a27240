/** Somebody stops the tests half-way: nothing that they started is left behind. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { treeOf } from '../support/process-tree.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** Starts a proxy, and an emulator where there is one. */
const RUN = ['test/e2e/tasks.test.ts', 'test/e2e/sign.test.ts']

const STARTS: Readonly<Record<string, () => ChildProcess>> = {
  'npm test': () => spawn('npm', ['test', '--', ...RUN], { cwd: ROOT, stdio: 'ignore', env: environment() }),
  'the runner': () =>
    spawn(process.execPath, ['test/support/run-tests.ts', ...RUN], {
      cwd: ROOT,
      stdio: 'ignore',
      env: environment(),
    }),
}

/** Without what this run says to its own workers. */
function environment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST_)/.test(name)))
}

/** Those of them that still run: nobody may have looked at the exit code of one that ended. */
const left = (pids: readonly number[]): number[] =>
  pids.filter((pid) => treeOf(pid).some((each) => each.pid === pid))

describe.skipIf(!existsSync('/proc/self/stat'))('a run of tests', () => {
  it.each([
    ['npm test', 'SIGTERM'],
    ['the runner', 'SIGTERM'],
    ['the runner', 'SIGINT'],
    ['the runner', 'SIGHUP'],
  ] as const)('leaves no process behind: %s, ended by %s', async (what, signal) => {
    const run = STARTS[what]?.()
    if (run?.pid === undefined) throw new Error('not started')
    const { pid } = run
    const ended = once(run, 'exit')
    const seen = await vi.waitFor(
      () => {
        const tree = treeOf(pid)
        expect(tree.some(({ command }) => /proxy\/main\.ts serve/.test(command))).toBe(true)
        return tree
      },
      { timeout: 60_000, interval: 20 },
    )
    run.kill(signal)
    await ended
    await vi.waitFor(() => expect(left(seen.map((each) => each.pid))).toEqual([]), { interval: 20 })
    expect(treeOf(pid)).toEqual([])
  })
})
