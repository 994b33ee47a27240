import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { watchFiles } from '../../proxy/core/watch-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-watch-'))
const file = join(folder, 'moderato.yaml')
let stop = (): void => {}
afterEach(() => {
  stop()
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
})

function watched(files: readonly string[] = [file]) {
  const seen = { changes: 0, problems: 0 }
  stop = watchFiles(
    () => files,
    () => (seen.changes += 1),
    () => (seen.problems += 1),
  )
  return {
    seen,
    reaches: (changes: number) =>
      vi.waitFor(() => expect(seen).toEqual({ changes, problems: 0 }), { timeout: 5000, interval: 10 }),
  }
}

describe('watchFiles', () => {
  it('tells of a file that is written in place, once and again', async () => {
    writeFileSync(file, 'a')
    const { reaches } = watched()
    writeFileSync(file, 'b')
    await reaches(1)
    writeFileSync(file, 'c')
    await reaches(2)
  })

  it('tells of a file that is replaced by rename, as editors do, once and again', async () => {
    writeFileSync(file, 'a')
    const { reaches } = watched()
    for (const text of ['b', 'c']) {
      writeFileSync(join(folder, '.swap'), text)
      renameSync(join(folder, '.swap'), file)
      await reaches(text === 'b' ? 1 : 2)
    }
  })

  it('tells of a link that leads elsewhere, as a ConfigMap in a pod does', async () => {
    const version = (name: string): void => {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, 'moderato.yaml'), name)
      symlinkSync(name, join(folder, '..new'))
      renameSync(join(folder, '..new'), join(folder, '..data'))
    }
    version('..1')
    symlinkSync(join('..data', 'moderato.yaml'), file)
    const { reaches } = watched()
    version('..2')
    await reaches(1)
    version('..3')
    await reaches(2)
  })

  it('says nothing of other files, of a file written as it was, or after its end', async () => {
    writeFileSync(file, 'a')
    const { seen, reaches } = watched()
    writeFileSync(join(folder, 'other'), 'x')
    writeFileSync(file, 'a')
    writeFileSync(join(folder, 'marker'), 'x')
    // A change after them is told of, and is the first.
    writeFileSync(file, 'b')
    await reaches(1)
    stop()
    writeFileSync(file, 'c')
    expect(seen.changes).toBe(1)
  })

  it('is not kept from a change by whatever else is written beside it all the time', async () => {
    writeFileSync(file, 'a')
    const { reaches } = watched()
    const busy = setInterval(() => writeFileSync(join(folder, 'database-wal'), String(Math.random())), 10)
    writeFileSync(file, 'b')
    await reaches(1)
    clearInterval(busy)
  })

  it('sees files of several folders', async () => {
    mkdirSync(join(folder, 'policy'))
    const bundle = join(folder, 'policy', 'bundle.tar.gz')
    writeFileSync(file, 'a')
    writeFileSync(bundle, 'a')
    const { reaches } = watched([file, bundle])
    writeFileSync(bundle, 'b')
    await reaches(1)
  })
})
