/** Runs AWS clients as a workload that has only the token of its identity provider. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { fromWebToken } from '@aws-sdk/credential-providers'
import { awsEnvironment } from './python.ts'

const execute = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../..')

export const ROLE = 'arn:aws:iam::123456789012:role/agents/worker'

/** Returns the environment that points AWS clients to the proxy, without a key and with its own home folder. */
export function keyless(endpoint: string, home: string): Record<string, string> {
  const { AWS_ACCESS_KEY_ID: _key, AWS_SECRET_ACCESS_KEY: _secret, ...rest } = awsEnvironment(endpoint)
  return {
    ...rest,
    HOME: home,
    // Python packages in the user's own folder are still found.
    PYTHONUSERBASE: process.env['PYTHONUSERBASE'] ?? join(process.env['HOME'] ?? '', '.local'),
    AWS_ENDPOINT_URL_STS: endpoint,
    AWS_REGION: 'us-east-1',
  }
}

/** A home folder of its own: the AWS CLI keeps credentials there, by role and session name. */
export class WorkloadHome {
  readonly folder = mkdtempSync(join(tmpdir(), 'moderato-workload-'))

  /** Returns the environment of a workload; there is no key in it. */
  environment(endpoint: string, token: string, sessionName: string): Record<string, string> {
    const file = join(this.folder, `${sessionName}.jwt`)
    writeFileSync(file, token)
    return {
      ...keyless(endpoint, this.folder),
      AWS_ROLE_ARN: ROLE,
      AWS_ROLE_SESSION_NAME: sessionName,
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Runs a command to its end; resolves with its output. */
export async function run(
  [command, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout } = await execute(command, args, { env, cwd: ROOT, maxBuffer: 16 * 1024 * 1024 })
  return stdout.trim()
}

/** Fetches credentials with a token, as the JavaScript SDK does; rejects if they are refused. */
export function exchange(endpoint: string, token: string, sessionName: string, maxAttempts = 1) {
  return fromWebToken({
    roleArn: ROLE,
    roleSessionName: sessionName,
    webIdentityToken: token,
    clientConfig: { endpoint, region: 'us-east-1', maxAttempts },
  })()
}
