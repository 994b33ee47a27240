/** Agents with and without a task, for tests of upstream credentials. */
import type { Agent, Task } from '../../proxy/core/agent.ts'

export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)

/** Of a task where something is said of one, else with a static key. */
export function agentOf(
  id: string,
  task: { readonly [Key in keyof Task]?: Task[Key] | undefined } = {},
  expiresAtMs = NOW_MS + 3_600_000,
): Agent {
  if (Object.values(task).every((each) => each === undefined))
    return { id, root: id, accessKeyId: 'AKIDSTATIC', session: undefined }
  const whole: Task = {
    id: task.id ?? 'task-1',
    intent: task.intent,
    justificationHash: task.justificationHash,
    ticket: task.ticket,
    roleArn: task.roleArn,
    scopes: task.scopes ?? [],
    ancestors: task.ancestors ?? [],
  }
  const session = {
    id: `session-of-${whole.id}`,
    agentId: id,
    root: id,
    task: whole,
    issuedAtMs: NOW_MS,
    expiresAtMs,
  }
  return { id, root: id, accessKeyId: 'ASIASESSION', session }
}
