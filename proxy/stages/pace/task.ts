/** The task that a budget is of. */
import type { Agent } from '../../core/agent.ts'
import { taskIn } from '../../identity/revocations.ts'

/**
 * The outermost of the tasks that an agent's task was opened from, under its root, so that tasks opened from a task have
 * no budget beyond that task's (rule S20); undefined for a static access key.
 */
export function taskOf({ root, session }: Agent): string | undefined {
  return session === undefined ? undefined : taskIn(root, session.task.ancestors[0] ?? session.task.id)
}
