/** Ends a task and summarises it in one line. */
import { setTimeout as after } from 'node:timers/promises'
import type { AgentClient, Key, Opened, TaskSummaryAnswer } from './agent-client.ts'
import { Failure } from './failure.ts'

const RETRIED_AFTER_MS = [200, 1_000, 3_000]
/** The code for a task that has ended already. */
const OVER = 'ExpiredToken'

/** Ends a task and returns lines about it. Never rejects: the command's own exit code must not be lost. */
export async function endTask(
  client: AgentClient,
  key: Key,
  { id, expiresAt }: Opened['task'],
): Promise<readonly string[]> {
  for (const waitMs of [...RETRIED_AFTER_MS, undefined]) {
    try {
      const summary = await client.end({ kind: 'key', ...key }, id)
      return [`task ${id}: ${inWords(summary)}`, ...withoutCalls(summary, 'command')]
    } catch (error) {
      if (!(error instanceof Failure)) return [`task ${id} could not be ended: ${String(error)}`]
      if (error.code === OVER) return [`task ${id} had ended before: ${error.message}`]
      if (waitMs === undefined)
        return [`task ${id} could not be ended (${error.message}); it expires at ${expiresAt}`]
      await after(waitMs)
    }
  }
  return []
}

/** Returns what to look for if no call of the task came: its client may have gone straight to AWS, where its keys fail. */
export function withoutCalls(
  { counts }: Pick<TaskSummaryAnswer, 'counts'>,
  who: 'command' | 'shell',
): readonly string[] {
  if (counts.calls > 0) return []
  return [
    `the ${who} made no call through Moderato. If it used AWS, its client went past: give that client the endpoint itself (AWS_ENDPOINT_URL has it); docs/clients.md says which clients need that`,
  ]
}

/** Returns the counts of an ended task, and what it left behind, as text. */
export function inWords({ counts, leftBehind, leftMore }: TaskSummaryAnswer): string {
  const { calls, refused, failed, held, waitedMs } = counts
  const parts = [
    `${calls} ${calls === 1 ? 'call' : 'calls'}`,
    ...(held === 0 ? [] : [`${held} held for ${(waitedMs / 1000).toFixed(1)} s`]),
    `${refused} refused`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
  ]
  const left = leftBehind.map(({ service, operation, resource }) => `${service}:${operation} ${resource}`)
  const more = leftMore === 0 ? '' : `, and ${leftMore} more`
  return `${parts.join(', ')}; ended${left.length === 0 ? '' : `; LEFT BEHIND, can still act on its own: ${left.join(', ')}${more}`}`
}
