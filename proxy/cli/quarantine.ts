/** Implements `moderato quarantine`: stops an agent and its calls in progress within a second, on every replica. */
import type { z } from 'zod'
import { QuarantineAnswer, QuarantinedAnswer, QuarantinesAnswer } from '../admin/quarantine-routes.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE, type AdminClient } from './admin-client.ts'
import { runAdminCommand, type AdminCommand } from './admin-command.ts'
import { missing, withArguments, type Given, type Io, type Wrong } from './verb.ts'

const USAGE = `usage: moderato quarantine list [--json]
       moderato quarantine add AGENT --reason TEXT [--for 10m]
         The exit code is 1 if there is no such agent
       moderato quarantine lift AGENT
${ADMIN_USAGE}`

const OPTIONS = { ...ADMIN_OPTIONS, reason: { type: 'string' }, for: { type: 'string' } } as const

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments({ usage: USAGE, options: OPTIONS }, args, io, (given) =>
    runAdminCommand(errandOf(given), given.values, io),
  )
}

type Parsed = Given<typeof OPTIONS>

/** Returns the command; undefined for wrong usage. */
function errandOf({ values, positionals }: Parsed): AdminCommand | Wrong | undefined {
  const [action, agent, ...rest] = positionals
  const { reason, for: forText } = values
  const given = reason !== undefined || forText !== undefined
  if (rest.length > 0) return undefined
  if (action === 'list' && agent === undefined && !given) return list
  if (agent === undefined) return undefined
  const path = `/v1/quarantine/${encodeURIComponent(agent)}`
  if (action === 'lift' && !given) {
    return async (client) => {
      const answer = await client.delete(path, QuarantineAnswer)
      return { answer, words: `lifted ${inWords(answer)}` }
    }
  }
  if (action !== 'add') return undefined
  if (reason === undefined) return missing('reason')
  return async (client) => {
    const answer = await client.post(path, { reason, for: forText }, QuarantinedAnswer)
    const { isKnown, nearest } = answer
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
    const unknown = isKnown ? '' : `  NOBODY IS STOPPED: there is no agent ${agent}${hint}\n`
    return { answer, words: `stopped ${inWords(answer)}${unknown}`, isVain: !isKnown }
  }
}

async function list(client: AdminClient) {
  const answer = await client.get('/v1/quarantine', QuarantinesAnswer)
  const words = answer.quarantines.map(inWords).join('')
  return { answer, words: words === '' ? 'no agent is in quarantine\n' : words }
}

function inWords({ agent, reason, by, until, unreadable }: z.output<typeof QuarantineAnswer>): string {
  return `${agent}:${unreadable === true ? ' UNREADABLE here, stopped' : ''} ${until === null ? 'until lifted' : `until ${until}`}; by ${by}: ${reason}\n`
}
