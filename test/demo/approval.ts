/** The last chapter: a call that a person must see, and the person who sees it, by the real command. */
import { spawnSync } from 'node:child_process'
import type { Agent, CallResult } from './agent.ts'
import type { Narrator } from './narrator.ts'
import { GUARDED_TABLE, PERSON, type Proxy } from './proxy.ts'
import { active, create, gone, remove } from './tables.ts'
import { columns, heading, paint, print } from './terminal.ts'

const ENTRY = new URL('../../proxy/main.ts', import.meta.url).pathname

/** Told with the agent of the other chapters. */
export async function approval(agent: Agent, narrator: Narrator, proxy: Proxy): Promise<void> {
  heading(
    '6. It deletes a table that a person must say yes to',
    `policy.approvals: destructive on table/${GUARDED_TABLE}; ${PERSON} is played by this story, with the real command`,
  )
  print(columns())
  const drop = (what: string): Promise<CallResult<unknown>> =>
    narrator.during(what, remove(agent, GUARDED_TABLE))
  await narrator.during('CreateTable', create(agent, GUARDED_TABLE))
  await active(agent, GUARDED_TABLE, narrator)
  const refused = await drop('DeleteTable, refused')
  const id = /Approval ([0-9a-f]{32})/.exec(refused.error?.message ?? '')?.[1] ?? ''
  narrator.check(
    refused.error?.name === 'AccessDeniedException' && refused.attempts.length === 1 && id !== '',
    'refused with the id of an approval, and the SDK does not retry',
  )
  const shown = moderato(proxy, 'show', id)
  narrator.check(shown.includes(`table/${GUARDED_TABLE}`), 'the person sees the facts of the parsed request')
  narrator.check(moderato(proxy, 'approve', id, '--reason', 'The demo says so.') !== '', 'and says yes, once')
  const done = await drop('DeleteTable, the same call again')
  narrator.check(done.error === undefined, 'the very same call is made')
  await gone(agent, GUARDED_TABLE, narrator)
  const again = await drop('DeleteTable, once more')
  const reason = narrator.told.find(({ attempt }) => attempt === again.attempts[0])?.record?.reason
  narrator.check(
    reason === 'approval_required',
    'once and only once: the next one needs an approval of its own',
  )
}

/** `moderato approvals ...` as the person runs it; empty if it failed. */
function moderato(proxy: Proxy, ...args: readonly string[]): string {
  const flags = ['--admin', proxy.admin, '--token-file', proxy.personTokenFile]
  print(paint('gray', `  $ moderato approvals ${args.join(' ')}`))
  const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, 'approvals', ...args, ...flags], {
    encoding: 'utf8',
  })
  for (const line of (status === 0 ? stdout : stderr).trimEnd().split('\n'))
    print(paint('gray', `    ${line}`))
  return status === 0 ? stdout : ''
}
