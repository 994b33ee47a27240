/** Implements `moderato sessions show`: one task, open or ended, from the audit log. */
import { findTimeline } from '../incident/find-timeline.ts'
import { withLogs } from './audit-logs.ts'
import { foundOr } from './audit-timeline.ts'
import { tellingFailure } from './failure.ts'
import { summaryInWords } from './timeline-words.ts'
import type { Io, Wrong } from './verb.ts'

interface ShowArgs {
  readonly positionals: readonly string[]
  readonly values: { readonly config?: string | undefined; readonly json?: boolean | undefined }
}

/** Prints the task. Resolves with exit code 1 if the log has no record of it. */
export async function showTask({ positionals, values }: ShowArgs, io: Io): Promise<number | Wrong> {
  const [, task, ...dirs] = positionals
  const { config, json = false } = values
  if (task === undefined) return { wrong: 'say which TASK; moderato sessions list lists the open ones' }
  if (dirs.length > 0 && config !== undefined) return { wrong: 'give either DIR or --config, not both' }
  return tellingFailure(io, () =>
    withLogs(dirs, { config }, (logs) => {
      const { happenings: _, leftOut: __, ...summary } = foundOr(findTimeline(logs, { task }), { task })
      io.stdout.write(json ? `${JSON.stringify(summary)}\n` : summaryInWords(summary))
      return 0
    }),
  )
}
