/** Runs a real SPIRE: one server and one agent, whose Workload API knows this user as one workload. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import { endingWithParent } from './children.ts'
import { freePort } from './free-port.ts'

const execute = promisify(execFile)
const BIN = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'moderato', 'bin')
const [SERVER, AGENT] = [join(BIN, 'spire-server'), join(BIN, 'spire-agent')]

/** Returns true, with a warning, unless both are in the cache, for `describe.skipIf`. Building them takes 15 minutes. */
export function missingSpire(): boolean {
  const absent = [SERVER, AGENT].filter((binary) => !existsSync(binary))
  for (const binary of absent)
    console.warn(`SKIPPED: ${binary} is missing; CONTRIBUTING.md says how to build it`)
  return absent.length > 0
}

export const TRUST_DOMAIN = 'example.org'
export const WORKLOAD = `spiffe://${TRUST_DOMAIN}/agent/one`
const NODE = `spiffe://${TRUST_DOMAIN}/node`

export class Spire {
  /** The socket of the Workload API. */
  readonly socket: string
  readonly #folder: string
  readonly #serverSocket: string
  readonly #processes: ChildProcess[] = []
  #log = ''

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'moderato-spire-'))
    this.socket = join(this.#folder, 'agent.sock')
    this.#serverSocket = join(this.#folder, 'server.sock')
  }

  /** Rejects if either does not become healthy. */
  static async start(): Promise<Spire> {
    const spire = new Spire()
    try {
      await spire.#start()
      return spire
    } catch (error) {
      await spire.stop()
      throw new Error(`SPIRE did not start:\n${spire.#log.slice(-4000)}`, { cause: error })
    }
  }

  async #start(): Promise<void> {
    const port = await freePort()
    const at = (name: string): string => join(this.#folder, name)
    writeFileSync(at('server.conf'), serverConfig(this.#folder, port, this.#serverSocket))
    this.#run(SERVER, ['run', '-config', at('server.conf')])
    await this.#healthy(SERVER, this.#serverSocket)
    writeFileSync(at('bundle.pem'), await this.server('bundle', 'show'))
    const { value } = JSON.parse(
      await this.server('token', 'generate', '-spiffeID', NODE, '-output', 'json'),
    ) as { value: string }
    writeFileSync(at('agent.conf'), agentConfig(this.#folder, port, this.socket))
    this.#run(AGENT, ['run', '-config', at('agent.conf'), '-joinToken', value])
    await this.#healthy(AGENT, this.socket)
    const uid = `unix:uid:${process.getuid?.()}`
    await this.server('entry', 'create', '-parentID', NODE, '-spiffeID', WORKLOAD, '-selector', uid)
    await vi.waitFor(() => this.agent('api', 'fetch', 'jwt', '-audience', 'ready'), {
      timeout: 30_000,
      interval: 200,
    })
  }

  #run(binary: string, args: readonly string[]): void {
    const child = spawn(...endingWithParent(binary, args), { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#log += text))
    this.#processes.push(child)
  }

  async #healthy(binary: string, socket: string): Promise<void> {
    await vi.waitFor(() => execute(binary, ['healthcheck', '-socketPath', socket]), {
      timeout: 30_000,
      interval: 200,
    })
  }

  /** Runs a command of the server, and returns its output. */
  async server(...command: readonly string[]): Promise<string> {
    return (await execute(SERVER, withSocket(command, this.#serverSocket))).stdout
  }

  /** Runs a command of the agent as this user's workload, and returns its output. */
  async agent(...command: readonly string[]): Promise<string> {
    return (await execute(AGENT, withSocket(command, this.socket))).stdout
  }

  async jwtSvid(audience: string): Promise<string> {
    const text = await this.agent('api', 'fetch', 'jwt', '-audience', audience, '-output', 'json')
    const [{ svids }] = JSON.parse(text) as [{ svids: [{ svid: string }] }]
    return svids[0].svid
  }

  /** Returns the files of an X.509-SVID with its chain, and of its key. */
  async x509Svid(): Promise<{ readonly cert: string; readonly key: string }> {
    const folder = join(this.#folder, 'svid')
    mkdirSync(folder, { recursive: true })
    await this.agent('api', 'fetch', 'x509', '-write', folder)
    return { cert: join(folder, 'svid.0.pem'), key: join(folder, 'svid.0.key') }
  }

  async stop(): Promise<void> {
    for (const child of this.#processes.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Puts flags before the other arguments of a command. */
function withSocket(command: readonly string[], socket: string): string[] {
  const flag = command.findIndex((word) => word.startsWith('-'))
  const at = flag < 0 ? command.length : flag
  return [...command.slice(0, at), '-socketPath', socket, ...command.slice(at)]
}

function serverConfig(folder: string, port: number, socket: string): string {
  return `
server {
  bind_address = "127.0.0.1"
  bind_port = "${port}"
  socket_path = "${socket}"
  trust_domain = "${TRUST_DOMAIN}"
  data_dir = "${folder}/server"
  ca_key_type = "ec-p256"
  default_x509_svid_ttl = "5m"
  default_jwt_svid_ttl = "5m"
  experimental { cache_reload_interval = "500ms" }
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "${folder}/datastore.sqlite3" } }
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
}`
}

function agentConfig(folder: string, port: number, socket: string): string {
  return `
agent {
  data_dir = "${folder}/agent"
  server_address = "127.0.0.1"
  server_port = "${port}"
  socket_path = "${socket}"
  trust_bundle_path = "${folder}/bundle.pem"
  trust_domain = "${TRUST_DOMAIN}"
  experimental { sync_interval = "1s" }
}
plugins {
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data {} }
}`
}
