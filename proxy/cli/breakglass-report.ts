/** Implements `moderato breakglass report`: lists the calls under a break-glass from the audit logs of one or more replicas. */
import { once } from 'node:events'
import { join } from 'node:path'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { Report, type ReportedCall, type ReportEnd } from '../breakglass/report.ts'
import { errorMessage } from '../core/error-message.ts'
import { readAudit } from '../audit/read.ts'
import type { Io } from './verb.ts'

const DEFAULT_DIR = '.moderato/audit'
const MOST_RESOURCES = 5

interface ReportFlags {
  readonly config?: string | undefined
  readonly dir?: readonly string[] | undefined
  readonly json?: boolean | undefined
}

/** Prints the report. Resolves with exit code 1 if the logs have no such break-glass or cannot be read. */
export async function report(
  id: string,
  { config, dir, json = false }: ReportFlags,
  io: Io,
): Promise<number> {
  const told = new Report(id)
  const tell = async (calls: readonly ReportedCall[]): Promise<void> => {
    for (const call of calls) await written(json ? `${JSON.stringify({ call })}\n` : callInWords(call), io)
  }
  try {
    for (const each of dir ?? [await dirOf(config)]) {
      for await (const line of readAudit(each)) await tell(told.take(line))
    }
  } catch (error) {
    io.stderr.write(`moderato breakglass: ${errorMessage(error)}\n`)
    return 1
  }
  const { calls, end } = told.end()
  await tell(calls)
  if (end.agent === undefined) {
    io.stderr.write(`moderato breakglass: the audit log has no break-glass ${quoteUntrusted(id)}\n`)
    return 1
  }
  io.stdout.write(json ? `${JSON.stringify({ report: end })}\n` : endInWords(end))
  return 0
}

/** Waits for a slow reader, so that little of the report is held in memory. */
async function written(text: string, { stdout }: Io): Promise<void> {
  if (!stdout.write(text)) await once(stdout, 'drain')
}

async function dirOf(config: string | undefined): Promise<string> {
  if (config === undefined) return DEFAULT_DIR
  const { loadConfigOfRunning } = await import('../config/load.ts')
  return join(loadConfigOfRunning(config).config.stateDir, 'audit')
}

/** Returns one line; text of an agent is in quotes. */
function callInWords(call: ReportedCall): string {
  const { time, operation, resources, count, decision, reason, outcome, covered } = call
  const named = resources.slice(0, MOST_RESOURCES).map((each) => quoteUntrusted(each))
  const more = resources.length > named.length ? ` and ${resources.length - named.length} more` : ''
  const became =
    outcome === undefined
      ? decision === 'allow'
        ? 'outcome not in this log'
        : reason
      : [outcome.status, outcome.errorCode && quoteUntrusted(outcome.errorCode), outcome.reason]
          .filter((part) => part !== undefined && part !== 'none')
          .join(' ')
  const by = covered ? 'by break-glass' : decision === 'allow' ? 'by its own grants' : ''
  const parts = [time, decision, by, call.class, operation, `count=${count}`, named.join(', ') + more, became]
  return `${parts.filter((part) => part !== '').join(' ')}\n`
}

function endInWords({ id, agent, opened, classes }: ReportEnd): string {
  const lines = [`${id} for ${agent}`]
  if (opened === undefined) lines.push('  this log does not say who opened it')
  else {
    const { reason, ticket, openedBy, openedAt, confirmedBy, from, until, closedBy, closedAt } = opened
    lines.push(
      `  opened by ${openedBy} at ${openedAt}: ${quoteUntrusted(reason, { prose: true })}, ticket ${quoteUntrusted(ticket)}`,
    )
    if (confirmedBy !== undefined) lines.push(`  confirmed by ${confirmedBy} at ${from}`)
    lines.push(
      `  classes ${opened.classes.join(', ')} on ${opened.resources.map((each) => quoteUntrusted(each)).join(', ')}`,
    )
    lines.push(closedBy === undefined ? `  expires at ${until}` : `  closed by ${closedBy} at ${closedAt}`)
  }
  for (const [name, { calls, allowed, refused, count }] of Object.entries(classes)) {
    lines.push(`  ${name}: ${calls} calls, ${allowed} allowed (of ${count} things), ${refused} refused`)
  }
  return `${lines.join('\n')}\n`
}
