import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../../proxy/cli/version.ts'
import { VERSION } from '../../proxy/core/version.ts'
import { captured } from './captured.ts'

const MAIN = resolve(import.meta.dirname, '../../proxy/main.ts')

function moderato(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

describe('moderato version', () => {
  it('prints the version, with --json that of Node too', async () => {
    const [plain, json] = [captured(), captured()]
    expect(await run([], plain.io)).toBe(0)
    expect(plain.out()).toBe(`${VERSION}\n`)
    expect(await run(['--json'], json.io)).toBe(0)
    expect(JSON.parse(json.out())).toEqual({ version: VERSION, node: process.versions.node })
  })

  it('is what --version does', () => {
    expect(moderato('--version')).toEqual({ code: 0, out: `${VERSION}\n`, err: '' })
    expect(JSON.parse(moderato('--version', '--json').out)).toMatchObject({ version: VERSION })
  })

  it('takes nothing else', () => {
    expect(moderato('--version', 'please')).toMatchObject({ code: 2, out: '' })
  })
})
