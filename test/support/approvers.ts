/** Declares the people who approve in tests, each with their own token, for the configuration and the command line. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../proxy/cli/approvals.ts'
import { captured } from '../cli/captured.ts'
import type { Proxy } from './proxy.ts'

export interface Approver {
  readonly id: string
  readonly token: string
}

export const ALICE: Approver = { id: 'alice@example.org', token: 'token-of-alice-with-enough-characters' }
export const BOB: Approver = { id: 'bob@example.org', token: 'token-of-bob-with-enough-characters-too' }

/** The people as `admin.people` lists them. */
export const PEOPLE = [ALICE, BOB].map(({ id, token }) => ({
  id,
  tokenSha256: createHash('sha256').update(token).digest('hex'),
}))

/** Runs `moderato approvals ...` as a person; resolves with its output. Rejects with its error output if it failed. */
export async function approvals(
  proxy: Proxy,
  { token }: Approver,
  ...args: readonly string[]
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-approver-'))
  const file = join(folder, 'token')
  writeFileSync(file, token, { mode: 0o600 })
  const { io, out, err } = captured()
  try {
    const code = await run([...args, '--admin', proxy.adminUrl, '--token-file', file], io)
    if (code !== 0) throw new Error(err())
    return out()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Returns the id of the approval that a refusal names. */
export function approvalIn(message: string): string {
  const id = /Approval ([0-9a-f]{32})/i.exec(message)?.[1]
  if (id === undefined) throw new Error(`no approval is named in: ${message}`)
  return id
}
