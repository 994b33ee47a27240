/**
 * The `moderato` command as an operator runs it beside a running proxy: the verb's own code, in this process. A start of
 * Node for each would be most of what a test costs; test/e2e/docs-*.test.ts and run.test.ts start the command itself.
 */
import { join } from 'node:path'
import { captured } from '../cli/captured.ts'
import type { Verb } from '../../proxy/cli/verb.ts'
import type { Proxy } from './proxy.ts'

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Settles with the run before: the environment of this process is one. */
let before: Promise<unknown> = Promise.resolve()

/** Runs a verb with the shared token, or with a person's where `tokenFile` names one. */
export function moderato(
  { adminUrl, stateDir }: Proxy,
  [verb = '', ...args]: readonly string[],
  tokenFile = join(stateDir, 'admin-token'),
): Promise<Ran> {
  const run = before.then(async () => {
    const { run } = (await import(`../../proxy/cli/${verb}.ts`)) as { readonly run: Verb }
    const { io, out, err } = captured()
    process.env['MODERATO_ADMIN_URL'] = adminUrl
    process.env['MODERATO_ADMIN_TOKEN_FILE'] = tokenFile
    try {
      return { code: await run(args, io), out: out(), err: err() }
    } finally {
      delete process.env['MODERATO_ADMIN_URL']
      delete process.env['MODERATO_ADMIN_TOKEN_FILE']
    }
  })
  before = run.catch(() => undefined)
  return run
}
