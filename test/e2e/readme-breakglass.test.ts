/** What README tells people to type for a break-glass, typed as it stands there. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, expect, it } from 'vitest'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'proxy/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'moderato-readme-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const chapter = /^## Break-glass$([^]*?)^## /m.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1] ?? ''
const block = (language: string): string =>
  new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(chapter)?.[1] ?? ''

/** The commands of a file talk to the port that it names, so it cannot be chosen by the system at start. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function sh(script: string): string {
  const lines = [`moderato() { ${process.execPath} ${MAIN} "$@"; }`, 'set -e', script]
  const { PATH = '' } = process.env
  const ran = spawnSync('sh', ['-c', lines.join('\n')], { cwd: folder, encoding: 'utf8', env: { PATH } })
  expect(ran).toMatchObject({ status: 0, stderr: '' })
  return ran.stdout
}

it('the example of the chapter works as it is written', { timeout: 60_000 }, async () => {
  const upstream = await RecordingUpstream.start()
  const [open = '', confirm = '', list = '', close = '', report = ''] = block('sh').trim().split('\n')
  sh('moderato config person-token alice.token; moderato config person-token bob.token')
  const yaml = block('yaml')
    .replace('127.0.0.1:8080', '127.0.0.1:0')
    .replace('127.0.0.1:8081', `127.0.0.1:${await freePort()}`)
    .replace('http://127.0.0.1:5000', upstream.url)
  writeFileSync(join(folder, 'moderato.yaml'), yaml)
  const serving = spawn(process.execPath, [MAIN, 'serve', '--config', 'moderato.yaml'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    const [line] = (await once(serving.stdout, 'data')) as [Buffer]
    const { agents } = (JSON.parse(line.toString()) as { listening: { agents: string } }).listening
    const credentials = {
      accessKeyId: 'AKIDCLEANUP',
      secretAccessKey: 'cleanup-secret-of-32-characters-or-more',
    }
    const client = dynamodb(agents, undefined, { credentials })
    const drop = () => client.send(new DeleteTableCommand({ TableName: 'orders-1' }))
    const id = /^(bg-[0-9a-f]{32}): pending/.exec(sh(open))?.[1] ?? ''
    const typed = (command: string): string => sh(command.replace(/bg-[0-9a-f]{32}/, id))
    expect((await thrownBy(drop())).status).toBe(403)
    expect(typed(confirm)).toContain(`${id}: open for spiffe://example.org/agent/cleanup`)
    expect(typed(list)).toContain('and pace')
    // Two at once is all that the class's own pace would let through.
    for (let call = 0; call < 4; call += 1) await drop()
    expect(typed(close)).toContain('closed by admin-token')
    expect((await thrownBy(drop())).status).toBe(403)
    expect(typed(report)).toMatch(
      /confirmed by bob@example.org [^]* destructive: 4 calls, 4 allowed \(of 4 things\)/,
    )
  } finally {
    serving.kill('SIGTERM')
    await once(serving, 'exit')
    await upstream.stop()
  }
})
