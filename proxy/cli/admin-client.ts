/** Calls the admin API of a running Moderato, for the verbs that operate one. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Agent } from 'undici'
import type { z } from 'zod'
import { isLoopbackUrl, originOf } from '../core/addresses.ts'
import { LOCAL_HOST, localSocket } from '../admin/bind.ts'
import { adminPlace, loadConfigOfRunning, type AdminPlace } from '../config/load.ts'
import { errorMessage } from '../core/error-message.ts'
import { readSecret } from '../core/secret-file.ts'
import { fetchAnswer, fitting, JSON_BODY, type Answer, type Question } from './http-answer.ts'
import { Failure, tellingFailure } from './failure.ts'
import type { Io } from './verb.ts'

/** Lists the options for `parseArgs`; `ADMIN_USAGE` explains them. */
export const ADMIN_OPTIONS = {
  config: { type: 'string' },
  admin: { type: 'string' },
  'token-file': { type: 'string' },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

export const ADMIN_USAGE = `
Address of Moderato: --config FILE (its own configuration; on the same machine by the socket in its stateDir),
             or --admin URL, or MODERATO_ADMIN_URL.
Credentials: --token-file FILE (mode 0600) or MODERATO_ADMIN_TOKEN_FILE, otherwise the admin token that --config names;
             or --cert FILE --key FILE, a client certificate. --ca FILE or MODERATO_ADMIN_CA: the certificate to trust.
`

export interface AdminFlags {
  readonly config?: string | undefined
  readonly admin?: string | undefined
  readonly 'token-file'?: string | undefined
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** An AdminClient calls the admin API. Each call resolves with the parsed answer, and rejects with `Failure`. */
export interface AdminClient {
  get<T>(path: string, answer: z.ZodType<T>): Promise<T>
  post<T>(path: string, body: object, answer: z.ZodType<T>): Promise<T>
  delete<T>(path: string, answer: z.ZodType<T>): Promise<T>
}

/** Runs a command of a verb. Resolves with its exit code: 1, with a message on stderr, if Moderato refused or did not answer. */
export async function withAdmin(
  flags: AdminFlags,
  io: Io,
  errand: (client: AdminClient) => Promise<number>,
  environment: AdminPlace = adminPlace(),
): Promise<number> {
  return tellingFailure(io, async () => {
    const target = await targetOf(flags, environment)
    const dispatcher = new Agent({ connect: target.connect })
    try {
      return await errand(clientOf(target, dispatcher))
    } finally {
      await dispatcher.close()
    }
  })
}

interface Target {
  readonly url: URL
  readonly token: string | undefined
  /** How to connect: by TLS, or to a socket of this machine. */
  readonly connect: {
    readonly ca?: Buffer
    readonly cert?: Buffer
    readonly key?: Buffer
    readonly socketPath?: string
  }
}

async function targetOf(flags: AdminFlags, environment: AdminPlace): Promise<Target> {
  const given = flags.config === undefined ? undefined : ofConfig(flags.config)
  const { cert, key } = flags
  if (
    flags.admin === undefined &&
    cert === undefined &&
    given !== undefined &&
    (await accepts(given.socketPath))
  )
    return {
      url: LOCAL_URL,
      token: tokenOf(flags, environment, given),
      connect: { socketPath: given.socketPath },
    }
  const url = checkedUrl(flags.admin ?? given?.url ?? environment.url)
  const ca = flags.ca ?? environment.ca ?? given?.ca
  const connect = { ...read('ca', ca), ...read('cert', cert), ...read('key', key) }
  return { url, token: cert === undefined ? tokenOf(flags, environment, given) : undefined, connect }
}

const LOCAL_URL = new URL(`http://${LOCAL_HOST}`)

function tokenOf(
  flags: AdminFlags,
  environment: AdminPlace,
  given: ReturnType<typeof ofConfig> | undefined,
): string {
  const tokenFile = flags['token-file'] ?? environment.tokenFile
  const token = tokenFile === undefined ? given?.token() : secretOf(tokenFile)
  if (token !== undefined) return token
  throw new Failure('credentials are missing: give --token-file FILE or MODERATO_ADMIN_TOKEN_FILE')
}

/** Tells whether somebody listens at the local socket: a process that was killed leaves its file behind. */
async function accepts(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function checkedUrl(text: string | undefined): URL {
  if (text === undefined) {
    throw new Failure(
      'the address of Moderato is missing: give --config FILE (with a fixed port), --admin URL or MODERATO_ADMIN_URL',
    )
  }
  const url = URL.parse(text)
  if (url === null) throw new Failure(`${JSON.stringify(text)} is not a URL`)
  if (url.protocol === 'https:' || isLoopbackUrl(url)) return url
  throw new Failure(`${url.origin}: a token is sent over https only, or to a loopback address`)
}

/** Reads a file into the TLS option of that name. */
function read(name: 'ca' | 'cert' | 'key', file: string | undefined): { [Key in typeof name]?: Buffer } {
  return file === undefined ? {} : { [name]: orFailure(() => readFileSync(file)) }
}

/** Returns what Moderato's own configuration says about its admin listener. It creates no file: `serve` does that. */
function ofConfig(file: string) {
  const { listen, admin, stateDir } = loadConfigOfRunning(file).config
  return {
    // Port 0 means any port that was free at the start.
    url: listen.admin.port === 0 ? undefined : originOf(listen.admin, admin.tls !== undefined),
    token: () => admin.token ?? secretOf(admin.tokenFile ?? join(stateDir, 'admin-token')),
    ca: admin.tls?.cert,
    socketPath: localSocket(stateDir),
  }
}

function secretOf(file: string): string {
  return orFailure(() => readSecret(file))
}

function orFailure<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Failure(errorMessage(error))
  }
}

function clientOf(target: Target, dispatcher: Agent): AdminClient {
  const { url, token } = target
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const ask = async <T>(method: Question['method'], path: string, body: object, schema: z.ZodType<T>) => {
    const question =
      method === 'GET'
        ? { method, path, headers: authorization, text: '' }
        : { method, path, headers: { ...authorization, ...JSON_BODY }, text: JSON.stringify(body) }
    return fitting(schema, meant(await fetchAnswer(url, dispatcher, question), url), url)
  }
  return {
    get: (path, answer) => ask('GET', path, {}, answer),
    post: (path, body, answer) => ask('POST', path, body, answer),
    delete: (path, answer) => ask('DELETE', path, {}, answer),
  }
}

/** Returns the JSON of an answer; undefined for 204. Throws the text of a refusal as `Failure`. */
function meant(answer: Answer, { origin }: URL): unknown {
  if (answer.status === 204) return undefined
  const body = answer.json()
  if (answer.status < 300) return body
  const { error, message = answer.text } = body as { error?: string; message?: string }
  const hint = answer.status === 401 ? `${origin} does not know the token or certificate. ` : ''
  throw new Failure(`${hint}${message}`, error)
}
