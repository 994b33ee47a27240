/** Clients that are not JavaScript: boto3 in a Python process, the AWS CLI. */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { BUILDER, type TestAgent } from './agents.ts'

const execute = promisify(execFile)
const SERVER = join(import.meta.dirname, 'python-server.py')

export function awsEnvironment(endpoint: string, agent: TestAgent = BUILDER): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: agent.accessKeyId,
    AWS_SECRET_ACCESS_KEY: agent.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_PAGER: '',
  }
}

const PRELUDE = `
import boto3, json, sys
from botocore.config import Config
from botocore.exceptions import ClientError
def client(name, **options):
    return boto3.client(name, config=Config(**options))
def thrown(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return {'code': error.response['Error']['Code'], 'message': error.response['Error']['Message'],
                'status': error.response['ResponseMetadata']['HTTPStatusCode'],
                'retries': error.response['ResponseMetadata']['RetryAttempts']}
    raise Exception('the call was not refused')
`

interface Job {
  readonly resolve: (code: number) => void
  readonly reject: (error: Error) => void
}

/** Python with boto3 loaded, one for this worker: to load it is most of what a snippet costs. */
class PythonServer {
  readonly #child = spawn('python3', ['-u', SERVER], { stdio: ['pipe', 'pipe', 'inherit'] })
  readonly #jobs = new Map<number, Job>()
  #made = 0

  constructor() {
    // It ends with this process, and does not keep it.
    this.#child.unref()
    for (const stream of [this.#child.stdin, this.#child.stdout]) (stream as Socket).unref()
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const [id, code] = line.split(' ').map(Number)
      this.#jobs.get(id ?? 0)?.resolve(code ?? 1)
      this.#jobs.delete(id ?? 0)
    })
    this.#child.once('exit', (code) => {
      for (const { reject } of this.#jobs.values()) reject(new Error(`Python ended with ${code}`))
    })
  }

  /** Resolves with the exit code of the script, which leaves its output in the folder. */
  run(job: { script: string; env: object; input: string; folder: string }): Promise<number> {
    const id = (this.#made += 1)
    return new Promise((resolve, reject) => {
      this.#jobs.set(id, { resolve, reject })
      this.#child.stdin.write(`${JSON.stringify({ id, ...job })}\n`)
    })
  }
}

let server: PythonServer | undefined

/** Runs a script in a Python process of its own; resolves with what it printed, rejects with Python's own error text. */
export async function python(
  script: string,
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<string> {
  server ??= new PythonServer()
  const folder = mkdtempSync(join(tmpdir(), 'moderato-python-'))
  try {
    const code = await server.run({ script, env, input, folder })
    if (code !== 0) throw new Error(readFileSync(join(folder, 'err'), 'utf8'))
    return readFileSync(join(folder, 'out'), 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs a snippet that sets `result`; resolves with it. Python's own error text on failure. */
export async function boto3(endpoint: string, snippet: string, agent: TestAgent = BUILDER): Promise<unknown> {
  const script = `${PRELUDE}\n${snippet}\nprint(json.dumps(result, default=str))\n`
  const printed = await python(script, awsEnvironment(endpoint, agent))
  return JSON.parse(printed.trim().split('\n').at(-1) ?? 'null')
}

/** Runs the AWS CLI; resolves with its JSON output, null if it had none. Rejects with its error text. */
export async function awsCli(
  endpoint: string,
  args: readonly string[],
  agent: TestAgent = BUILDER,
  environment: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { stdout } = await execute('aws', ['--output', 'json', ...args], {
    env: { ...awsEnvironment(endpoint, agent), ...environment },
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout.trimStart().startsWith('{') || stdout.trimStart().startsWith('[')
    ? JSON.parse(stdout)
    : stdout
}
