import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { homeFiles } from '../../proxy/cli/client-settings.ts'
import { newHome, removeHome } from '../../proxy/cli/task-home.ts'

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('newHome', () => {
  it('has what leads clients to the proxy, for its user alone', () => {
    const home = newHome(undefined, homeFiles('http://127.0.0.1:8080', 'eu-west-1'))
    onTestFinished(() => removeHome(home))
    expect([home, join(home, '.aws'), join(home, '.aws/cli')].map(modeOf)).toEqual([0o700, 0o700, 0o700])
    for (const [path, text] of Object.entries(homeFiles('http://127.0.0.1:8080', 'eu-west-1'))) {
      expect(modeOf(join(home, path))).toBe(0o600)
      expect(readFileSync(join(home, path), 'utf8')).toBe(text)
    }
  })

  it.skipIf(process.getuid?.() !== 0)('belongs to the user of the command, with all that is in it', () => {
    const home = newHome({ uid: 65534, gid: 65534 }, { 'a/b/c': 'x', d: 'y' })
    onTestFinished(() => removeHome(home))
    for (const path of ['.', 'a', 'a/b', 'a/b/c', 'd'])
      expect(statSync(join(home, path))).toMatchObject({ uid: 65534, gid: 65534 })
  })

  it('is gone with all that the command left in it', () => {
    const home = newHome(undefined, { 'a/b': 'x' })
    removeHome(home)
    expect(statSync(home, { throwIfNoEntry: false })).toBeUndefined()
  })
})

describe('homeFiles', () => {
  it('takes no region that would be a line of its own', () => {
    const files = homeFiles('http://127.0.0.1:8080', 'x\nendpoint_url = https://elsewhere.example')
    expect(files['.aws/config']).not.toContain('elsewhere')
    expect(homeFiles('http://127.0.0.1:8080', undefined)['.aws/config']).not.toContain('region')
  })
})
