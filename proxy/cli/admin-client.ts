/** Asks a running Moderato, for the verbs that operate one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent } from 'undici'
import type { z } from 'zod'
import { isLoopbackUrl, originOf } from '../core/addresses.ts'
import { adminPlace, loadConfigOfRunning, type AdminPlace } from '../config/load.ts'
import { errorMessage } from '../core/error-message.ts'
import { readSecret } from '../core/secret-file.ts'
import { fetchAnswer, fitting, JSON_BODY, type Answer, type Question } from './http-answer.ts'
import { Failure, tellingFailure } from './failure.ts'
import type { Io } from './verb.ts'

/** For `parseArgs`; `ADMIN_USAGE` says what they do. */
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
Where Moderato is: --config FILE (its own configuration), or --admin URL, or MODERATO_ADMIN_URL.
Who asks: --token-file FILE (mode 0600) or MODERATO_ADMIN_TOKEN_FILE, otherwise the admin token that --config leads to;
          or --cert FILE --key FILE, a client certificate. --ca FILE or MODERATO_ADMIN_CA: whose certificate to trust.
`

export interface AdminFlags {
  readonly config?: string | undefined
  readonly admin?: string | undefined
  readonly 'token-file'?: string | undefined
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** Each call resolves with the answer as the schema reads it, and rejects with `Failure`. */
export interface AdminClient {
  get<T>(path: string, answer: z.ZodType<T>): Promise<T>
  post<T>(path: string, body: object, answer: z.ZodType<T>): Promise<T>
  delete<T>(path: string, answer: z.ZodType<T>): Promise<T>
}

/** Runs a verb's errand; resolves with its exit code, 1 with words on stderr if Moderato refused or is not there. */
export async function withAdmin(
  flags: AdminFlags,
  io: Io,
  errand: (client: AdminClient) => Promise<number>,
  environment: AdminPlace = adminPlace(),
): Promise<number> {
  return tellingFailure(io, async () => {
    const target = targetOf(flags, environment)
    const dispatcher = new Agent({ connect: target.tls })
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
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer }
}

function targetOf(flags: AdminFlags, environment: AdminPlace): Target {
  const given = flags.config === undefined ? undefined : ofConfig(flags.config)
  const url = checkedUrl(flags.admin ?? given?.url ?? environment.url)
  const { cert, key } = flags
  const ca = flags.ca ?? environment.ca ?? given?.ca
  const tls = { ...read('ca', ca), ...read('cert', cert), ...read('key', key) }
  if (cert !== undefined) return { url, token: undefined, tls }
  const tokenFile = flags['token-file'] ?? environment.tokenFile
  const token = tokenFile === undefined ? given?.token() : secretOf(tokenFile)
  if (token !== undefined) return { url, token, tls }
  throw new Failure('say who asks: --token-file FILE or MODERATO_ADMIN_TOKEN_FILE')
}

function checkedUrl(text: string | undefined): URL {
  if (text === undefined) {
    throw new Failure(
      'say where Moderato is: --config FILE (with a port of its own), --admin URL or MODERATO_ADMIN_URL',
    )
  }
  const url = URL.parse(text)
  if (url === null) throw new Failure(`${JSON.stringify(text)} is not a URL`)
  if (url.protocol === 'https:' || isLoopbackUrl(url)) return url
  throw new Failure(`${url.origin}: a token is sent over https only, or to a loopback address`)
}

/** The content of a file, as the TLS option of that name. */
function read(name: 'ca' | 'cert' | 'key', file: string | undefined): { [Key in typeof name]?: Buffer } {
  return file === undefined ? {} : { [name]: orFailure(() => readFileSync(file)) }
}

/** What Moderato's own configuration says of its admin listener. Nothing is made: that is for `serve`. */
function ofConfig(file: string) {
  const { listen, admin, stateDir } = loadConfigOfRunning(file).config
  return {
    // Port 0 is whichever was free when it started.
    url: listen.admin.port === 0 ? undefined : originOf(listen.admin, admin.tls !== undefined),
    token: () => admin.token ?? secretOf(admin.tokenFile ?? join(stateDir, 'admin-token')),
    ca: admin.tls?.cert,
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

/** The JSON of an answer; undefined for 204. A refusal is thrown in its own words. */
function meant(answer: Answer, { origin }: URL): unknown {
  if (answer.status === 204) return undefined
  const body = answer.json()
  if (answer.status < 300) return body
  const { error, message = answer.text } = body as { error?: string; message?: string }
  const hint = answer.status === 401 ? `the token or certificate is not known at ${origin}. ` : ''
  throw new Failure(`${hint}${message}`, error)
}
