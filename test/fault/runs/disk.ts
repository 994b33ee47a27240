/** A disk that is full, again and again, under load. */
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { missing, PRLIMIT } from '../../support/tools.ts'
import type { Proxy } from '../../support/proxy.ts'
import { becomes, FaultScene, type FaultRun } from './fault-run.ts'

const AT_ONCE = 20

/** Nothing goes that cannot be recorded, and calls go again by themselves when there is room. */
export const disk: FaultRun = async ({ random, rounds }) => {
  if (missing(PRLIMIT)) return { did: {}, broken: [], skipped: 'there is no prlimit on this machine' }
  const scene = await FaultScene.open()
  try {
    const stateDir = join(scene.folder, 'state')
    const proxy = await scene.start({ stateDir })
    let refused = 0
    for (let round = 0; round < rounds; round += 1) {
      limitFiles(proxy, String(largestFile(stateDir) + random.below(20_000)))
      const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => scene.drop(proxy)))
      refused += answers.filter((status) => status === 503).length
      limitFiles(proxy, 'unlimited')
      const isBack = await becomes(async () => (await scene.drop(proxy)) === 200, 10_000)
      if (!isBack) scene.broken.push(`round ${round}: nothing went 10 s after there was room again`)
    }
    await scene.check([stateDir], [proxy])
    return {
      did: { fullDisks: rounds, refused, forwarded: scene.upstream.recorded.length },
      broken: scene.broken,
    }
  } finally {
    await scene.end()
  }
}

/** The largest of the files that grow: the limit is for each. */
function largestFile(stateDir: string): number {
  const folders = [stateDir, join(stateDir, 'audit')]
  const sizes = folders.flatMap((folder) =>
    readdirSync(folder).map((name) => statSync(join(folder, name)).size),
  )
  return Math.max(...sizes)
}

/** The disk is full for this one process: a write beyond the limit fails. */
function limitFiles({ pid }: Proxy, bytes: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`])
  if (status !== 0) throw new Error(String(stderr))
}
