/** Implements `moderato credentials`: a `credential_process`, which a profile can make every AWS SDK run. */
import { hash } from 'node:crypto'
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { environmentOf } from '../config/command-environment.ts'
import { makeOwnFolder } from '../core/own-folder.ts'
import { agentClient, Opened, type AgentClient } from './agent-client.ts'
import type { Variables } from './child-environment.ts'
import { Failure, tellingFailure } from './failure.ts'
import { TASK_OPTIONS, TASK_USAGE, wantedTask, type TaskArguments } from './task-flags.ts'
import { missing, withArguments, type Given, type Io } from './verb.ts'

const USAGE = `usage: moderato credentials --task TEXT [...] [--cache FILE] [--new]

Put into a profile: credential_process = moderato credentials --task "..." --proxy URL --token-file FILE
and endpoint_url = URL. The task is opened once and kept in a file of mode 0600, one for each task and identity (--cache
names another file). Later processes get the same task until it expires. A task that was ended stays ended: --new opens
another one.
${TASK_USAGE}`

const OPTIONS = { ...TASK_OPTIONS, cache: { type: 'string' }, new: { type: 'boolean' } } as const

/** Credentials must be valid for at least this time, for the call that they are fetched for. */
const LEFT_AT_LEAST_MS = 60_000

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments(
    { usage: USAGE, options: OPTIONS, allowPositionals: false },
    args,
    io,
    ({ values }) => {
      if (values.task === undefined) return missing('task')
      return tellingFailure(io, () => fetchCredentials(values, io))
    },
  )
}

async function fetchCredentials(values: Given<typeof OPTIONS>['values'], io: Io): Promise<number> {
  const given = environmentOf()
  const wanted = await wantedTask(values, given)
  const cache = values.cache ?? cacheOf(wanted, given)
  const client = agentClient(wanted.place)
  const known = values.new === true ? undefined : await stillOpen(cache, client)
  const opened = known ?? (await client.open(wanted.proof, wanted.body))
  if (known === undefined) keep(cache, opened)
  io.stdout.write(`${JSON.stringify(processAnswer(opened))}\n`)
  return 0
}

function processAnswer({ credentials }: Opened): object {
  return {
    Version: 1,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: credentials.expiration,
  }
}

/** Returns the cache file: one for each proxy, identity and task. Any different word makes another task. */
function cacheOf({ place, proof, body }: TaskArguments, given: Variables): string {
  const identity = proof.kind === 'token' ? proof.from : proof.accessKeyId
  const name = hash('sha256', JSON.stringify([place.url.origin, identity, body]), 'hex')
  const folder = given['XDG_RUNTIME_DIR'] ?? join(given['HOME'] ?? homedir(), '.cache')
  return join(folder, 'moderato', `${name}.json`)
}

/** Returns the task of the file unless it has expired. Throws if it was ended: only its owner can ask for another. */
async function stillOpen(cache: string, client: AgentClient): Promise<Opened | undefined> {
  const kept = readKept(cache)
  if (kept === undefined || Date.parse(kept.task.expiresAt) < Date.now() + LEFT_AT_LEAST_MS) return undefined
  try {
    await client.show(kept.credentials, kept.task.id)
    return kept
  } catch (error) {
    if (!(error instanceof Failure) || error.code === '') throw error
    throw new Failure(`${error.message} (--new opens another task)`, error.code)
  }
}

/** Reads the file; returns undefined if it belongs to another user or is open to others: then it is written again. */
function readKept(cache: string): Opened | undefined {
  try {
    const { mode, uid } = statSync(cache)
    if ((mode & 0o077) !== 0 || uid !== process.getuid?.()) return undefined
    return Opened.parse(JSON.parse(readFileSync(cache, 'utf8')))
  } catch {
    return undefined
  }
}

function keep(cache: string, opened: Opened): void {
  makeOwnFolder(dirname(cache))
  const written = `${cache}.${process.pid}`
  writeFileSync(written, JSON.stringify(opened), { mode: 0o600, flag: 'wx' })
  renameSync(written, cache)
}
