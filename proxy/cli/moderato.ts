/** The `moderato` command: finds the verb; each verb is one file. Exit codes: 0 done, 1 refused or failed, 2 wrong usage. */
import type { Verb } from './verb.ts'

/** A verb's code is loaded when it is asked for: who freezes in a hurry waits for nothing else. */
const VERBS: Readonly<Record<string, { load(): Promise<{ readonly run: Verb }>; readonly does: string }>> = {
  serve: { load: () => import('./serve.ts'), does: 'run the proxy: serve --config FILE' },
  config: {
    load: () => import('./config.ts'),
    does: 'check FILE | show FILE | diff OLD NEW | person-token FILE: what is in force and why',
  },
  approvals: {
    load: () => import('./approvals.ts'),
    does: 'list | show ID | approve ID | deny ID: what waits for a person',
  },
  audit: { load: () => import('./audit.ts'), does: 'verify [DIR] | tail [DIR]: the hash-chained record' },
  catalogue: {
    load: () => import('./catalogue.ts'),
    does: 'show SERVICE:Operation | coverage | diff OLD [NEW] | identify: what a call does',
  },
  explain: { load: () => import('./explain.ts'), does: 'what policy says of a described call, and why' },
  breakglass: {
    load: () => import('./breakglass.ts'),
    does: 'open | confirm ID | close ID | list | report ID: let an agent do more for a while, on record',
  },
  freeze: {
    load: () => import('./freeze.ts'),
    does: 'all | --class NAME ... | list | lift ID: stop what agents do, at once',
  },
  quarantine: {
    load: () => import('./quarantine.ts'),
    does: 'list | add AGENT | lift AGENT: agents of whom nothing goes on',
  },
  replay: {
    load: () => import('./replay.ts'),
    does: 'AUDIT_DIR --config NEW: recorded traffic under another configuration',
  },
  limits: {
    load: () => import('./limits.ts'),
    does: '[explain]: what is left of each budget, and why a call would wait',
  },
  run: {
    load: () => import('./run.ts'),
    does: '--task TEXT -- COMMAND: run a command with the credentials of a task, and of nothing else',
  },
  env: {
    load: () => import('./env.ts'),
    does: '--task TEXT: the same for a shell: eval "$(moderato env ...)"',
  },
  credentials: {
    load: () => import('./credentials.ts'),
    does: '--task TEXT: a credential_process for the profiles of AWS clients',
  },
  sessions: {
    load: () => import('./sessions.ts'),
    does: 'list | revoke ... | keys ...: open tasks, and their end before their time',
  },
  version: { load: () => import('./version.ts'), does: 'which Moderato this is; --version is the same' },
}

const USAGE = `usage: moderato VERB [ARGUMENTS]

${Object.entries(VERBS)
  .map(([name, { does }]) => `  ${name.padEnd(11)} ${does}`)
  .join('\n')}

Every verb has --help and --json.
`

export async function main(args: readonly string[]): Promise<number> {
  const [given, ...rest] = args
  const name = given === '--version' ? 'version' : given
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
  const { run } = await verb.load()
  return run(rest, io)
}
