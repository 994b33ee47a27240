/** Tells operators of entries that are not in force because the proxy cannot read them. */
import type { z } from 'zod'
import type { unreadableList } from '../admin/unreadable.ts'

/** Returns a line for each entry. */
export function unreadableLines(entries: z.output<typeof unreadableList>): string[] {
  return (entries ?? []).map(
    ({ id, until }) =>
      `${id}: UNREADABLE here, so not in force; ${until === null ? 'without an end' : `until ${until}`}; another version wrote it\n`,
  )
}
