/** An older version of Moderato and this one, in turn on one state folder. */
import { spawnSync } from 'node:child_process'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { asOperator, FaultScene, type FaultRun } from './fault-run.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const BURST = 20
const PER_VERSION = 2
const SETTINGS = { pacing: { classes: { destructive: { rate: '1/h', burst: BURST, maxWait: '0s' } } } }
/** What came with the seal over the whole ledger: its first parent knows none. */
const CAME_WITH_THE_SEAL = 'proxy/state/seal.ts'

/** No freeze is lost and no bucket refilled, forward and back. */
export const upgrade: FaultRun = async ({ rounds }) => {
  const scene = await FaultScene.open()
  const { broken, upstream } = scene
  try {
    const older = olderVersion(scene.folder)
    if (older === undefined)
      return { did: {}, broken, skipped: 'git does not have the history of an older version here' }
    const stateDir = join(scene.folder, 'state')
    let starts = 0
    for (let round = 0; round < 2 * rounds; round += 1) {
      const isOlder = round % 2 === 0
      const proxy = await scene.start({
        stateDir,
        settings: SETTINGS,
        ...(isOlder ? { command: older } : {}),
      })
      starts += 1
      const body = { agents: [`nobody-${round}`], reason: 'a fault run' }
      if ((await asOperator(proxy, 'POST', '/v1/freeze', body)) === undefined)
        broken.push(`start ${starts}: a freeze was not taken`)
      for (let call = 0; call < PER_VERSION; call += 1) await scene.drop(proxy)
      const list = (await asOperator(proxy, 'GET', '/v1/freeze')) as { freezes?: unknown[] } | undefined
      if (list?.freezes?.length !== starts)
        broken.push(`start ${starts}: ${list?.freezes?.length} freezes are there`)
      await scene.stop(proxy)
    }
    const last = await scene.start({ stateDir, settings: SETTINGS })
    const left = BURST - upstream.recorded.length
    let went = 0
    while ((await scene.drop(last)) === 200) went += 1
    if (went !== left) broken.push(`${went} went where ${left} were left`)
    await scene.check([stateDir], [last])
    return { did: { starts, forwarded: upstream.recorded.length }, broken }
  } finally {
    await scene.end()
  }
}

/** Unpacks the older version beside this one's packages. Returns its command; undefined: there is no such history. */
function olderVersion(folder: string): string | undefined {
  const git = (...args: readonly string[]) => spawnSync('git', ['-C', ROOT, ...args], { maxBuffer: 1 << 30 })
  const added = git('log', '--diff-filter=A', '--format=%H', '--', CAME_WITH_THE_SEAL)
  const [commit = ''] = added.stdout?.toString().trim().split('\n') ?? []
  const packed = git('archive', `${commit}^`, 'proxy', 'policy', 'rego', 'package.json')
  if (commit === '' || packed.status !== 0) return undefined
  const place = join(folder, 'older')
  spawnSync('mkdir', ['-p', place])
  if (spawnSync('tar', ['-x', '-C', place], { input: packed.stdout }).status !== 0) return undefined
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'))
  const command = join(place, 'moderato')
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' --expose-gc '${place}/proxy/main.ts' "$@"\n`)
  chmodSync(command, 0o700)
  return command
}
