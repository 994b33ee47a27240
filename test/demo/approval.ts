/** Plays the last chapter: a call that a person must approve. The person uses the real command. */
import { spawnSync } from 'node:child_process'
import type { Agent, CallResult } from './agent.ts'
import type { Narrator } from './narrator.ts'
import { GUARDED_TABLE, PERSON, type Proxy } from './proxy.ts'
import { active, create, gone, remove } from './tables.ts'
import { columns, heading, paint, print } from './terminal.ts'

const ENTRY = new URL('../../proxy/main.ts', import.meta.url).pathname

/** Plays the chapter with the agent of the other chapters. */
export async function approval(agent: Agent, narrator: Narrator, proxy: Proxy): Promise<void> {
  heading(
    '6. The agent deletes a table, and a person must approve it first',
    `policy.approvals: destructive on table/${GUARDED_TABLE}. The demo plays ${PERSON}, with the real command.`,
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
    'the call was refused with the id of an approval; the SDK did not retry',
  )
  const details = moderato(proxy, 'show', id)
  narrator.check(details.includes(`table/${GUARDED_TABLE}`), 'the person sees what the call does')
  narrator.check(
    moderato(proxy, 'approve', id, '--reason', 'The demo says so.') !== '',
    'the person approves it, for one use',
  )
  const done = await drop('DeleteTable, the same call again')
  narrator.check(done.error === undefined, 'the same call, sent again, went through')
  await gone(agent, GUARDED_TABLE, narrator)
  const again = await drop('DeleteTable, once more')
  const reason = narrator.attempts.find(({ attempt }) => attempt === again.attempts[0])?.record?.reason
  narrator.check(
    reason === 'approval_required',
    'the approval was good for one use: the next delete needs a new one',
  )
}

/** Runs `moderato approvals ...` as the person, prints and returns its output; the result is empty if it failed. */
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
