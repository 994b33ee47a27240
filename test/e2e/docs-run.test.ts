/** What the docs tell people who run agents to type, typed as it stands there. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { MAIN } from '../support/docs.ts'
import { freePort } from '../support/free-port.ts'
import { chapterBlocks, ROOT } from '../support/markdown.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { askTasks } from '../support/tasks.ts'
import { AWS_CLI, missing, MOTO } from '../support/tools.ts'

const CLEANUP = { ...BUILDER, id: 'spiffe://example.org/agent/cleanup', accessKeyId: 'AKIDCLEANUP' }

describe.skipIf(missing(MOTO, AWS_CLI))('the examples of docs/tasks.md and docs/operating.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-docs-run-'))
  let proxy: Proxy
  beforeAll(async () => {
    const listen = { agents: '127.0.0.1:0', admin: `127.0.0.1:${await freePort()}` }
    proxy = await startProxy({ upstream: await freshMoto(), agents: [CLEANUP], settings: { listen } })
    // `moderato` is a command on the PATH of whoever installed it.
    mkdirSync(join(folder, 'bin'))
    const command = `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`
    writeFileSync(join(folder, 'bin/moderato'), command, { mode: 0o755 })
  })
  afterAll(async () => {
    await proxy?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function sh(script: string, env: Record<string, string> = {}) {
    const { PATH = '', HOME = '' } = process.env
    const place = script
      .replaceAll('http://127.0.0.1:8080', proxy.url)
      .replaceAll('MODERATO_SECRET_ACCESS_KEY=...', `MODERATO_SECRET_ACCESS_KEY=${CLEANUP.secretAccessKey}`)
      .replaceAll('--config moderato.yaml', `--config ${proxy.configFile}`)
    const child = spawn('sh', ['-ec', place], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: `${join(folder, 'bin')}:${PATH}`, HOME, XDG_RUNTIME_DIR: folder, ...env },
    })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    return new Promise<{ code: number | null; out: string; err: string }>((ended) => {
      child.once('close', (code) => ended({ code, out, err }))
    })
  }

  it('run an agent, give a shell a task, and make a profile', async () => {
    const [run = '', shell = ''] = chapterBlocks('docs/tasks.md', '## Run an agent', 'sh')
    const [profile = ''] = chapterBlocks('docs/tasks.md', '## Run an agent', 'ini')
    const [exports = ''] = run.split('moderato run')
    const ran = await sh(run)
    expect(ran).toMatchObject({
      code: 0,
      err: expect.stringMatching(/task-\S+: 1 call, 0 refused; ended\n$/),
    })
    const shelled = await sh(`${exports}${shell}`)
    expect(shelled).toMatchObject({ code: 0, out: expect.stringContaining('look-around: 1 call, 0 refused') })
    const config = join(folder, 'config')
    const here = profile.replaceAll('http://127.0.0.1:8080', proxy.url).replaceAll('/opt/moderato', ROOT)
    writeFileSync(config, here)
    const profiled = await sh(`${exports}aws s3 ls --profile paced`, { AWS_CONFIG_FILE: config })
    expect(profiled).toMatchObject({ code: 0, err: '' })
    const record = await proxy.record(({ facts }) => JSON.stringify({ facts }).includes('nightly report'))
    expect(record).toMatchObject({ operation: 'OpenTask', decision: 'allow' })
  })

  it('list, revoke and look after sessions', async () => {
    await askTasks(proxy, CLEANUP, { id: 'clean-up-4711', intent: 'remove builds' })
    await askTasks(proxy, CLEANUP, { id: 'another', intent: 'remove more' })
    const [sessions = ''] = chapterBlocks('docs/operating.md', '## Sessions', 'sh')
    const { code, out, err } = await sh(sessions)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^clean-up-4711: spiffe:\/\/example.org\/agent\/cleanup by static-key/m)
    expect(out).toContain('revoked task clean-up-4711; 1 open task ended; by admin-token: it drifted')
    expect(out).toMatch(/revoked agent spiffe:\S+; [1-9] open tasks? ended; by admin-token: leaked key/)
    expect(out).toMatch(/ \(current\)\n$/)
  })
})
