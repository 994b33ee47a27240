import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../../proxy/cli/sessions.ts'
import { sealingKeys } from '../../proxy/identity/sealing-keys.ts'
import { captured } from './captured.ts'

function scene() {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-keys-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'sealing-keys')
  const first = sealingKeys(file).current.id
  const keys = async (...args: string[]) => {
    const { io, out, err } = captured()
    return { code: await run(['keys', ...args, '--file', file], io), out: out(), err: err() }
  }
  return { file, first, keys }
}

describe('moderato sessions keys', () => {
  it('changes keys without a break: added last, then promoted, then the old one is removed', async () => {
    const { file, first, keys } = scene()
    const added = await keys('add', '--json')
    const [, second = ''] = (JSON.parse(added.out) as { keys: string[] }).keys
    expect(sealingKeys(file).ids).toEqual([first, second])
    expect(await keys('list')).toEqual({ code: 0, out: `${first} (current)\n${second}\n`, err: '' })
    expect((await keys('promote', second)).code).toBe(0)
    expect(sealingKeys(file).ids).toEqual([second, first])
    expect((await keys('remove', first)).code).toBe(0)
    expect(sealingKeys(file).ids).toEqual([second])
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('removes the current key only if that is meant, and never leaves the file without one', async () => {
    const { file, first, keys } = scene()
    const before = readFileSync(file, 'utf8')
    expect(await keys('remove', first)).toMatchObject({ code: 1, err: expect.stringContaining('--now') })
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(await keys('remove', first, '--now')).toMatchObject({ code: 0 })
    const { ids } = sealingKeys(file)
    expect(ids).toHaveLength(1)
    expect(ids).not.toContain(first)
  })

  it('shows no key, and says what is wrong', async () => {
    const { file, first, keys } = scene()
    const secret = readFileSync(file, 'utf8').trim().split(' ')[1] ?? ''
    const said = [
      await keys('list'),
      await keys('promote', 'x'),
      await keys('add'),
      await keys('list', '--json'),
    ]
    expect(JSON.stringify(said)).not.toContain(secret)
    expect(said[1]).toMatchObject({ code: 1, err: expect.stringContaining('there is no key "x"') })
    for (const wrong of [[], ['promote'], ['add', first], ['list', 'x', 'y'], ['burn', first]])
      expect(await keys(...wrong)).toMatchObject({ code: 2 })
  })
})
