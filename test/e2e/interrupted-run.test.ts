/** Somebody stops the tests half-way: nothing that they started is left behind. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { BOTO3, hasTool, MOTO } from '../support/tools.ts'
import { treeOf } from '../support/process-tree.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** Starts a proxy. */
const RUN = ['test/e2e/sign.test.ts']
/** Starts an emulator too, where there is one: it has a session of its own. */
const RUN_WITH_EMULATOR = ['test/e2e/scenarios.test.ts', 'test/e2e/sign.test.ts']

const STARTS: Readonly<Record<string, (files: readonly string[]) => ChildProcess>> = {
  'npm test': (files) =>
    spawn('npm', ['test', '--', ...files], { cwd: ROOT, stdio: 'ignore', env: environment() }),
  'the runner': (files) =>
    spawn(process.execPath, ['test/support/run-tests.ts', ...files], {
      cwd: ROOT,
      stdio: 'ignore',
      env: environment(),
    }),
  'vitest alone': (files) =>
    spawn(process.execPath, [...VITEST, ...files], { cwd: ROOT, stdio: 'ignore', env: environment() }),
}

const VITEST = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts']

/** Without what this run says to its own workers. */
function environment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST_)/.test(name)))
}

const HAS_EMULATOR = hasTool(MOTO.command, MOTO.args) && hasTool(BOTO3.command, BOTO3.args)
const PROXY = /proxy\/main\.ts serve/
const EMULATOR = /moto_server/

/** Those of them that still run: nobody may have looked at the exit code of one that ended. */
const left = (pids: readonly number[]): number[] =>
  pids.filter((pid) => treeOf(pid).some((each) => each.pid === pid))

describe.skipIf(!existsSync('/proc/self/stat'))('a run of tests', () => {
  it('ends by itself, and so does what watches over it', async () => {
    const run = STARTS['the runner']?.(['test/core/spiffe-id.test.ts'])
    if (run?.pid === undefined) throw new Error('not started')
    const tree = vi.waitFor(
      () => {
        const seen = treeOf(run.pid ?? 0)
        expect(seen.some(({ command }) => command.includes('reaper.ts'))).toBe(true)
        return seen
      },
      { timeout: 60_000, interval: 20 },
    )
    const [[code], seen] = await Promise.all([once(run, 'exit'), tree])
    expect(code).toBe(0)
    await vi.waitFor(() => expect(left(seen.map((each) => each.pid))).toEqual([]), {
      timeout: 20_000,
      interval: 20,
    })
  })

  it.each([
    ['npm test', 'SIGTERM'],
    ['the runner', 'SIGTERM'],
    ['the runner', 'SIGINT'],
    ['the runner', 'SIGHUP'],
    ['the runner', 'SIGKILL'],
    ['vitest alone', 'SIGKILL'],
  ] as const)('leaves no process behind: %s, ended by %s', async (what, signal) => {
    const isKilled = signal === 'SIGKILL'
    const run = STARTS[what]?.(isKilled ? RUN_WITH_EMULATOR : RUN)
    const running = isKilled && HAS_EMULATOR ? [PROXY, EMULATOR] : [PROXY]
    if (run?.pid === undefined) throw new Error('not started')
    const { pid } = run
    const ended = once(run, 'exit')
    const seen = await vi.waitFor(
      () => {
        const tree = treeOf(pid)
        for (const each of running) expect(tree.some(({ command }) => each.test(command))).toBe(true)
        return tree
      },
      { timeout: 60_000, interval: 20 },
    )
    run.kill(signal)
    await ended
    await vi.waitFor(() => expect(left(seen.map((each) => each.pid))).toEqual([]), {
      timeout: 20_000,
      interval: 20,
    })
    expect(treeOf(pid)).toEqual([])
  })
})
