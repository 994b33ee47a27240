/** Says how the commands of `moderato audit` that search are typed. */

/** People read no more lines than this; programs get all. */
export const USUAL_LIMIT = 1_000

export const SEARCH_USAGE = `       moderato audit search [--task ID] [--agent ID] [--resource ARN] [--operation NAME] [--class CLASS]
                             [--decision DECISION] [--reason REASON] [--rule NAME] [--since WHEN] [--until WHEN]
                             [--limit N] [--json] [--rebuild] [DIR ... | --config FILE | --admin URL]
         prints the records that fit, newest last. A * in a value stands for any characters. WHEN is a time before now
         (30m, 2h, 7d) or a date (2026-01-31, 2026-01-31T09:30, UTC). --limit N prints the newest N: ${USUAL_LIMIT} unless
         given, all with --json. --json prints the records as they are in the log. Several DIRs are one search.
         --rebuild makes the index anew
         example: moderato audit search --resource '*prod-payments*' --class destructive --since 2h
`

export const TIMELINE_USAGE = `       moderato audit timeline TASK | --agent ID  [--since WHEN] [--until WHEN] [--json]
                             [DIR ... | --config FILE | --admin URL]
         tells what a task, or an agent, did: who vouched for it, its intent and ticket, what it destroyed and left
         behind, and each call with its wait, its rule, AWS's answer, and what people decided
         example: moderato audit timeline --agent spiffe://example.org/agent/cleanup --since 2h
`

export const EXPORT_USAGE = `       moderato audit export [--format jsonl|csv|ocsf] [the flags of search, but --limit] [DIR ... | --config FILE]
         writes all records that fit, oldest first: as in the log, as CSV for a spreadsheet, or as OCSF events (API Activity);
         says on standard error up to which head the chain was verified, and ends with 1 if it was not
         example: moderato audit export --format csv --task task-1 > task-1.csv
`

export const REMOTE_USAGE = `With --admin URL --token-file FILE, search and timeline ask a running Moderato for what its own log has.
`
