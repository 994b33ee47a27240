/** Asks a running Moderato what its audit log has. */
import { RecordsAnswer } from '../admin/audit-routes.ts'
import type { Asked } from '../audit/search/asked.ts'
import type { LoggedRecord } from '../audit/search/filter.ts'
import { TimelineAnswer } from '../incident/timeline-schema.ts'
import { withAdmin, type AdminFlags } from './admin-client.ts'
import { tellEnd, written } from './audit-search.ts'
import { printTimeline } from './audit-timeline.ts'
import { recordInWords } from './record-words.ts'
import type { Io } from './verb.ts'

/** The most records of one answer. */
const PAGE = 1_000

interface RemoteSearch {
  readonly asked: Asked
  /** Undefined: all with `json`, otherwise as many as one answer has. */
  readonly limit: number | undefined
  readonly json: boolean
}

/** Prints the records that fit, newest last. */
export function searchRemote(
  flags: AdminFlags,
  { asked, limit, json }: RemoteSearch,
  io: Io,
): Promise<number> {
  return withAdmin(flags, io, async (client) => {
    const pathOf = (more: Readonly<Record<string, string>>): string => {
      const given = Object.entries(asked).filter((each): each is [string, string] => each[1] !== undefined)
      return `/v1/audit/records?${new URLSearchParams([...given, ...Object.entries(more)]).toString()}`
    }
    if (json && limit === undefined) {
      for (let after: number | null = 0; after !== null;) {
        const page: RecordsPage = await client.get(
          pathOf({ limit: `${PAGE}`, after: `${after}` }),
          RecordsAnswer,
        )
        for (const record of page.records) await written(`${JSON.stringify(record)}\n`, io)
        after = page.next
      }
      return 0
    }
    const most = Math.min(limit ?? PAGE, PAGE)
    const { records, more } = await client.get(pathOf({ limit: `${most}` }), RecordsAnswer)
    for (const record of records) {
      // The answer has the members of a record, whose types the other side checked.
      await written(
        json ? `${JSON.stringify(record)}\n` : recordInWords(record as unknown as LoggedRecord),
        io,
      )
    }
    tellEnd({ found: records.length, more, json, resource: asked.resource }, io)
    return 0
  })
}

type RecordsPage = ReturnType<(typeof RecordsAnswer)['parse']>

/** Prints what a task did. */
export function timelineRemote(
  flags: AdminFlags,
  { task, json }: { readonly task: string; readonly json: boolean },
  io: Io,
): Promise<number> {
  return withAdmin(flags, io, async (client) => {
    const path = `/v1/tasks/${encodeURIComponent(task)}/timeline`
    return printTimeline(await client.get(path, TimelineAnswer), json, io)
  })
}
