import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { PolicyEngine } from '../../policy/engine.ts'
import { sessionRoutes } from '../../proxy/admin/session-routes.ts'
import { run } from '../../proxy/cli/sessions.ts'
import type { TaskRequest } from '../../proxy/exchange/task-opening.ts'
import { newKeyLine, SealingKeyFile } from '../../proxy/identity/sealing-keys.ts'
import { Sessions } from '../../proxy/identity/sessions.ts'
import { TaskEndings } from '../../proxy/identity/task-endings.ts'
import { Tasks } from '../../proxy/identity/tasks.ts'
import { listening, TOKEN } from '../admin/listening.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openRevocations } from '../identity/open-revocations.ts'
import { captured } from './captured.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-sessions-'))
const tokenFile = join(folder, 'token')
writeFileSync(tokenFile, TOKEN, { mode: 0o600 })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ALLOWS = {
  name: 'test',
  revision: '1',
  judgeTask: () => ({ allow: true, grants: [], durationSeconds: 3600, rules: [], messages: [] }),
} as unknown as PolicyEngine

async function operated() {
  const clock = new VirtualTime()
  const causes: string[] = []
  const revoked = (cause: string) => void causes.push(cause)
  const { ledger, revocations } = await openRevocations(clock, { revoked })
  writeFileSync(join(folder, 'keys'), newKeyLine(), { mode: 0o600 })
  const sessions = new Sessions({ keys: new SealingKeyFile(join(folder, 'keys')).current, clock })
  const tasks = new Tasks({
    policy: () => ALLOWS,
    sessions,
    revocations,
    ledger,
    clock,
    defaultSeconds: 3600,
  })
  const audit = { append: () => undefined }
  const endings = new TaskEndings({ revocations, ledger, audit, log: { warn: () => undefined }, clock })
  const { port } = await listening({
    routes: sessionRoutes({
      identity: { tasks, endings, revocations },
      clock,
      isAgent: (id) => id === 'static',
      nearestAgent: () => 'static',
    }),
  })
  const moderato = async (...args: string[]) => {
    const { io, out, err } = captured()
    const place = ['--admin', `http://127.0.0.1:${port}`, '--token-file', tokenFile]
    return { code: await run([...args, ...place], io), out: out(), err: err() }
  }
  const opened = async (id: string, root = 'a', asked: Partial<TaskRequest> = {}) => {
    const opener = { agentId: root, root, by: 'static-key', parent: undefined }
    const given = { justification: undefined, statements: undefined, roleArn: undefined, traceId: undefined }
    const rest = { durationSeconds: undefined, sameUser: undefined, mayContinue: false, grants: [] }
    const opening = tasks.judge(opener, {
      id,
      intent: 'tidy',
      ticket: undefined,
      ...given,
      ...rest,
      ...asked,
    })
    await tasks.open(opening)
    return opening.session
  }
  return { clock, moderato, opened, revocations, causes }
}

