/** Finds the tools of this machine. A test whose tool is missing is skipped with a warning, and counted as skipped. */
import { spawnSync } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'

const known = new Map<string, boolean>()

/** Tells whether a command runs; `args` make it answer quickly and with exit code 0. */
export function hasTool(command: string, args: readonly string[]): boolean {
  const key = [command, ...args].join(' ')
  const before = known.get(key)
  if (before !== undefined) return before
  const runs = spawnSync(command, args, { stdio: 'ignore', timeout: 60_000 }).status === 0
  known.set(key, runs)
  return runs
}

/** Returns true, with a warning that names what is missing, unless every tool is there, for `describe.skipIf`. */
export function missing(...tools: readonly Tool[]): boolean {
  const absent = tools.filter(({ command, args }) => !hasTool(command, args))
  for (const { name } of absent) console.warn(`SKIPPED: ${name} is not on this machine; .ci/run installs it`)
  return absent.length > 0
}

export interface Tool {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

export const MOTO: Tool = { name: 'moto_server', command: 'moto_server', args: ['--help'] }
export const BOTO3: Tool = { name: 'boto3', command: 'python3', args: ['-c', 'import boto3'] }
export const AWS_CLI: Tool = { name: 'the AWS CLI', command: 'aws', args: ['--version'] }
export const CURL: Tool = { name: 'curl', command: 'curl', args: ['--version'] }
export const TERRAFORM: Tool = { name: 'terraform', command: 'terraform', args: ['version'] }
export const PRLIMIT: Tool = { name: 'prlimit (util-linux)', command: 'prlimit', args: ['--version'] }

const VALKEY_SERVERS = ['valkey-server', 'redis-server']
export const VALKEY: Tool = {
  name: VALKEY_SERVERS.join(' or '),
  command: VALKEY_SERVERS.find((command) => hasTool(command, ['--version'])) ?? 'valkey-server',
  args: ['--version'],
}

/** The folder of what is built or installed for tests, outside the repository; `.ci/run` fills it too. */
export const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'moderato')
/** LocalStack has its own Python, since it needs other versions of packages than moto and the AWS CLI. */
export const LOCALSTACK: Tool = {
  name: "LocalStack's router",
  command: join(CACHE, 'localstack', 'bin', 'python'),
  args: ['-c', 'import localstack.aws.protocol.parser, localstack.aws.protocol.service_router'],
}
const HTTP_CLIENTS_BIN = join(CACHE, 'http-clients', 'bin')
/** Python with sentry-sdk, DuckDB and requests-aws4auth beside boto3. */
export const HTTP_CLIENTS: Tool = {
  name: 'a Python with sentry-sdk, DuckDB and requests-aws4auth',
  command: join(HTTP_CLIENTS_BIN, 'python'),
  args: ['-c', 'import boto3, duckdb, duckdb_ext.extensions, requests_aws4auth, sentry_sdk'],
}
export const S3CMD: Tool = { name: 's3cmd', command: join(HTTP_CLIENTS_BIN, 's3cmd'), args: ['--version'] }
/** The oldest Node that Moderato supports; the tests themselves run on another. */
export const NODE_24: Tool = {
  name: 'Node 24',
  command: join(CACHE, 'node24', 'node_modules', 'node', 'bin', 'node'),
  args: ['--version'],
}
export const PROMETHEUS: Tool = { name: 'Prometheus', command: 'prometheus', args: ['--version'] }
/** Debian's package `prometheus` brings both. */
export const PROMTOOL: Tool = { name: 'promtool', command: 'promtool', args: ['--version'] }
export const NPM: Tool = { name: 'npm', command: 'npm', args: ['--version'] }
export const CHROMIUM: Tool = { name: 'Chromium', command: '/usr/bin/chromium', args: ['--version'] }
