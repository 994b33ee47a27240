/** Implements `moderato sessions show`: one task, open or ended, from the audit log. */
import { findTimeline } from '../incident/find-timeline.ts'
import type { Summary } from '../incident/timeline.ts'
import { SummaryAnswer } from '../incident/timeline-schema.ts'
import { withAdmin, type AdminFlags } from './admin-client.ts'
import { withLogs } from './audit-logs.ts'
import { foundOr } from './audit-timeline.ts'
import { tellingFailure } from './failure.ts'
import { summaryInWords } from './timeline-words.ts'
import type { Io, Wrong } from './verb.ts'

interface ShowArgs {
  readonly positionals: readonly string[]
  readonly values: AdminFlags & { readonly json?: boolean | undefined }
}

/** Prints the task. Resolves with exit code 1 if the log has no record of it. */
export async function showTask({ positionals, values }: ShowArgs, io: Io): Promise<number | Wrong> {
  const [, task, ...dirs] = positionals
  const { config, json = false } = values
  if (task === undefined) return { wrong: 'say which TASK; moderato sessions list lists the open ones' }
  if (dirs.length > 0 && config !== undefined) return { wrong: 'give either DIR or --config, not both' }
  if (values.admin !== undefined) {
    if (dirs.length > 0) return { wrong: 'give either DIR or --admin, not both' }
    return withAdmin(values, io, async (client) => {
      return print(await client.get(`/v1/tasks/${encodeURIComponent(task)}`, SummaryAnswer), json, io)
    })
  }
  return tellingFailure(io, () =>
    withLogs(dirs, { config }, (logs) => {
      const { happenings: _, leftOut: __, ...summary } = foundOr(findTimeline(logs, { task }), { task })
      return print(summary, json, io)
    }),
  )
}

function print(summary: Summary, json: boolean, io: Io): number {
  io.stdout.write(json ? `${JSON.stringify(summary)}\n` : summaryInWords(summary))
  return 0
}
