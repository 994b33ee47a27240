/** An errand to a running Moderato: most verbs that operate one are a choice of errands. */
import { withAdmin, type AdminClient, type AdminFlags } from './admin-client.ts'
import type { Io, Wrong } from './verb.ts'

/** Asks, and says what was answered: as it is for `--json`, and in words with their line ends for people. */
export type AdminCommand = (
  client: AdminClient,
) => Promise<{ readonly answer: unknown; readonly words: string }>

/** Runs the errand that was meant, and tells its answer; none is wrong usage. Exit codes as of `withAdmin`. */
export async function runAdminCommand(
  errand: AdminCommand | Wrong | undefined,
  flags: AdminFlags & { readonly json?: boolean | undefined },
  io: Io,
): Promise<number | Wrong> {
  if (errand === undefined) return 'wrong usage'
  if (typeof errand !== 'function') return errand
  return withAdmin(flags, io, async (client) => {
    const { answer, words } = await errand(client)
    io.stdout.write(flags.json === true ? `${JSON.stringify(answer)}\n` : words)
    return 0
  })
}
