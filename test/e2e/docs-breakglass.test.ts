/** What the docs tell people to type for a break-glass, typed as it stands there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, expect, it } from 'vitest'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { serveIn, typeIn } from '../support/docs.ts'
import { freePort } from '../support/free-port.ts'
import { chapterBlocks } from '../support/markdown.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const example = (language: string): string =>
  chapterBlocks('docs/freeze-and-breakglass.md', '## Break-glass', language)[0] ?? ''

function sh(script: string): string {
  const { code, out, err } = typeIn(folder, script)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return out
}

it('the example of the chapter works as it is written', { timeout: 60_000 }, async () => {
  const upstream = await RecordingUpstream.start()
  const [open = '', confirm = '', list = '', close = '', report = ''] = example('sh').trim().split('\n')
  sh('moderato config person-token alice.token; moderato config person-token bob.token')
  const yaml = example('yaml')
    .replace('127.0.0.1:8080', '127.0.0.1:0')
    .replace('127.0.0.1:8081', `127.0.0.1:${await freePort()}`)
    .replace('http://127.0.0.1:5000', upstream.url)
  writeFileSync(join(folder, 'moderato.yaml'), yaml)
  const { agents, end } = await serveIn(folder)
  try {
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
    await end()
    await upstream.stop()
  }
})
