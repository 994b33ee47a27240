/** Implements `moderato freeze`: stops calls of agents within a second, on every replica. */
import type { z } from 'zod'
import { FreezeAnswer, FreezesAnswer, FrozenAnswer } from '../admin/freeze-routes.ts'
import { scopeInWords } from '../freeze/scope.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE, type AdminClient } from './admin-client.ts'
import { runAdminCommand, type AdminCommand } from './admin-command.ts'
import { missing, withArguments, type Given, type Io, type Wrong } from './verb.ts'

const USAGE = `usage: moderato freeze all --reason TEXT [--for 2h | --until TIME]
       moderato freeze [--class destructive] [--agent ID] [--account ID] [--service dynamodb] --reason TEXT [...]
         freezes calls that match every selector; a selector given twice matches either value; in --agent, * is any text.
         The exit code is 1 if there is no such agent
       moderato freeze list [--json]
       moderato freeze lift ID
${ADMIN_USAGE}`

const OPTIONS = {
  ...ADMIN_OPTIONS,
  class: { type: 'string', multiple: true },
  agent: { type: 'string', multiple: true },
  account: { type: 'string', multiple: true },
  service: { type: 'string', multiple: true },
  reason: { type: 'string' },
  for: { type: 'string' },
  until: { type: 'string' },
} as const

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments({ usage: USAGE, options: OPTIONS }, args, io, (given) =>
    runAdminCommand(errandOf(given), given.values, io),
  )
}

type Parsed = Given<typeof OPTIONS>

/** Returns the command; undefined for wrong usage. */
function errandOf({ values, positionals }: Parsed): AdminCommand | Wrong | undefined {
  const [action, id, ...rest] = positionals
  const { class: classes, agent: agents, account: accounts, service: services, reason } = values
  const selectors = [classes, agents, accounts, services].some((given) => given !== undefined)
  const frozen = selectors || reason !== undefined || values.for !== undefined || values.until !== undefined
  if (action === 'list' && id === undefined && !frozen) return list
  if (action === 'lift' && id !== undefined && rest.length === 0 && !frozen) return lift(id)
  const everything = action === 'all'
  if (id !== undefined || everything === selectors) return undefined
  if (action !== undefined && !everything) return undefined
  if (reason === undefined) return missing('reason')
  const scope = everything ? { everything } : { classes, agents, accounts, services }
  return freeze({ ...scope, reason, for: values.for, until: values.until })
}

async function list(client: AdminClient) {
  const answer = await client.get('/v1/freeze', FreezesAnswer)
  const windows = answer.windows.map(({ name, scope, open, until }) => {
    const when = until === null ? '' : `, ${open ? 'closes' : 'opens'} ${until}`
    return `window ${name}: ${scopeInWords(scope)}; ${open ? 'OPEN' : 'not open'}${when}\n`
  })
  const words = [...answer.freezes.map(inWords), ...windows].join('')
  return { answer, words: words === '' ? 'nothing is frozen\n' : words }
}

function lift(id: string): AdminCommand {
  return async (client) => {
    const answer = await client.delete(`/v1/freeze/${encodeURIComponent(id)}`, FreezeAnswer)
    return { answer, words: `lifted ${inWords(answer)}` }
  }
}

function freeze(body: object): AdminCommand {
  return async (client) => {
    const answer = await client.post('/v1/freeze', body, FrozenAnswer)
    const { unknownAgents, nearestAgents } = answer
    const unknown = unknownAgents.map((each) => {
      const near = nearestAgents[each]
      return `  NOTHING IS FROZEN for ${each}: there is no such agent${near === undefined ? '' : `; did you mean ${near}?`}\n`
    })
    const words = `frozen ${inWords(answer)}${unknown.join('')}`
    return { answer, words, isVain: unknown.length > 0 }
  }
}

function inWords({ id, scope, reason, by, until, unreadable }: z.output<typeof FreezeAnswer>): string {
  return `${id}:${unreadable === true ? ' UNREADABLE here, taken for' : ''} ${scopeInWords(scope)}; ${until === null ? 'until lifted' : `until ${until}`}; by ${by}: ${reason}\n`
}
