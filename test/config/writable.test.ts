import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadConfig } from '../../proxy/config/load.ts'

describe('loadConfig', () => {
  it.each(['moderato.yaml', 'state', 'state.sqlite', 'ledger-key', 'sealing-keys'])(
    'refuses %s where everybody can write it (rule S22)',
    (name) => {
      const folder = mkdtempSync(join(tmpdir(), 'moderato-writable-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const file = join(folder, 'moderato.yaml')
      const state = { file: 'state.sqlite', keyFile: 'ledger-key' }
      writeFileSync(
        file,
        JSON.stringify({ stateDir: 'state', state, identity: { sealingKeys: 'sealing-keys' } }),
      )
      mkdirSync(join(folder, 'state'), { mode: 0o700 })
      for (const each of ['state.sqlite', 'ledger-key', 'sealing-keys'])
        writeFileSync(join(folder, each), '', { mode: 0o600 })
      expect(loadConfig(file, {}).file).toBe(file)
      chmodSync(join(folder, name), 0o777)
      expect(() => loadConfig(file, {})).toThrow(`${join(folder, name)} can be written by everybody`)
    },
  )
})
