/** Implements `moderato sessions`: lists, shows and ends tasks, and manages the keys that seal their credentials. */
import { RevokedAnswer, SessionsAnswer, TasksAnswer } from '../admin/session-routes.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE, type AdminClient } from './admin-client.ts'
import { runAdminCommand, type AdminCommand } from './admin-command.ts'
import { KEYS_USAGE, runKeys } from './sessions-keys.ts'
import { missing, withArguments, type Given, type Io, type Wrong } from './verb.ts'

const USAGE = `usage: moderato sessions list [--sessions] [--json]
         lists the open tasks; with --sessions the sessions that called this replica
       moderato sessions show TASK [--json] [DIR ... | --config FILE | --admin URL]
         shows a task, open or ended, from the audit log: agent, intent, ticket, calls, refusals, what it left behind
       moderato sessions revoke --session=ID | --task ID [--root ID] | --agent ID | --root ID | --all  --reason TEXT
         ends them on every replica within a second; agents are told the reason.
         The exit code is 1 if there is no such agent
${KEYS_USAGE}${ADMIN_USAGE}`

const OPTIONS = {
  ...ADMIN_OPTIONS,
  sessions: { type: 'boolean' },
  session: { type: 'string' },
  task: { type: 'string' },
  agent: { type: 'string' },
  root: { type: 'string' },
  all: { type: 'boolean' },
  reason: { type: 'string' },
  file: { type: 'string' },
  now: { type: 'boolean' },
} as const

type SessionsArgs = Given<typeof OPTIONS>

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments({ usage: USAGE, options: OPTIONS }, args, io, (given) =>
    given.positionals[0] === 'keys'
      ? runKeys(given, io)
      : given.positionals[0] === 'show'
        ? show(given, io)
        : runAdminCommand(errandOf(given), given.values, io),
  )
}

/** Loaded on use: ending a session waits for nothing that it does not need. */
async function show(given: SessionsArgs, io: Io): Promise<number | Wrong> {
  const { showTask } = await import('./sessions-show.ts')
  return showTask(given, io)
}

/** Returns the command; undefined for wrong usage. */
function errandOf({ values, positionals }: SessionsArgs): AdminCommand | Wrong | undefined {
  const [action, ...rest] = positionals
  const { session, task, agent, root, all, reason } = values
  const named = [session, task, agent, root, all].some((given) => given !== undefined)
  if (rest.length > 0) return undefined
  if (action === 'list') {
    if (named || reason !== undefined) return undefined
    return values.sessions === true ? listSessions : listTasks
  }
  if (action !== 'revoke') return undefined
  if (!named) return { wrong: 'say what to end: --session, --task, --agent, --root or --all' }
  if (reason === undefined) return missing('reason')
  return revoke({ session, task, agent, root, all, reason })
}

async function listTasks(client: AdminClient) {
  const answer = await client.get('/v1/tasks', TasksAnswer)
  const words = answer.tasks.map(({ task, agent, intent, ticket, openedBy, expiresAt, counts, ...rest }) => {
    const held = counts.held === 0 ? '' : `, ${counts.held} held`
    const left = rest.leftBehind === 0 ? '' : `, ${rest.leftBehind} left behind`
    const of = rest.ancestors.length === 0 ? '' : ` of ${rest.ancestors.at(-1)}`
    const why = ticket === '""' ? intent : `${intent} ${ticket}`
    if (rest.unreadable === true)
      return `${task}${of} of root ${rest.root}: UNREADABLE here${expiresAt === null ? '' : `, until ${expiresAt}`}; another version opened it, and nobody carries it on\n`
    return `${task}${of}: ${agent} by ${openedBy}, until ${expiresAt}: ${why}; ${counts.calls} calls, ${counts.refused} refused${held}${left}\n`
  })
  return { answer, words: words.length === 0 ? 'no task is open\n' : words.join('') }
}

async function listSessions(client: AdminClient) {
  const answer = await client.get('/v1/sessions', SessionsAnswer)
  const words = answer.sessions.map(({ session, task, agent, expiresAt, lastSeenAt, revoked }) => {
    const end = revoked === null ? `until ${expiresAt}` : `revoked (${revoked})`
    return `${session}: ${agent}, task ${task}, last seen ${lastSeenAt}, ${end}\n`
  })
  return { answer, words: words.length === 0 ? 'no session called this replica\n' : words.join('') }
}

function revoke(body: object): AdminCommand {
  return async (client) => {
    const answer = await client.post('/v1/sessions/revoke', body, RevokedAnswer)
    const { kind, id, by, reason, tasksEnded, isKnown, nearest } = answer
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
    const unknown = isKnown ? '' : `  NOTHING IS REVOKED: there is no agent ${id}${hint}\n`
    const what = id === null ? 'everything' : `${kind} ${id}`
    return {
      answer,
      words: `revoked ${what}; ${tasksEnded} open ${tasksEnded === 1 ? 'task' : 'tasks'} ended; by ${by}: ${reason}\n${unknown}`,
      isVain: !isKnown,
    }
  }
}
