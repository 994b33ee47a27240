import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { approvalRoutes } from '../../proxy/admin/approval-routes.ts'
import { callers, sha256 } from '../../proxy/operators/callers.ts'
import { run } from '../../proxy/cli/approvals.ts'
import { listening, TOKEN } from '../admin/listening.ts'
import { ASKED, replica } from '../approvals/calls.ts'
import { captured } from './captured.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-approvals-'))
afterAll(() => rmSync(folder, { recursive: true }))
const ALICE = 'token-of-alice-with-enough-characters'

function fileOf(name: string, secret: string): string {
  const file = join(folder, name)
  writeFileSync(file, secret, { mode: 0o600 })
  return file
}

async function scene() {
  const one = await replica()
  const people = [{ id: 'alice', tokenSha256: sha256(ALICE).toString('hex') }]
  const routes = approvalRoutes({
    approvals: one.approvals,
    clock: one.time,
    maxUses: 5,
    people: () => people,
    callbackSecret: undefined,
  })
  const { port } = await listening({ routes, callerOf: callers(TOKEN, people) })
  const moderato = async (token: string, ...args: readonly string[]) => {
    const { io, out, err } = captured()
    const flags = ['--admin', `http://127.0.0.1:${port}`, '--token-file', fileOf('token', token)]
    return { code: await run([...args, ...flags], io), out: out(), err: err() }
  }
  return { ...one, moderato }
}

describe('moderato approvals', () => {
  it('lists what waits, and with --all what is decided', async () => {
    const { approvals, moderato } = await scene()
    expect(await moderato(TOKEN, 'list')).toMatchObject({ code: 0, out: 'Nothing waits for a person.\n' })
    const id = (await approvals.ask(ASKED))?.id ?? ''
    expect((await moderato(TOKEN, 'list')).out).toContain(`${id}  pending `)
    await moderato(ALICE, 'approve', id, '--uses', '2', '--skip-pace', '--reason', 'Planned.')
    expect(approvals.get(id)?.approval.decisions).toMatchObject([
      { person: 'alice', approve: true, uses: 2, skipPace: true, reason: 'Planned.' },
    ])
    expect((await moderato(TOKEN, 'list')).out).not.toContain(id)
    const all = JSON.parse((await moderato(TOKEN, 'list', '--all', '--json')).out) as object
    expect(all).toMatchObject({ approvals: [{ id, status: 'approved' }], demands: [] })
  })

  it('refuses in words, with exit code 1', async () => {
    const { approvals, moderato } = await scene()
    const id = (await approvals.ask(ASKED))?.id ?? ''
    expect(await moderato(TOKEN, 'approve', id)).toMatchObject({ code: 1, out: '' })
    expect((await moderato(TOKEN, 'approve', id)).err).toContain('Only a person can do this')
    expect((await moderato(ALICE, 'approve', id, '--uses', '6')).code).toBe(1)
    expect((await moderato(ALICE, 'show', '0'.repeat(32))).err).toContain('No approval of this id')
    expect(await moderato(ALICE, 'deny', id)).toMatchObject({ code: 0 })
  })

  it('ends a demand, shown with whoever made it', async () => {
    const { approvals, time, moderato } = await scene()
    const demand = { agent: 'spiffe://a/b', approvers: 1, reason: 'Loops\u202e.', by: 'watcher' } as const
    await approvals.demand(demand, time.nowMs() + 60_000)
    expect((await moderato(TOKEN, 'list')).out).toBe(
      'every change of "spiffe://a/b", demanded by watcher: "Loops\\u{202e}."\n',
    )
    expect((await moderato(ALICE, 'withdraw', 'spiffe://a/b')).code).toBe(0)
    expect(approvals.demandOn('spiffe://a/b')).toBeUndefined()
  })

  it.each([
    [],
    ['list', 'x'],
    ['show'],
    ['grant', 'x'],
    ['approve', 'x', '--uses', '0'],
    ['approve', 'x', 'y'],
    ['list', '--nope'],
  ])('takes %j %j %j %j for wrong usage', async (...args) => {
    const { io, err } = captured()
    expect(
      await run(
        args.filter((each) => each !== undefined),
        io,
      ),
    ).toBe(2)
    expect(err()).toContain('usage: moderato approvals list')
  })

  it('explains itself', async () => {
    const { io, out } = captured()
    expect(await run(['--help'], io)).toBe(0)
    expect(out()).toContain('Only a person can decide')
  })
})
