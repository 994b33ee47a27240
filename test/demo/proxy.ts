/** Starts Moderato as a user does: a process with its own configuration file and state folder. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { END_WITH_PARENT } from '../support/children.ts'
import { UPSTREAM_ACCESS_KEY_ID } from './sandbox.ts'

const ENTRY = join(import.meta.dirname, '../../proxy/main.ts')
const STOP_MS = 10_000

export const AGENT = {
  id: 'spiffe://example.org/agent/demo',
  accessKeyId: 'AKIDDEMO',
  secretAccessKey: 'demo-secret',
}

/** Paces that give the demo real waits and still let it end soon; the defaults are slower. */
export const PACES = {
  destructive: { rate: '20/min', burst: 2, maxWait: '5s' },
  'data-delete': { rate: '150/min', burst: 20, maxWait: '5s' },
}

/** The table whose deletion a person must approve, and that person. */
export const GUARDED_TABLE = 'demo-vault'
export const PERSON = 'you@example.org'

export interface Proxy {
  /** `AWS_ENDPOINT_URL` of the agent. */
  readonly agents: string
  readonly admin: string
  readonly folder: string
  readonly auditDir: string
  /** The person's own token. */
  readonly personTokenFile: string
  /** Resolves when the process has ended for any reason. */
  readonly ended: Promise<unknown>
  stop(): Promise<void>
}

/** Returns the configuration of this demo: the agent, its grants and its paces. */
function configuration(endpoint: string, personToken: string): object {
  const tables = ['arn:aws:dynamodb:*:*:table/demo-*']
  return {
    listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0' },
    stateDir: 'state',
    upstream: {
      endpoint,
      credentials: { accessKeyId: UPSTREAM_ACCESS_KEY_ID, secretAccessKey: 'sandbox-secret' },
    },
    agents: [
      {
        ...AGENT,
        grants: [
          { classes: ['read', 'list'], resources: ['*'] },
          { classes: ['write', 'data-delete', 'destructive'], resources: tables },
        ],
      },
    ],
    policy: {
      approvals: [{ classes: ['destructive'], resources: [`arn:aws:dynamodb:*:*:table/${GUARDED_TABLE}`] }],
    },
    admin: {
      people: [{ id: PERSON, tokenSha256: createHash('sha256').update(personToken).digest('hex') }],
    },
    pacing: { classes: PACES },
    log: { level: 'warn' },
  }
}

/** Starts `moderato serve` and waits until it listens. Its log goes to this process's standard error. */
export async function startProxy(upstream: string): Promise<Proxy> {
  const folder = await mkdtemp(join(tmpdir(), 'moderato-demo-'))
  const file = join(folder, 'moderato.yaml')
  const personTokenFile = join(folder, 'person-token')
  const personToken = randomBytes(32).toString('base64url')
  await writeFile(personTokenFile, personToken, { mode: 0o600 })
  // JSON is YAML too.
  const text = JSON.stringify(configuration(upstream, personToken), undefined, 2)
  await writeFile(file, text, { mode: 0o600 })
  const child = spawn(process.execPath, [...END_WITH_PARENT, ENTRY, 'serve', '--config', file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const listening = await Promise.race([firstLine(child), ended.then(() => undefined)])
  if (listening === undefined) throw new Error('Moderato did not start; its log is above')
  const { agents, admin } = (JSON.parse(listening) as { listening: { agents: string; admin: string } })
    .listening
  return {
    agents,
    admin,
    folder,
    auditDir: join(folder, 'state', 'audit'),
    personTokenFile,
    ended,
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(late)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return undefined
  for await (const line of createInterface(child.stdout)) return line
  return undefined
}

/** Runs `moderato audit verify` as an auditor would, in a process of its own. */
export async function verifyAudit(dir: string): Promise<{ readonly ok: boolean; readonly text: string }> {
  const child = spawn(process.execPath, [ENTRY, 'audit', 'verify', dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const text = firstLine(child)
  const [code] = await once(child, 'close')
  return { ok: code === 0, text: (await text) ?? '' }
}
