import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ownSecret, readSecret } from '../../proxy/core/secret-file.ts'

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'moderato-secret-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

describe('ownSecret', () => {
  it('makes 256 random bits at first start, for its own user only, and keeps them', async () => {
    const stateDir = join(await folder(), 'state')
    const token = ownSecret(join(stateDir, 'admin-token'))
    expect(Buffer.from(token, 'base64url').length).toBe(32)
    expect((await stat(stateDir)).mode & 0o777).toBe(0o700)
    expect((await stat(join(stateDir, 'admin-token'))).mode & 0o777).toBe(0o600)
    expect(ownSecret(join(stateDir, 'admin-token'))).toBe(token)
    expect(ownSecret(join(await folder(), 'admin-token'))).not.toBe(token)
  })

  it('refuses a token file that others can read', async () => {
    const stateDir = await folder()
    const token = ownSecret(join(stateDir, 'admin-token'))
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(join(stateDir, 'admin-token'), mode)
      expect(() => ownSecret(join(stateDir, 'admin-token'))).toThrow('open to other users')
    }
    expect((await readFile(join(stateDir, 'admin-token'), 'utf8')).trim()).toBe(token)
  })

  it('refuses an empty or short token without showing it', async () => {
    const path = join(await folder(), 'token')
    for (const [text, words] of [
      ['', /is empty$/],
      ['\n', /is empty$/],
      ['short-secret', /has fewer than 32 characters: make one with openssl/],
    ] as const) {
      await writeFile(path, text, { mode: 0o600 })
      expect(() => readSecret(path)).toThrow(words)
      expect(() => readSecret(path)).not.toThrow(/short-secret/)
    }
  })

  it('takes a short password of another program, but no empty one', async () => {
    const path = join(await folder(), 'password')
    await writeFile(path, 'pw-of-valkey\n', { mode: 0o600 })
    expect(readSecret(path, 1)).toBe('pw-of-valkey')
    await writeFile(path, '\n')
    expect(() => readSecret(path, 1)).toThrow('is empty')
  })
})
