/** Reads the audit log as it grows. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The members of an audit record that the demo prints. */
export interface AuditLine {
  readonly phase: string
  readonly requestId: string
  readonly service: string
  readonly operation: string | null
  readonly class: string
  readonly count: number
  readonly decision: string
  readonly reason: string
  readonly waitedMs?: number
}

const DURABLE_WITHIN_MS = 3000

/** Returns the complete records of the audit log, in order. */
export async function readAudit(dir: string): Promise<AuditLine[]> {
  const segments = (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).sort()
  const texts = await Promise.all(segments.map((name) => readFile(join(dir, name), 'utf8')))
  return texts.flatMap((text) => text.split('\n').slice(0, -1)).map((line) => JSON.parse(line) as AuditLine)
}

/** Waits for the decision record of one request, since reads are durable a moment after their answer. Undefined if none comes. */
export async function decisionOf(dir: string, requestId: string): Promise<AuditLine | undefined> {
  for (const deadline = Date.now() + DURABLE_WITHIN_MS; Date.now() < deadline; await sleep(20)) {
    const lines = await readAudit(dir)
    const found = lines.find((line) => line.phase === 'decision' && line.requestId === requestId)
    if (found !== undefined) return found
  }
  return undefined
}
