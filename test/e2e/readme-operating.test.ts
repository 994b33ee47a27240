/** What README tells operators to type, typed as it stands there. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'proxy/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'moderato-readme-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const chapter = /^## Operating it$([^]*?)^## /m.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1] ?? ''
const blocks = (language: string): string[] =>
  [...chapter.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text)

/** The commands of a file talk to the port that it names, so it cannot be chosen by the system at start. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function sh(script: string) {
  const lines = [`moderato() { ${process.execPath} ${MAIN} "$@"; }`, 'set -e', script]
  const { PATH = '' } = process.env
  const ran = spawnSync('sh', ['-c', lines.join('\n')], { cwd: folder, encoding: 'utf8', env: { PATH } })
  return { code: ran.status, out: ran.stdout, err: ran.stderr }
}

it('the examples of the chapter for operators work as they are written', { timeout: 60_000 }, async () => {
  const [yaml = ''] = blocks('yaml')
  const [freezes = '', reload = ''] = blocks('sh')
  const made = sh('moderato config person-token alice-token')
  const hash = /^tokenSha256: ([0-9a-f]{64})$/m.exec(made.out)?.[1] ?? ''
  const listen = `listen: { agents: "127.0.0.1:0", admin: "127.0.0.1:${await freePort()}" }\n`
  const config = listen + yaml.replace(/tokenSha256: [0-9a-f]{64}/, `tokenSha256: ${hash}`)
  expect(config).toContain(hash)
  writeFileSync(join(folder, 'moderato.yaml'), config)
  writeFileSync(join(folder, 'new.yaml'), `${config}policy: { mode: observe }\n`)
  const serving = spawn(process.execPath, [MAIN, 'serve', '--config', 'moderato.yaml'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    await once(serving.stdout, 'data')
    const [lift = '', ...rest] = freezes.trim().split('\n').toReversed()
    const frozen = sh(rest.toReversed().join('\n'))
    expect(frozen).toMatchObject({ code: 0, err: '' })
    expect(frozen.out).toContain('window weekend: class destructive or protection')
    expect(frozen.out).toMatch(/service dynamodb; until lifted; by alice@example.org: migration/)
    const id = /f-[0-9a-f]{16}/.exec(frozen.out)?.[0] ?? ''
    expect(sh(lift.replace(/f-[0-9a-f]{16}/, id))).toMatchObject({
      code: 0,
      out: expect.stringContaining(`lifted ${id}`),
    })
    const changed = sh(reload)
    expect(changed).toMatchObject({ code: 0, err: '' })
    expect(changed.out).toMatch(/^policy.mode: "enforce" -> "observe"$/m)
    expect(changed.out).toMatch(/^(applied|unchanged)$/m)
  } finally {
    serving.kill('SIGTERM')
    await once(serving, 'exit')
  }
})