describe('moderato sessions', () => {
  it('lists the open tasks, with the words of agents quoted so that they can do nothing', async () => {
    const { moderato, opened } = await operated()
    expect(await moderato('list')).toMatchObject({ code: 0, out: 'no task is open\n' })
    await opened('t1', 'a', { intent: 'x\n\u001b[2Jt2: admin\u202e\u0007', ticket: '"INC"' })
    const { out } = await moderato('list')
    expect(out).toContain(String.raw`t1: a by static-key`)
    expect(out).toContain(String.raw`"x\u{a}\u{1b}[2Jt2: admin\u{202e}\u{7}" "\"INC\""; 0 calls, 0 refused`)
    expect(out.split('\n')).toHaveLength(2)
    const { tasks } = JSON.parse((await moderato('list', '--json')).out) as { tasks: object[] }
    expect(tasks).toMatchObject([{ task: 't1', agent: 'a', root: 'a', counts: { calls: 0 } }])
    expect(await moderato('list', '--sessions')).toMatchObject({ out: 'no session called this replica\n' })
  })

  it('says when it revoked nobody, with who may be meant', async () => {
    const { moderato, opened } = await operated()
    await opened('one', 'by-template')
    const vain = await moderato('revoke', '--agent', 'statik', '--reason', 'leaked')
    expect(vain).toMatchObject({ code: 1 })
    expect(vain.out).toContain('NOTHING IS REVOKED: there is no agent statik; did you mean static?')
    expect(await moderato('revoke', '--agent', 'static', '--reason', 'leaked')).toMatchObject({ code: 0 })
    expect(await moderato('revoke', '--agent', 'by-template', '--reason', 'leaked')).toMatchObject({
      code: 0,
    })
  })

  it('revokes a task, a session, an agent, a root and all, each by its name alone', async () => {
    const { clock, moderato, opened, revocations, causes } = await operated()
    const [one, two, three] = [await opened('one'), await opened('two'), await opened('three', 'b')]
    const over = () => [one, two, three].map((session) => revocations.of(session)?.reason)
    expect(await moderato('revoke', '--task', 'one', '--reason', 'leaked')).toMatchObject({
      code: 0,
      out: 'revoked task one; 1 open task ended; by admin-token: leaked\n',
    })
    expect(over()).toEqual(['leaked', undefined, undefined])
    await moderato('revoke', '--session', two.id, '--reason', 's')
    expect(over()).toEqual(['leaked', 's', undefined])
    expect((await moderato('revoke', '--agent', 'b', '--reason', 'g')).out).toContain('1 open task ended')
    expect(over()).toEqual(['leaked', 's', 'g'])
    await clock.advance(1_000)
    // Who was revoked may come back: that is a new decision.
    const later = await opened('three', 'b')
    expect(revocations.of(later)).toBeUndefined()
    await moderato('revoke', '--root', 'b', '--reason', 'r')
    expect(revocations.of(later)?.reason).toBe('r')
    await clock.advance(1_000)
    const last = await opened('last', 'c')
    expect((await moderato('revoke', '--all', '--reason', 'stop')).out).toBe(
      'revoked everything; 2 open tasks ended; by admin-token: stop\n',
    )
    expect(revocations.of(last)?.reason).toBe('stop')
    expect(await moderato('list')).toMatchObject({ out: 'no task is open\n' })
    expect(causes).toEqual(Array.from({ length: 5 }, () => 'operator'))
  })

  it('asks whose a task is where two have the name', async () => {
    const { moderato, opened, revocations } = await operated()
    const [mine, other] = [await opened('same', 'a'), await opened('same', 'b')]
    expect(await moderato('revoke', '--task', 'same', '--reason', 'r')).toMatchObject({
      code: 1,
      err: expect.stringContaining('root is one of a, b'),
    })
    expect((await moderato('revoke', '--task', 'same', '--root', 'b', '--reason', 'r')).code).toBe(0)
    expect([revocations.of(mine), revocations.of(other)?.reason]).toEqual([undefined, 'r'])
    expect(await moderato('revoke', '--task', 'none', '--reason', 'r')).toMatchObject({
      code: 1,
      err: expect.stringContaining('No task with that name is open'),
    })
  })

  it('never takes nothing for everything, nor half a command for a whole one', async () => {
    const { moderato, opened, revocations } = await operated()
    const session = await opened('t')
    const wrong = [
      [],
      ['revoke'],
      ['revoke', '--all'],
      ['revoke', '--reason', 'x'],
      ['revoke', 't', '--reason', 'x'],
      ['list', '--all'],
      ['end', '--all', '--reason', 'x'],
    ]
    for (const args of wrong) expect(await moderato(...args)).toMatchObject({ code: 2 })
    for (const args of [
      ['revoke', '--task', 't', '--agent', 'a', '--reason', 'x'],
      ['revoke', '--all', '--root', 'a', '--reason', 'x'],
    ])
      expect(await moderato(...args)).toMatchObject({
        code: 1,
        err: expect.stringContaining('give exactly one'),
      })
    expect(revocations.of(session)).toBeUndefined()
  })
})
