/** The `moderato` command: finds the verb; each verb is one file. Exit codes: 0 done, 1 refused or failed, 2 wrong usage. */
import { run as approvals } from './approvals.ts'
import { run as audit } from './audit.ts'
import { run as catalogue } from './catalogue.ts'
import { run as config } from './config.ts'
import { run as explain } from './explain.ts'
import { run as serve } from './serve.ts'
import type { Verb } from './verb.ts'

const VERBS: Readonly<Record<string, { readonly run: Verb; readonly does: string }>> = {
  serve: { run: serve, does: 'run the proxy: serve --config FILE' },
  config: { run: config, does: 'check FILE | show FILE: what is wrong, what is in force and why' },
  approvals: { run: approvals, does: 'list | show ID | approve ID | deny ID: what waits for a person' },
  audit: { run: audit, does: 'verify [DIR] | tail [DIR]: the hash-chained record' },
  catalogue: {
    run: catalogue,
    does: 'show SERVICE:Operation | coverage | diff OLD [NEW] | identify: what a call does',
  },
  explain: { run: explain, does: 'what policy says of a described call, and why' },
}

const USAGE = `usage: moderato VERB [ARGUMENTS]

${Object.entries(VERBS)
  .map(([name, { does }]) => `  ${name.padEnd(10)} ${does}`)
  .join('\n')}

Every verb has --help and --json.
`

export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  // Who reads the output may stop early, as `head` does.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1))
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }
  if (name === '--help' || name === 'help') {
    io.stdout.write(USAGE)
    return 0
  }
  const verb = name === undefined || !Object.hasOwn(VERBS, name) ? undefined : VERBS[name]
  if (verb === undefined) {
    io.stderr.write(
      name === undefined ? USAGE : `moderato: there is no verb ${JSON.stringify(name)}\n\n${USAGE}`,
    )
    return 2
  }
  return verb.run(rest, io)
}
