/** Implements `moderato state`: whether the state store can be trusted, and an operator's word that it is to be. */
import { AcceptedAnswer, StateAnswer } from '../admin/state-routes.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE } from './admin-client.ts'
import { runAdminCommand, type AdminCommand } from './admin-command.ts'
import { missing, withArguments, type Given, type Io, type Wrong } from './verb.ts'

const USAGE = `usage: moderato state show [--json]
         says whether what the state store holds can be trusted, and why not
       moderato state accept --reason TEXT
         takes what it holds now for the state, after a loss or a forgery: freezes, quarantines and revocations
         that it lacks are over, and its budgets are full. Approvals and break-glasses are taken back
${ADMIN_USAGE}`

const OPTIONS = { ...ADMIN_OPTIONS, reason: { type: 'string' } } as const

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments({ usage: USAGE, options: OPTIONS }, args, io, (given) =>
    runAdminCommand(commandOf(given), given.values, io),
  )
}

/** Returns the command; undefined for wrong usage. */
function commandOf({ values, positionals }: Given<typeof OPTIONS>): AdminCommand | Wrong | undefined {
  const [action, ...rest] = positionals
  const { reason } = values
  if (rest.length > 0) return undefined
  if (action === 'show' && reason === undefined) return show
  if (action !== 'accept') return undefined
  if (reason === undefined) return missing('reason')
  return async (client) => {
    const answer = await client.post('/v1/state/accept', { reason }, AcceptedAnswer)
    const { entries, takenBack, forged } = answer
    const words = `accepted: ${entries} entries; ${takenBack} approvals and break-glasses were taken back, ${forged} forged entries deleted\n`
    return { answer, words }
  }
}

const show: AdminCommand = async (client) => {
  const answer = await client.get('/v1/state', StateAnswer)
  const { store, up, trusted, problem } = answer
  const state = trusted ? 'trusted' : `NOT TRUSTED, changes are refused${up ? '' : '; it does not answer'}`
  return { answer, words: `${store}: ${state}${problem === null ? '' : `: ${problem}`}\n` }
}
