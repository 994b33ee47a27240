import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { freezeRoutes } from '../../proxy/admin/freeze-routes.ts'
import { run } from '../../proxy/cli/freeze.ts'
import { Freezes } from '../../proxy/freeze/freezes.ts'
import { WindowClock } from '../../proxy/freeze/windows.ts'
import { listening, TOKEN } from '../admin/listening.ts'
import { openLedger } from '../state/open-ledger.ts'
import { captured } from './captured.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-freeze-'))
const tokenFile = join(folder, 'token')
writeFileSync(tokenFile, TOKEN, { mode: 0o600 })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const NOW_MS = Date.parse('2026-03-04T10:00:00Z')

async function operated() {
  const clock = { nowMs: () => NOW_MS }
  const ledger = await openLedger(clock)
  const rules = () => ({ freezeWindows: new WindowClock([]) })
  const freezes = new Freezes({ ledger, clock, rules, accountOf: () => undefined })
  const { port } = await listening({
    routes: freezeRoutes(freezes, {
      clock,
      services: new Set(['dynamodb']),
      isAgent: (id) => !id.startsWith('typo'),
      nearestAgent: (id) => (id === 'typo' ? 'type' : undefined),
      announce: () => undefined,
    }),
  })
  const freeze = async (...args: string[]) => {
    const { io, out, err } = captured()
    const place = ['--admin', `http://127.0.0.1:${port}`, '--token-file', tokenFile]
    return { code: await run([...args, ...place], io), out: out(), err: err() }
  }
  return { freeze, freezes }
}

describe('moderato freeze', () => {
  it('freezes what is named, lists it, and lifts it', async () => {
    const { freeze, freezes } = await operated()
    const args = ['--class', 'destructive', '--class', 'protection', '--service', 'dynamodb', '--reason', 'r']
    const made = await freeze(...args, '--for', '2h', '--json')
    const { id, until } = JSON.parse(made.out) as { id: string; until: string }
    expect(until).toBe('2026-03-04T12:00:00.000Z')
    expect(freezes.active()).toMatchObject([
      { id, scope: { classes: ['destructive', 'protection'], services: ['dynamodb'] }, reason: 'r' },
    ])
    const line = `${id}: class destructive or protection; service dynamodb; until ${until}; by admin-token: r\n`
    expect(await freeze('list')).toMatchObject({ code: 0, out: line })
    expect(await freeze('lift', id)).toMatchObject({ code: 0, out: `lifted ${line}` })
    expect(await freeze('list')).toMatchObject({ code: 0, out: 'nothing is frozen\n' })
  })

  it('says so where nobody is meant, and what is missing', async () => {
    const { freeze } = await operated()
    const agents = ['typo', 'typo-2', 'ci/*', 'cd/*', 'a'].flatMap((each) => ['--agent', each])
    const { code, out } = await freeze(...agents, '--reason', 'r')
    expect(code).toBe(1)
    expect(out).toContain('  NOTHING IS FROZEN for typo: there is no such agent; did you mean type?\n')
    expect(out).toContain('  NOTHING IS FROZEN for typo-2: there is no such agent\n')
    expect(out.match(/there is no such agent/g)).toHaveLength(2)
    expect(await freeze('--agent', 'ci/*', '--agent', 'a', '--reason', 'r')).toMatchObject({ code: 0 })
    expect(await freeze('--agent', 'typo', '--reason', 'r', '--json')).toMatchObject({ code: 1 })
    expect((await freeze('all')).err).toContain('\nmoderato: --reason must be given\n')
    expect((await freeze('all', '--resaon', 'r')).err).toContain(
      "moderato: Unknown option '--resaon' (did you mean --reason?)\n",
    )
  })

  it('never takes nothing for everything, nor half a command for a whole one', async () => {
    const { freeze, freezes } = await operated()
    const WRONG = [
      [],
      ['--reason', 'x'],
      ['all'],
      ['all', '--class', 'write', '--reason', 'x'],
      ['everything', '--reason', 'x'],
      ['--class', 'write'],
      ['lift'],
      ['lift', 'f-1', 'f-2'],
      ['list', '--class', 'write'],
      ['--clas', 'write', '--reason', 'x'],
    ]
    for (const args of WRONG)
      expect(await freeze(...args), args.join(' ')).toMatchObject({ code: 2, out: '' })
    expect(freezes.active()).toEqual([])
  })

  it('says what was wrong with a name, a time, a reason or an id', async () => {
    const { freeze, freezes } = await operated()
    const REFUSED: [string[], RegExp][] = [
      [['--service', 'dynamo', '--reason', 'x'], /the catalogue has no service dynamo/],
      [['--class', 'deletes', '--reason', 'x'], /classes\.0: .*"destructive"/],
      [['--class', 'destrutive', '--reason', 'x'], /classes\.0: .*did you mean destructive\?/],
      [['--account', '1', '--reason', 'x'], /accounts\.0: must be 12 digits/],
      [['all', '--reason', 'x', '--for', 'a while'], /for: .*not a duration/],
      [['all', '--reason', 'x', '--until', '2026-03-04T09:00:00Z'], /until: this time is in the past/],
      [
        ['all', '--reason', 'x', '--for', '2h', '--until', '2026-04-04T09:00:00Z'],
        /give either for or until, not both/,
      ],
      [['all', '--reason', 'x\u001b[2J'], /reason: must be .*without line breaks or control/],
      [['lift', 'f-0'], /No freeze with that id/],
    ]
    for (const [args, words] of REFUSED)
      expect(await freeze(...args), args.join(' ')).toMatchObject({
        code: 1,
        err: expect.stringMatching(words),
      })
    expect(freezes.active()).toEqual([])
  })
})
