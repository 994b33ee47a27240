/** What a command loads: an urgent freeze waits for nothing that it does not need. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const MAIN = resolve(import.meta.dirname, '../../proxy/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'moderato-light-'))
afterAll(() => rmSync(folder, { recursive: true }))

const HOOK = join(folder, 'hook.mjs')
writeFileSync(
  HOOK,
  `import { registerHooks } from 'node:module'
const loaded = new Set()
registerHooks({ load(url, context, next) { loaded.add(url); return next(url, context) } })
process.on('exit', () => process.stderr.write('LOADED ' + JSON.stringify([...loaded])))`,
)

/** Returns the packages that a command loads, and how many files of our own. */
function loadedBy(...args: readonly string[]): { readonly packages: string[]; readonly own: number } {
  const { stderr } = spawnSync(process.execPath, ['--import', HOOK, MAIN, ...args], { encoding: 'utf8' })
  const urls = JSON.parse(stderr.slice(stderr.indexOf('LOADED ') + 7)) as string[]
  const packages = urls.flatMap((url) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])
  const own = urls.filter((url) => url.startsWith('file:') && !url.includes('/node_modules/'))
  return { packages: [...new Set(packages)].toSorted(), own: own.length }
}

describe('a command', () => {
  it.each([
    ['--version', []],
    ['--help', []],
    ['audit tail', []],
    ['freeze list --admin http://127.0.0.1:1', ['leven', 'zod']],
    ['quarantine list --admin http://127.0.0.1:1', ['leven', 'zod']],
    ['approvals list --admin http://127.0.0.1:1', ['zod']],
    ['sessions list --admin http://127.0.0.1:1', ['zod']],
    [
      'run --task x --proxy http://127.0.0.1:1 -- true',
      ['@aws-sdk/checksums', '@smithy/core', '@smithy/types', 'leven', 'zod'],
    ],
  ])('loads only what it needs: %s', (line, packages) => {
    const loaded = loadedBy(...line.split(' '))
    expect(loaded.packages).toEqual(packages)
    expect(loaded.own).toBeLessThan(90)
  })
})
