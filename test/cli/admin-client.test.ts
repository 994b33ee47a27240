import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { withAdmin, type AdminClient, type AdminFlags } from '../../proxy/cli/admin-client.ts'
import { run as config } from '../../proxy/cli/config.ts'
import { loadConfig, loadConfigOfRunning } from '../../proxy/config/load.ts'
import { callers, sha256 } from '../../proxy/operators/callers.ts'
import { adminRoute } from '../../proxy/admin/route.ts'
import { listening, TOKEN } from '../admin/listening.ts'
import { captured } from './captured.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-client-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const Who = z.object({ subject: z.string(), n: z.number().optional() })
const NOWHERE = { url: undefined, tokenFile: undefined, ca: undefined }

function secretFile(name: string, secret: string): string {
  const file = join(folder, name)
  writeFileSync(file, `${secret}\n`, { mode: 0o600 })
  return file
}

const whoami = adminRoute({
  method: 'POST',
  path: '/v1/whoami',
  needs: 'token',
  summary: 'Who asks.',
  body: z.strictObject({ n: z.int() }),
  handle: ({ caller, body }) => ({ subject: caller.subject, n: body.n }),
})

async function asked(
  flags: AdminFlags,
  environment: { url?: string; tokenFile?: string } = {},
  errand: (client: AdminClient) => Promise<unknown> = (client) => client.post('/v1/whoami', { n: 7 }, Who),
) {
  const { io, out, err } = captured()
  let result: unknown
  const act = async (client: AdminClient): Promise<number> => {
    result = await errand(client)
    return 0
  }
  const code = await withAdmin(flags, io, act, { ...NOWHERE, ...environment })
  return { code, result, out: out(), err: err() }
}

describe('the client of the admin API', () => {
  it('finds Moderato by its configuration, with the token that was made at first start', async () => {
    const { port } = await listening({ routes: [whoami] })
    secretFile('admin-token', TOKEN)
    const file = join(folder, 'moderato.yaml')
    writeFileSync(file, `stateDir: .\nlisten: { admin: "127.0.0.1:${port}" }\n`)
    expect(await asked({ config: file })).toMatchObject({ code: 0, result: { subject: 'admin-token', n: 7 } })
  })

  it('finds it by address and token file, from flags or the environment', async () => {
    const { port } = await listening({ routes: [whoami] })
    const url = `http://127.0.0.1:${port}`
    const file = secretFile('t1', TOKEN)
    expect(await asked({ admin: url, 'token-file': file })).toMatchObject({ code: 0 })
    expect(await asked({}, { url, tokenFile: file })).toMatchObject({ code: 0 })
  })

  it('speaks as the person whose token it is given, beside a configuration', async () => {
    const alice = 'a'.repeat(43)
    const people = [{ id: 'alice', tokenSha256: sha256(alice).toString('hex') }]
    const { port } = await listening({ routes: [whoami], callerOf: callers(TOKEN, people) })
    const file = join(folder, 'alice.yaml')
    writeFileSync(file, `listen: { admin: "127.0.0.1:${port}" }\n`)
    const tokenFile = secretFile('alice-token', alice)
    expect((await asked({ config: file }, { tokenFile })).result).toMatchObject({ subject: 'alice' })
  })

  it('says plainly that nobody answers, that the token is wrong, or what Moderato refused', async () => {
    const { port } = await listening({ routes: [whoami] })
    const url = `http://127.0.0.1:${port}`
    const file = secretFile('t2', TOKEN)
    const gone = await asked({ admin: 'http://127.0.0.1:1', 'token-file': file })
    expect([gone.code, gone.err]).toEqual([
      1,
      expect.stringMatching(/no Moderato answers at .*is it running\?/),
    ])
    const wrong = await asked({ admin: url, 'token-file': secretFile('wrong', 'w'.repeat(43)) })
    expect([wrong.code, wrong.err]).toEqual([
      1,
      expect.stringContaining('does not know the token or certificate'),
    ])
    expect(wrong.err + gone.err).not.toMatch(/w{43}|t{43}/)
    const refused = await asked({ admin: url, 'token-file': file }, {}, (client) =>
      client.post('/v1/whoami', { n: 'x' }, Who),
    )
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('n: ')])
    const other = await asked({ admin: url, 'token-file': file }, {}, (client) =>
      client.post('/v1/whoami', { n: 7 }, z.object({ of: z.literal('a later version') })),
    )
    expect([other.code, other.err]).toEqual([1, expect.stringContaining('or is another version of it')])
  })

  it('sends no token over plain HTTP to another machine, and none from a file that others can read', async () => {
    const file = secretFile('t3', TOKEN)
    const far = await asked({ admin: 'http://moderato.example:8081', 'token-file': file })
    expect([far.code, far.err]).toEqual([1, expect.stringContaining('https only')])
    const open = join(folder, 'open')
    writeFileSync(open, TOKEN, { mode: 0o644 })
    const shared = await asked({ admin: 'http://127.0.0.1:1', 'token-file': open })
    expect(shared.err).toContain('open to other users')
  })

  it('asks where Moderato is, and who asks, where it was not told', async () => {
    expect((await asked({})).err).toContain('--config FILE')
    expect((await asked({ admin: 'http://127.0.0.1:1' })).err).toContain('--token-file')
  })

  it("reads the running one's configuration although the environment names a token of the caller's own", () => {
    const file = join(folder, 'other.yaml')
    writeFileSync(file, 'stateDir: .\n')
    const environment = {
      MODERATO_ADMIN_TOKEN_FILE: '/home/alice/token',
      MODERATO_ADMIN_URL: 'http://127.0.0.1:1',
    }
    expect(loadConfigOfRunning(file, environment).config.admin.tokenFile).toBeUndefined()
    expect(() => loadConfig(file, environment)).toThrow(/admin\.tokenFile: may not come from/)
  })
})

describe('moderato config person-token', () => {
  it('makes a token that only its owner can read, and prints its hash and nothing else', async () => {
    const { io, out } = captured()
    const file = join(folder, 'person')
    expect(await config(['person-token', file, '--json'], io)).toBe(0)
    const { tokenSha256 } = JSON.parse(out()) as { tokenSha256: string }
    const { port } = await listening({
      routes: [whoami],
      callerOf: callers(TOKEN, [{ id: 'bob', tokenSha256 }]),
    })
    const answer = await asked({ admin: `http://127.0.0.1:${port}`, 'token-file': file })
    expect(answer.result).toMatchObject({ subject: 'bob' })
  })
})
