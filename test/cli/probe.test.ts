import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { reached } from '../../proxy/cli/probe.ts'
import { probedFor, separation } from '../../proxy/cli/separation.ts'
import { loadConfig } from '../../proxy/config/load.ts'
import { freePort } from '../support/free-port.ts'

const NOTHING = { files: [], ports: [], listeners: [], processes: [] }
const isRoot = process.getuid?.() === 0
const NOBODY = { uid: 65534, gid: 65534 }
/** Whether this is root, and another user can read what is tried with. */
const nobodyRuns =
  isRoot &&
  spawnSync(process.execPath, [resolve(import.meta.dirname, '../../proxy/cli/probe.ts')], {
    ...NOBODY,
    cwd: '/',
    input: JSON.stringify(NOTHING),
  }).status === 0
if (!nobodyRuns)
  console.warn('SKIPPED: another user cannot be tried here; run as root, in a checkout that all can read')

async function listening(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'moderato-probe-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

describe('reached', () => {
  it('finds files and folders that can be read, and ports that can be opened', async () => {
    const at = folder()
    writeFileSync(join(at, 'secret'), 's', { mode: 0o600 })
    const files = [at, join(at, 'secret'), join(at, 'nothing')].map((path) => ({ path, what: 'a file' }))
    const ports = [await listening(), await freePort()].map((port) => ({
      host: '127.0.0.1',
      port,
      what: 'a port',
    }))
    expect(await reached({ ...NOTHING, files, ports })).toEqual([
      `a file: ${at}`,
      `a file: ${join(at, 'secret')}`,
      `a port: 127.0.0.1:${ports[0]?.port}`,
    ])
  })

  it('finds processes of which it could read the memory', async () => {
    const child = `
      const server = require('node:net').createServer().listen(0, '127.0.0.1', () => console.log(server.address().port))`
    const other = spawn(process.execPath, ['-e', child], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void other.kill())
    const [line] = (await once(other.stdout, 'data')) as [Buffer]
    const port = Number(line.toString())
    const listeners = [{ port, what: 'the proxy' }]
    const processes = [{ pid: process.pid, what: 'this process' }]
    expect(await reached({ ...NOTHING, listeners, processes })).toEqual([
      `the memory and environment of the proxy (process ${other.pid})`,
      'this process',
    ])
    expect(await reached({ ...NOTHING, listeners: [{ port: await freePort(), what: 'none' }] })).toEqual([])
  })
})

describe('separation', () => {
  const place = async () => ({
    url: new URL(`http://127.0.0.1:${await listening()}`),
    isNear: true,
    ca: undefined,
  })

  it('knows every place that a configuration names', async () => {
    const at = folder()
    const file = join(at, 'moderato.yaml')
    const state = { store: 'valkey', url: 'valkey://127.0.0.1:6390', keyFile: 'ledger', passwordFile: 'pw' }
    const config = {
      listen: { admin: '127.0.0.1:8181' },
      stateDir: 'state',
      state,
      identity: { sealingKeys: 'keys' },
    }
    writeFileSync(
      file,
      JSON.stringify({ ...config, policy: { bundle: 'bundle.tar' }, admin: { tokenFile: 'token' } }),
    )
    const { files, ports } = probedFor({
      place: await place(),
      loaded: loadConfig(file, {}),
      given: { HOME: '/home/me', AWS_SECRET_ACCESS_KEY: 'x' },
    })
    const paths = files.map(({ path }) => path)
    for (const name of ['moderato.yaml', 'state', 'ledger', 'pw', 'keys', 'bundle.tar', 'token'])
      expect(paths).toContain(join(at, name))
    expect(paths).toContain('/home/me/.aws/credentials')
    expect(ports.map(({ port }) => port)).toEqual([8181, 6390])
  })

  it('finds that a command of the same user is not kept apart, and says what it could not look at', async () => {
    const { reached: found, unchecked } = separation({
      place: await place(),
      loaded: undefined,
      user: undefined,
      given: { PATH: process.env['PATH'] ?? '', HOME: folder() },
    })
    expect(found).toContain(`the memory and environment of the proxy (process ${process.pid})`)
    expect(unchecked).toHaveLength(1)
  })

  it.skipIf(!nobodyRuns)('finds what is kept from another user, and what is not', async () => {
    const at = folder()
    const home = join(at, 'home')
    mkdirSync(join(home, '.aws'), { recursive: true })
    writeFileSync(join(home, '.aws/credentials'), 'x', { mode: 0o600 })
    writeFileSync(join(home, '.aws/config'), 'x', { mode: 0o644 })
    chmodSync(at, 0o755)
    const given = { PATH: process.env['PATH'] ?? '', HOME: home }
    const options = { place: await place(), loaded: undefined, given }
    const found = [`upstream credentials: ${join(home, '.aws/config')}`]
    expect(separation({ ...options, user: NOBODY }).reached).toEqual(found)
    const own = [`upstream credentials: ${join(home, '.aws/credentials')}`, ...found]
    expect(separation({ ...options, user: undefined }).reached).toEqual(expect.arrayContaining(own))
  })

  it.skipIf(isRoot)('takes what cannot be tried as that user for reached', async () => {
    const options = { place: await place(), loaded: undefined, given: { PATH: '', HOME: folder() } }
    const { reached: found } = separation({ ...options, user: NOBODY })
    expect(found).toEqual([expect.stringContaining('what that user can reach could not be checked')])
  })
})
