/** What the docs tell operators to type, typed as it stands there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { serveIn, typeIn } from '../support/docs.ts'
import { freePort } from '../support/free-port.ts'
import { chapterBlocks } from '../support/markdown.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const FREEZE = 'docs/freeze-and-breakglass.md'
const OPERATING = 'docs/operating.md'
const sh = (script: string) => typeIn(folder, script)

it('the examples for operators work as they are written', { timeout: 60_000 }, async () => {
  const [people = ''] = chapterBlocks(OPERATING, '## Who is who', 'yaml')
  const [windows = ''] = chapterBlocks(FREEZE, '### Freeze by the calendar', 'yaml')
  const yaml = people + windows
  const [freezes = ''] = chapterBlocks(FREEZE, '## Freeze', 'sh')
  const [reload = ''] = chapterBlocks(OPERATING, '## Change the configuration while it runs', 'sh')
  const made = sh('moderato config person-token alice.token')
  const hash = /^tokenSha256: ([0-9a-f]{64})$/m.exec(made.out)?.[1] ?? ''
  const listen = `listen: { agents: "127.0.0.1:0", admin: "127.0.0.1:${await freePort()}" }\n`
  const config = listen + yaml.replace(/tokenSha256: [0-9a-f]{64}/, `tokenSha256: ${hash}`)
  expect(config).toContain(hash)
  writeFileSync(join(folder, 'moderato.yaml'), config)
  writeFileSync(join(folder, 'new.yaml'), `${config}policy: { mode: observe }\n`)
  const { end } = await serveIn(folder)
  try {
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
    await end()
  }
})
