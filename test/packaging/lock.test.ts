import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { lockDifferences } from '../../proxy/packaging/lock.ts'

/** A checkout whose lock file and node_modules say so. */
function checkout(locked: Record<string, object>, installed: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'moderato-lock-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const packages = { '': { version: '1.0.0' }, ...locked }
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }))
  for (const [path, version] of Object.entries(installed)) {
    mkdirSync(join(root, path), { recursive: true })
    writeFileSync(join(root, path, 'package.json'), JSON.stringify({ version }))
  }
  return root
}

describe('differences', () => {
  const nested = 'node_modules/a/node_modules/b'

  it('finds none where every package has the locked version, whatever development has', () => {
    const locked = {
      'node_modules/a': { version: '1.2.3' },
      [nested]: { version: '2.0.0' },
      'node_modules/tool': { version: '9.0.0', dev: true },
    }
    expect(lockDifferences(checkout(locked, { 'node_modules/a': '1.2.3', [nested]: '2.0.0' }))).toEqual([])
  })

  it('names packages of another version and missing ones', () => {
    const locked = { 'node_modules/a': { version: '1.2.3' }, [nested]: { version: '2.0.0' } }
    expect(lockDifferences(checkout(locked, { 'node_modules/a': '1.2.4' }))).toEqual([
      'node_modules/a 1.2.4, not 1.2.3',
      `${nested} missing, not 2.0.0`,
    ])
  })
})
