import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeOwnFolder } from '../../proxy/core/own-folder.ts'

describe('makeOwnFolder', () => {
  it('makes what is missing for its own user, and leaves what is there', () => {
    const top = mkdtempSync(join(tmpdir(), 'moderato-folder-'))
    onTestFinished(() => rmSync(top, { recursive: true, force: true }))
    mkdirSync(join(top, 'there'), { mode: 0o755 })
    for (let again = 0; again < 2; again += 1) makeOwnFolder(join(top, 'there', 'a', 'b'))
    expect(['there', 'there/a', 'there/a/b'].map((each) => statSync(join(top, each)).mode & 0o777)).toEqual([
      0o755, 0o700, 0o700,
    ])
  })

  it.skipIf(!existsSync('/proc/self'))('fails where nothing can be made, and does not try for ever', () => {
    expect(() => makeOwnFolder('/proc/moderato/state')).toThrow('ENOENT')
  })
})
