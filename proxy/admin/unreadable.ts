/** Shows operators the entries of the ledger that this version cannot read. */
import { momentText, momentTextOrNull } from '../core/moment.ts'
import { z } from 'zod'
import type { UnreadableEntry } from '../state/table.ts'

const WHY = 'Another version of Moderato wrote the entry, or a hand did, and this version cannot read it'

/** Marks something in a list; absent: it can be read. */
export const unreadableMark = z
  .literal(true)
  .optional()
  .describe(`${WHY}: what is shown is what it is taken for.`)

const UnreadableAnswer = z.strictObject({
  id: z.string(),
  writtenAt: z.iso.datetime(),
  until: z.iso.datetime().nullable().describe('null: it does not end by itself.'),
})

/** Lists what is not in force because it cannot be read; absent: there is nothing such. */
export const unreadableList = z
  .array(UnreadableAnswer)
  .optional()
  .describe(`${WHY}: it is not in force on this replica.`)

/** Returns the mark of something in a list. */
export function markOf({ isUnreadable }: { readonly isUnreadable: boolean }): { unreadable?: true } {
  return isUnreadable ? { unreadable: true } : {}
}

/** Returns the list of what is not in force because it cannot be read. */
export function unreadableOf(entries: readonly UnreadableEntry[]): {
  unreadable?: z.output<typeof UnreadableAnswer>[]
} {
  if (entries.length === 0) return {}
  const unreadable = entries.map(({ id, writtenAtMs, expiresAtMs }) => ({
    id,
    writtenAt: momentText(writtenAtMs),
    until: momentTextOrNull(expiresAtMs),
  }))
  return { unreadable }
}
