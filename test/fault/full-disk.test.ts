/** The disk is full when Moderato starts: it says so, and starts again once there is room. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProxy } from '../support/proxy.ts'

const SIZE_KIB = 1024
/** What is left at a start: nothing; room for an empty file; room for the secrets, but not for the state. */
const LEFT_KIB = [0, 4, 12, 28]

const folder = mkdtempSync(join(tmpdir(), 'moderato-full-'))
const mounted =
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_KIB}k`, 'tmpfs', folder], { stdio: 'ignore' })
    .status === 0
if (!mounted) console.warn('SKIPPED: a start on a full disk: no tmpfs can be mounted here (it needs root)')

afterAll(() => {
  if (mounted) spawnSync('umount', [folder])
  rmSync(folder, { recursive: true, force: true })
})

function empty(): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
}

describe.skipIf(!mounted)('a start on a full disk', () => {
  const stateDir = join(folder, 'state')
  const start = () => startProxy({ stateDir, upstream: 'http://127.0.0.1:1' })

  beforeAll(empty)

  it.each(LEFT_KIB)('says that the disk is full, with %i KiB left', async (left) => {
    empty()
    writeFileSync(join(folder, 'fill'), Buffer.alloc((SIZE_KIB - left) * 1024))
    const started = start()
    await expect(started).rejects.toThrow(/the disk is full: free some space/)
    await expect(started).rejects.not.toThrow('another process')
    rmSync(join(folder, 'fill'))
    const proxy = await start()
    expect((await fetch(`${proxy.adminUrl}/readyz`)).status).toBe(200)
    await proxy.stop()
  })
})
