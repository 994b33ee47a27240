import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { seal, unseal } from '../../proxy/identity/sealed-token.ts'
import { newKeyLine, readKeyLines, sealingKeys, writeKeys } from '../../proxy/identity/sealing-keys.ts'

function path(): string {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-keys-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'sealing-keys')
}

describe('sealingKeys', () => {
  it('makes a key of its own at first, which others cannot read, and keeps it', () => {
    const file = path()
    const { current } = sealingKeys(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(sealingKeys(file).current).toEqual(current)
  })

  it('seals with the first, opens with all, and with none that was taken away', () => {
    const file = path()
    const old = sealingKeys(file).current
    const { accessKeyId, sessionToken } = seal('before', old)
    writeKeys(file, [newKeyLine(), ...readKeyLines(file)])
    const both = sealingKeys(file)
    expect(both.current.id).not.toBe(old.id)
    const found = both.find(old.id)
    expect(found && unseal(accessKeyId, sessionToken, found)).toBe('before')
    writeKeys(file, readKeyLines(file).slice(0, 1))
    expect(sealingKeys(file).find(old.id)).toBeUndefined()
  })

  it('says what is wrong with the file, without showing a key', () => {
    const file = path()
    const line = newKeyLine()
    const wrong = {
      'holds no key': '\n',
      'line 2 is no key': `${line}\nk2 short\n`,
      'stands twice': `${line}\n${line}\n`,
    }
    for (const [words, text] of Object.entries(wrong)) {
      writeFileSync(file, text, { mode: 0o600 })
      expect(() => sealingKeys(file)).toThrow(words)
      expect(() => sealingKeys(file)).not.toThrow(line.split(' ')[1] ?? '')
    }
    writeFileSync(file, `${line}\n`)
    chmodSync(file, 0o640)
    expect(() => sealingKeys(file)).toThrow('open to other users')
    expect(readFileSync(file, 'utf8')).toContain(line)
  })
})
