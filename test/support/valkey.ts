/** Runs a real Valkey (or Redis) server as operators do: with a password, on a port of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis, type RedisOptions } from 'ioredis'
import { endingWithParent } from './children.ts'
import { freePort } from './free-port.ts'
import { VALKEY } from './tools.ts'

export const PASSWORD = 'a-password-of-the-store-for-tests-only'

type Settings = Readonly<Record<string, string>>

/** A server with a password and nothing on disk, unless the settings say otherwise. */
export class ValkeyServer {
  readonly port: number
  readonly folder: string
  readonly #settings: Settings
  #child: ChildProcess | undefined
  #client: Redis | undefined

  private constructor(port: number, folder: string, settings: Settings) {
    this.port = port
    this.folder = folder
    this.#settings = settings
  }

  static async start(settings: Settings = {}): Promise<ValkeyServer> {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-valkey-'))
    const server = new ValkeyServer(await freePort(), folder, settings)
    await server.start()
    return server
  }

  get url(): string {
    return `valkey://:${PASSWORD}@127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const settings = {
      port: String(this.port),
      bind: '127.0.0.1',
      requirepass: PASSWORD,
      dir: this.folder,
      save: '',
      ...this.#settings,
    }
    const file = join(this.folder, 'valkey.conf')
    writeFileSync(
      file,
      Object.entries(settings)
        .map(([name, value]) => `${name} ${value === '' ? '""' : value}\n`)
        .join(''),
    )
    const child = spawn(...endingWithParent(VALKEY.command, [file]), { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    let log = ''
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the server ended:\n${log}`)))
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        log += text
        if (/ready to accept connections/i.test(log)) resolve()
      })
    })
  }

  /** Returns a client for the operator. */
  client(options: RedisOptions = {}): Redis {
    this.#client ??= new Redis({
      host: '127.0.0.1',
      port: this.port,
      password: PASSWORD,
      ...options,
    } as never)
    return this.#client
  }

  /** Stops the server from answering, without closing a connection. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    this.#client?.disconnect()
    this.#client = undefined
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
