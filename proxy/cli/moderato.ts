/** Implements the `moderato` command: each verb is one file. Exit codes: 0 done, 1 refused or failed, 2 wrong usage. */
import type { Verb } from './verb.ts'

/** Lists the verbs. The code of a verb is loaded on use, so that an urgent freeze waits for nothing else. */
const VERBS: Readonly<Record<string, { load(): Promise<{ readonly run: Verb }>; readonly does: string }>> = {
  serve: { load: () => import('./serve.ts'), does: 'run the proxy: serve --config FILE' },
  config: {
    load: () => import('./config.ts'),
    does: 'check FILE | show FILE | diff OLD NEW | reload | person-token FILE: check and manage the configuration',
  },
  approvals: {
    load: () => import('./approvals.ts'),
    does: 'list | show ID | approve ID | deny ID: calls that wait for a person',
  },
  audit: {
    load: () => import('./audit.ts'),
    does: 'verify | tail | search | timeline | export: who did what, from the hash-chained audit log',
  },
  catalogue: {
    load: () => import('./catalogue.ts'),
    does: 'show SERVICE:Operation | coverage | diff OLD [NEW] | identify: what an AWS call does',
  },
  explain: { load: () => import('./explain.ts'), does: 'how policy decides a call, and why' },
  breakglass: {
    load: () => import('./breakglass.ts'),
    does: 'open | confirm ID | close ID | list | report ID: let an agent do more for a limited time, on record',
  },
  freeze: {
    load: () => import('./freeze.ts'),
    does: 'all | --class NAME ... | list | lift ID: stop calls of agents at once',
  },
  quarantine: {
    load: () => import('./quarantine.ts'),
    does: 'list | add AGENT | lift AGENT: stop an agent and all its calls',
  },
  replay: {
    load: () => import('./replay.ts'),
    does: 'AUDIT_DIR --config NEW: try another configuration on recorded calls',
  },
  limits: {
    load: () => import('./limits.ts'),
    does: '[explain]: show what is left of each budget, and why a call would wait',
  },
  run: {
    load: () => import('./run.ts'),
    does: '--task TEXT -- COMMAND: run a command with only the credentials of a task',
  },
  env: {
    load: () => import('./env.ts'),
    does: '--task TEXT: print the variables of a task for a shell: eval "$(moderato env ...)"',
  },
  credentials: {
    load: () => import('./credentials.ts'),
    does: '--task TEXT: a credential_process for the profiles of AWS clients',
  },
  sessions: {
    load: () => import('./sessions.ts'),
    does: 'list | show TASK | revoke ... | keys ...: show and end tasks, manage their keys',
  },
  state: {
    load: () => import('./state.ts'),
    does: 'show | accept: whether the state store can be trusted, and to go on after a loss',
  },
  version: { load: () => import('./version.ts'), does: 'which Moderato this is; --version is the same' },
}

const USAGE = `usage: moderato VERB [ARGUMENTS]

${Object.entries(VERBS)
  .map(([name, { does }]) => `  ${name.padEnd(11)} ${does}`)
  .join('\n')}

Every verb has --help and --json.
`

/** Runs the verb that the arguments name; resolves with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [given, ...rest] = args
  const name = given === '--version' ? 'version' : given
  // The reader of the output may stop early, as `head` does.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1))
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }
  if (name === '--help' || name === 'help') {
    io.stdout.write(USAGE)
    return 0
  }
  const verb = name === undefined || !Object.hasOwn(VERBS, name) ? undefined : VERBS[name]
  if (verb === undefined) {
    io.stderr.write(name === undefined ? USAGE : `${USAGE}\n${await noVerb(name)}`)
    return 2
  }
  const { run } = await verb.load()
  return run(rest, io)
}

/** What is wrong stands last, where it is seen. */
async function noVerb(name: string): Promise<string> {
  const { didYouMean } = await import('../core/did-you-mean.ts')
  return `moderato: there is no verb ${JSON.stringify(name)}${didYouMean(name, Object.keys(VERBS))}\n`
}
