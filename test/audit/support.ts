/** What the audit tests share: a folder that goes away, a clock that stands still, records, and how to read them. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AuditRecord } from '../../proxy/audit/record.ts'
import { FRAME_BYTES, writeLine, type ChainHead } from '../../proxy/audit/chain.ts'
import { openAudit, type Audit, type AuditOptions } from '../../proxy/audit/audit.ts'

export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)
export const clock = { nowMs: () => NOW_MS }

export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'moderato-audit-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** An open log that is closed when the test ends. */
export async function opened(dir: string, options: Partial<AuditOptions> = {}): Promise<Audit> {
  const audit = await openAudit({ dir, clock, ...options })
  onTestFinished(() => audit.close().catch(() => undefined))
  return audit
}

export function decision(requestId: string, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    phase: 'decision',
    requestId,
    agent: 'spiffe://example.org/agent/demo',
    service: 'dynamodb',
    operation: 'DeleteTable',
    class: 'destructive',
    decision: 'allow',
    reason: 'none',
    ...more,
  }
}

/** A closed log of `count` records. */
export async function writtenLog(count: number, options: Partial<AuditOptions> = {}): Promise<string> {
  const dir = await temporaryFolder()
  const audit = await openAudit({ dir, clock, ...options })
  // One group each, so that rotation by size can happen between any two.
  for (let i = 1; i <= count; i += 1) await audit.commit(decision(`r${i}`))
  await audit.close()
  return dir
}

export async function segments(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).toSorted()
}

export interface Line {
  readonly seq: number
  readonly time: string
  readonly prevHash: string
  readonly hash: string
  readonly phase: string
  readonly requestId?: string
  readonly [member: string]: unknown
}

/** Every whole record in the folder that is JSON. */
export async function records(dir: string): Promise<Line[]> {
  const found: Line[] = []
  for (const name of await segments(dir)) {
    for (const line of (await readFile(join(dir, name), 'utf8')).split('\n')) {
      if (line.startsWith('{') && line.endsWith('}')) found.push(JSON.parse(line) as Line)
    }
  }
  return found
}

/** The line, with its line feed, that follows `head`; `members` is the record without its braces. */
export function chainLine(head: ChainHead, time: string, members: string): { line: string; head: ChainHead } {
  const bytes = Buffer.alloc(members.length * 3 + FRAME_BYTES)
  const written = writeLine(bytes, 0, head, time, `{${members}}`)
  return { line: bytes.toString('utf8', 0, written.end), head: written.head }
}
