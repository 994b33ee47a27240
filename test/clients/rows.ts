/** Compares what a client did straight with what it did through Moderato, and writes the table. */
import type { Step } from '../support/toolchains.ts'

/** A row of the table, as it stands there. */
export type Row = readonly [client: string, version: string, share: string, missed: string]

const HEAD: Row = ['client', 'version', 'steps as straight', 'what does not go through, and why']
/** A cell holds a line, not a stack. */
const MAX_REASON = 80

/** Returns the row of a client. Only steps that work straight count; what the emulator cannot do says nothing of Moderato. */
export function rowOf(
  name: string,
  version: string,
  straight: readonly Step[],
  through: readonly Step[],
): Row {
  const wanted = straight.filter(({ ok }) => ok)
  const byReason = new Map<string, string[]>()
  for (const { step } of wanted) {
    const found = through.find((each) => each.step === step)
    if (found?.ok === true) continue
    const reason = reasonOf(found)
    byReason.set(reason, [...(byReason.get(reason) ?? []), step])
  }
  const missed = [...byReason.values()].flat().length
  const why = [...byReason].map(([reason, each]) => `${reason}: ${each.join(', ')}`)
  return [name, version, `${wanted.length - missed} of ${wanted.length}`, why.join('; ')]
}

/** Returns Moderato's reason or the service's code if the client shows it, or else the beginning of what it shows. */
function reasonOf(step: Step | undefined): string {
  if (step === undefined) return 'not reached'
  const said = step.message ?? ''
  const reason = /\breason (\w+)/.exec(said)?.[1]
  if (reason !== undefined) return `\`${reason}\``
  const code = /<Code>(\w+)<\/Code>/.exec(said)?.[1] ?? step.code ?? /\bHTTP \d{3}\b/.exec(said)?.[0]
  return code ?? said.replaceAll(/\s+/g, ' ').slice(0, MAX_REASON)
}

/** Returns the table: a row that was not measured now stays as it was, in its place. */
export function tableOf(rows: readonly Row[], before: readonly Row[], names: readonly string[]): string {
  const known = new Map([...before, ...rows].map((row) => [row[0], row]))
  const kept = names.map((name): Row => known.get(name) ?? [name, '', 'not run yet', ''])
  return [line(HEAD), `|${'---|'.repeat(HEAD.length)}`, ...kept.map(line)].join('\n')
}

function line(row: Row): string {
  return `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** Parses the rows of a table that `tableOf` wrote. */
export function rowsIn(table: string): readonly Row[] {
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((text) => {
      const [name = '', version = '', share = '', missed = ''] = text
        .replace(/^\| /, '')
        .replace(/ \|$/, '')
        .split(/ (?<!\\)\| /)
        .map((cell) => cell.trim().replaceAll('\\|', '|'))
      return [name, version, share, missed]
    })
}
