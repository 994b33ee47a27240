/** Runs the `moderato` command as an operator does beside a running proxy. */
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import type { Proxy } from './proxy.ts'

const MAIN = resolve(import.meta.dirname, '../../proxy/main.ts')

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs a verb with the shared token, or with a person's where `tokenFile` names one. */
export async function moderato(
  { adminUrl, stateDir }: Proxy,
  args: readonly string[],
  tokenFile = join(stateDir, 'admin-token'),
): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], MODERATO_ADMIN_URL: adminUrl, MODERATO_ADMIN_TOKEN_FILE: tokenFile },
  })
  const [out, err, code] = await Promise.all([
    child.stdout.setEncoding('utf8').toArray(),
    child.stderr.setEncoding('utf8').toArray(),
    new Promise<number | null>((ended) => child.once('close', ended)),
  ])
  return { code, out: out.join(''), err: err.join('') }
}
