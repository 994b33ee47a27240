/** Builds clients in other languages on first use, into a cache outside the repository. */
import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { BUILDER, type TestAgent } from './agents.ts'
import { awsEnvironment } from './python.ts'
import { CACHE, type Tool } from './tools.ts'

const execute = promisify(execFile)
const CLIENTS = resolve(import.meta.dirname, '../e2e/clients')
const BUILT = join(CACHE, 'clients')

export const GO: Tool = { name: 'go', command: 'go', args: ['version'] }
export const JAVA: Tool = { name: 'java (17 or newer)', command: 'java', args: ['-version'] }
export const MAVEN: Tool = { name: 'mvn', command: 'mvn', args: ['--version'] }

/** A client's report of one of its steps. */
export interface Step {
  readonly step: string
  readonly ok: boolean
  readonly code?: string | null
  readonly message?: string | null
}

/** Returns the binary of a Go program; undefined, with a warning, if its modules cannot be downloaded. */
export async function builtGoClient(
  program: 'clients' | 'requests' | 'identity' = 'clients',
): Promise<string | undefined> {
  mkdirSync(BUILT, { recursive: true })
  const binary = join(BUILT, `go-${program}`)
  const folder = program === 'clients' ? '.' : `./${program}`
  const env = { ...process.env, GOFLAGS: '-mod=readonly -buildvcs=false' }
  const args = ['build', '-ldflags=-s -w', '-o', binary, folder]
  return outcome(execute('go', args, { cwd: join(CLIENTS, 'go'), env }), binary, `the Go program ${program}`)
}

/** Returns a folder with clients of the SDK for JavaScript; undefined, with a warning, if they cannot be installed. */
export async function installedJsClients(): Promise<string | undefined> {
  const folder = join(BUILT, 'js')
  mkdirSync(folder, { recursive: true })
  for (const each of ['package.json', 'package-lock.json'])
    copyFileSync(join(CLIENTS, 'js', each), join(folder, each))
  // Unlike `npm ci`, this keeps what is already installed.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline']
  return outcome(execute('npm', args, { cwd: folder }), folder, 'clients of the SDK for JavaScript')
}

/** Waits for a build; returns its result, or undefined after a warning. */
async function outcome(build: Promise<unknown>, result: string, what: string): Promise<string | undefined> {
  try {
    await build
    return result
  } catch (error) {
    console.warn(`SKIPPED: cannot build or install ${what}: ${String(error).slice(0, 500)}`)
    return undefined
  }
}

/** Returns the class path of the Java client; undefined, with a warning, if its packages cannot be downloaded. */
export function javaClassPath(): string | undefined {
  const folder = join(BUILT, 'java')
  const pom = join(CLIENTS, 'java', 'pom.xml')
  if (!existsSync(folder)) {
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]
    const { status, stdout } = spawnSync('mvn', ['-q', '-B', '-f', pom, ...goal])
    if (status !== 0) {
      console.warn(`SKIPPED: the Java client's packages cannot be had: ${String(stdout).slice(0, 500)}`)
      return undefined
    }
  }
  return join(folder, '*')
}

/** Runs a client against the proxy; resolves with its steps in order. */
export async function steps(
  [command, ...args]: readonly [string, ...string[]],
  endpoint: string,
  more: Readonly<Record<string, string>> = {},
  agent: TestAgent = BUILDER,
): Promise<Step[]> {
  const env = { ...awsEnvironment(endpoint, agent), ...more }
  const { stdout } = await execute(command, args, { env, maxBuffer: 16 * 1024 * 1024 })
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Step)
}

/** Returns the command that runs the Java client from its source. */
export function javaCommand(classPath: string): [string, ...string[]] {
  return ['java', '-cp', classPath, join(CLIENTS, 'java', 'Clients.java')]
}
