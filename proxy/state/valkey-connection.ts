/**
 * Connects to Valkey (or Redis 6.2 and newer): the connection is authenticated, has TLS off loopback, and never hangs.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Redis, type RedisOptions } from 'ioredis'
import { hostOf } from '../core/addresses.ts'
import { errorMessage } from '../core/error-message.ts'
import { readSecret } from '../core/secret-file.ts'
import { UnfitStore } from './store-failure.ts'

export interface ValkeyOptions {
  /** `valkey:`, `redis:`, or with TLS `valkeys:`, `rediss:`. A password in it is used if there is no `passwordFile`. */
  readonly url: string
  readonly passwordFile?: string | undefined
  /** PEM file of the authority of the server's certificate; the system's otherwise. */
  readonly ca?: string | undefined
  /** How long to wait for an answer, and for a connection. */
  readonly timeoutMs: number
}

/** For so long a server is believed that it evicts nothing. */
const FIT_FOR_MS = 1_000

type Argument = string | number
type Options = Omit<RedisOptions, 'replyMapping'>

export class ValkeyConnection {
  readonly #redis: Redis
  readonly #hashes = new Map<string, string>()
  /** Why nothing may be given to the server; undefined: it keeps what it is given. */
  #unfit: UnfitStore | undefined
  #fitUntilMs = -Infinity

  private constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Rejects if the server cannot be reached, lets strangers in, or would throw away what it is given. */
  static async open(options: ValkeyOptions): Promise<ValkeyConnection> {
    const common = optionsOf(options)
    await refuseOpenServer(common)
    const redis = new Redis({ ...common, ...credentialsOf(options), retryStrategy: reconnectDelayMs })
    // Every command that it fails says so itself.
    redis.on('error', () => undefined)
    try {
      await connected(redis)
      await refuseEviction(redis)
    } catch (error) {
      redis.disconnect()
      throw failure(error)
    }
    return new ValkeyConnection(redis)
  }

  /** Runs a script, by its hash where the server knows it. Rejects if no answer comes in time; it may have run then. */
  async run(script: string, keys: readonly string[], values: readonly Argument[]): Promise<unknown> {
    if (this.#unfit !== undefined) throw this.#unfit
    try {
      return await this.#redis.evalsha(this.#hashOf(script), keys.length, ...keys, ...values)
    } catch (error) {
      if (!errorMessage(error).startsWith('NOSCRIPT')) throw failure(error)
    }
    return this.#answered(this.#redis.eval(script, keys.length, ...keys, ...values))
  }

  async get(keys: readonly string[]): Promise<readonly (string | null)[]> {
    return keys.length === 0 ? [] : this.#answered(this.#redis.mget(...keys))
  }

  /** Resolves with whether it was absent. */
  async setIfAbsent(key: string, value: string): Promise<boolean> {
    return (await this.#answered(this.#redis.set(key, value, 'NX'))) !== null
  }

  /**
   * Rejects if the server was told meanwhile to throw away what it is given; then everything is refused until it is
   * not. Asks it once a second at most.
   */
  async ensureFit(): Promise<void> {
    const nowMs = performance.now()
    if (nowMs < this.#fitUntilMs) return
    try {
      await refuseEviction(this.#redis)
      this.#unfit = undefined
      this.#fitUntilMs = nowMs + FIT_FOR_MS
    } catch (error) {
      if (error instanceof UnfitStore) this.#unfit = error
      throw failure(error)
    }
  }

  close(): void {
    this.#redis.disconnect()
  }

  async #answered<Result>(answer: Promise<Result>): Promise<Result> {
    try {
      return await answer
    } catch (error) {
      throw failure(error)
    }
  }

  #hashOf(script: string): string {
    let hash = this.#hashes.get(script)
    if (hash === undefined) {
      hash = createHash('sha1').update(script).digest('hex')
      this.#hashes.set(script, hash)
    }
    return hash
  }
}

/** Nothing is queued or sent twice: a decision that was not answered is a failure, and the caller's to judge. */
function optionsOf({ url, ca, timeoutMs }: ValkeyOptions): Options {
  const place = new URL(url)
  const { protocol, port, pathname } = place
  const isTls = protocol === 'rediss:' || protocol === 'valkeys:'
  return {
    host: hostOf(place),
    port: port === '' ? 6379 : Number(port),
    db: Number(pathname.slice(1) || 0),
    ...(isTls ? { tls: ca === undefined ? {} : { ca: readFileSync(ca) } } : {}),
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    // A server that fell silent is a connection to give up, not only a command.
    socketTimeout: 2 * timeoutMs,
    connectTimeout: 2 * timeoutMs,
    // A primary that became a replica takes no writes; its address leads to the new one.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  }
}

function credentialsOf({ url, passwordFile }: ValkeyOptions): Options {
  const { username, password } = new URL(url)
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    password: passwordFile === undefined ? decodeURIComponent(password) : readSecret(passwordFile, 1),
  }
}

const reconnectDelayMs = (times: number): number => Math.min(1_000, 50 * times)

/** Rule S19: whoever can reach the server could charge, forget and decide otherwise. */
async function refuseOpenServer(common: Options): Promise<void> {
  const stranger = new Redis({
    ...common,
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
    retryStrategy: () => null,
  })
  stranger.on('error', () => undefined)
  try {
    await connected(stranger)
    await stranger.ping()
  } catch (error) {
    if (/^(NOAUTH|NOPERM|WRONGPASS)/.test(errorMessage(error))) return
    throw failure(error)
  } finally {
    stranger.disconnect()
  }
  throw new Error(
    'state.url: the server answers without a password: set requirepass, or switch its default user off',
  )
}

/** A bucket that is evicted is full again, and a freeze that is evicted is over. */
async function refuseEviction(redis: Redis): Promise<void> {
  const memory = await redis.info('memory')
  const valueOf = (name: string): string | undefined =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(memory)?.[1]
  const policy = valueOf('maxmemory_policy')
  if (valueOf('maxmemory') === '0' || policy === 'noeviction') return
  throw new UnfitStore(
    `state.url: the server evicts what it is given (${policy}): set maxmemory-policy noeviction`,
  )
}

/** Connects; rejects with what is wrong, where ioredis says only that the connection is closed. */
async function connected(redis: Redis): Promise<void> {
  let cause: unknown
  redis.once('error', (error) => (cause = error))
  try {
    await redis.connect()
  } catch (error) {
    throw cause ?? error
  }
}

/** Without its cause: ioredis puts the command into it, with its arguments, of which one is the password. */
function failure(error: unknown): Error {
  if (error instanceof UnfitStore) return error
  const message = errorMessage(error)
  if (!/\bWRONGTYPE\b/.test(message)) return new Error(`state.url: ${message}`)
  return new UnfitStore(
    'state.url: a key of Moderato holds a value of another type, which somebody put there: delete that key',
  )
}
