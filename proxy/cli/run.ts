/** Implements `moderato run`: runs a command with only the credentials of a task. */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { environmentOf } from '../config/command-environment.ts'
import { agentClient, type AgentClient, type Opened, type Proof } from './agent-client.ts'
import { childEnvironment, regionOf, type Variables } from './child-environment.ts'
import { homeFiles } from './client-settings.ts'
import { exitCodeOf, runCommand, Signals } from './child-process.ts'
import { endTask } from './end-task.ts'
import { Failure, tellingFailure } from './failure.ts'
import { separation, type User } from './separation.ts'
import { newHome, removeHome } from './task-home.ts'
import { TASK_OPTIONS, TASK_USAGE, wantedTask, type TaskArguments } from './task-flags.ts'
import { missing, withArguments, type Given, type Io } from './verb.ts'

const USAGE = `usage: moderato run --task TEXT [...] -- COMMAND [ARGUMENTS]

Opens a task, runs the command with its credentials, and ends the task when the command ends for any reason. The exit code
is that of the command; 126 or 127 if it cannot be run, 1 if no task was opened, 2 for wrong usage. If moderato run itself is
killed (SIGKILL), the task ends when it expires (--for).
The command gets a HOME of its own, because cached credentials must not outlive their task; --keep-home keeps HOME, but then
version 1 of the AWS CLI goes past the proxy for sqs, rds, emr, docdb, neptune and health, and so does a tool that has keys
in a file of its own there, such as .s3cfg.
The command runs only if it cannot reach what the proxy protects: give it a user of its own (--user NAME, as root) or a
container. --same-user runs it anyway, prints what it can reach, and is recorded: then the proxy is no security boundary.
${TASK_USAGE}`

const OPTIONS = {
  ...TASK_OPTIONS,
  'same-user': { type: 'boolean' },
  'keep-home': { type: 'boolean' },
  user: { type: 'string' },
} as const

export function run(args: readonly string[], io: Io): Promise<number> {
  // The arguments after `--` belong to the command.
  const mark = args.indexOf('--')
  const [own, command] = mark < 0 ? [args, []] : [args.slice(0, mark), args.slice(mark + 1)]
  return withArguments({ usage: USAGE, options: OPTIONS, allowPositionals: false }, own, io, ({ values }) => {
    if (values.task === undefined) return missing('task')
    if (command.length === 0) return { wrong: 'give the command after --' }
    return tellingFailure(io, () => runTask({ values, command }, environmentOf(), io))
  })
}

interface Asked {
  readonly values: Given<typeof OPTIONS>['values']
  readonly command: readonly string[]
}

async function runTask({ values, command }: Asked, given: Variables, io: Io): Promise<number> {
  const wanted = await wantedTask(values, given)
  const user = values.user === undefined ? undefined : userOf(values.user)
  const sameUser = values['same-user'] === true
  checkSeparation({ wanted, user, sameUser, given }, io)
  const client = agentClient(wanted.place)
  const signals = new Signals()
  try {
    const traceparent = newTrace(given['TRACEPARENT'])
    const body = { ...wanted.body, traceId: traceIdOf(traceparent), ...(sameUser ? { sameUser } : {}) }
    const opened = await client.open(wanted.proof, body)
    if (opened.task.narrowed) io.stderr.write(`moderato: ${narrowed(opened)}\n`)
    const task = { opened, place: wanted.place, region: values.region, traceparent }
    const secrets = secretsOf(wanted.proof)
    const files = homeFiles(wanted.place.url.origin, regionOf(task, given))
    const home = values['keep-home'] === true ? undefined : newHome(user, files)
    try {
      if (signals.kept !== undefined) return exitCodeOf(signals.kept)
      const env = childEnvironment(task, given, { secrets, home })
      const [name = '', ...rest] = command
      const { code, problem } = await runCommand({ command: name, args: rest, env, user }, signals)
      if (problem !== undefined) io.stderr.write(`moderato: ${problem}\n`)
      return code
    } finally {
      await endAndTell(client, opened, io)
      if (home !== undefined) removeHome(home)
    }
  } finally {
    signals.release()
  }
}

function narrowed({ task: { id, expiresAt } }: Opened): string {
  return `policy granted task ${id} less than was asked for; it expires at ${expiresAt}`
}

async function endAndTell(client: AgentClient, { task, credentials }: Opened, io: Io): Promise<void> {
  for (const line of await endTask(client, credentials, task)) io.stderr.write(`moderato: ${line}\n`)
}

interface Separated {
  readonly wanted: TaskArguments
  readonly user: User | undefined
  readonly sameUser: boolean
  readonly given: Variables
}

/** Checks rule S22: throws unless the command is separated from the proxy, or --same-user waives that. */
function checkSeparation({ wanted, user, sameUser, given }: Separated, io: Io): void {
  const { place, loaded } = wanted
  const { reached, unchecked } = separation({ place, loaded, user, given })
  const list = reached.map((each) => `  ${each}\n`).join('')
  for (const each of unchecked) io.stderr.write(`moderato: not checked: ${each}\n`)
  if (reached.length === 0) return
  if (!sameUser) {
    throw new Failure(
      `the command could reach\n${list}so the proxy would be no security boundary for it: run it as a user of its own (--user NAME), in a container, or with --same-user if you accept that`,
    )
  }
  io.stderr.write(
    `moderato: --same-user: the proxy is no security boundary here; the command can reach\n${list}`,
  )
}

function userOf(name: string): User {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, '--', name], { encoding: 'utf8' })
    return status === 0 ? Number(stdout) : NaN
  })
  if (uid !== undefined && gid !== undefined && Number.isInteger(uid) && Number.isInteger(gid))
    return { uid, gid }
  throw new Failure(`--user: there is no user ${JSON.stringify(name)}`)
}

function secretsOf(proof: Proof): string[] {
  return proof.kind === 'token' ? [proof.token] : [proof.secretAccessKey]
}

/** Returns a new span: in the trace of this process if there is one, else in a new trace. */
export function newTrace(before: string | undefined): string {
  const known = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(before ?? '')?.[1]
  return `00-${known ?? randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
}

export function traceIdOf(traceparent: string): string {
  return traceparent.split('-')[1] ?? ''
}
