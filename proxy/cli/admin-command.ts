/** Runs a command against a running Moderato: most verbs that operate one choose among commands. */
import { withAdmin, type AdminClient, type AdminFlags } from './admin-client.ts'
import type { Io, Wrong } from './verb.ts'

/**
 * An AdminCommand calls the admin API. It resolves with the answer for `--json`, and with text lines for people; with
 * `isVain` if it was done and does not do what was meant.
 */
export type AdminCommand = (
  client: AdminClient,
) => Promise<{ readonly answer: unknown; readonly words: string; readonly isVain?: boolean }>

/** Runs a command and prints its answer; undefined is wrong usage. The exit codes are those of `withAdmin`. */
export async function runAdminCommand(
  errand: AdminCommand | Wrong | undefined,
  flags: AdminFlags & { readonly json?: boolean | undefined },
  io: Io,
): Promise<number | Wrong> {
  if (errand === undefined) return 'wrong usage'
  if (typeof errand !== 'function') return errand
  return withAdmin(flags, io, async (client) => {
    const { answer, words, isVain = false } = await errand(client)
    io.stdout.write(flags.json === true ? `${JSON.stringify(answer)}\n` : words)
    return isVain ? 1 : 0
  })
}
